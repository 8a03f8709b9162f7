"""The controls that need no file."""

from collections.abc import Mapping

from persona_batch.config.batch import Persona

BUILT_IN: Mapping[str, Persona] = {
    "none": Persona("none", (None,), (), "none", description="no system message", control=True),
    "empty": Persona("empty", ("",), (), description="an empty system message", control=True),
    "assistant": Persona(
        "assistant", ("You are a helpful assistant.",), (), description="the usual system message", control=True
    ),
}
