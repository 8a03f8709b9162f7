"""An arm: the condition that is compared with others; a persona in one wording, in one place, with its params."""

from collections.abc import Mapping
from dataclasses import dataclass

from persona_batch.chat import JsonValue, Message, Params, Placement
from persona_batch.config.batch import Persona
from persona_batch.plan.key import canonical_json


@dataclass(frozen=True, slots=True)
class Arm:
    """One condition.

    `opening` stands before the question; `joined` is a prompt that is written into the question itself; `params`
    are merged but for the question's own; `factors` are the levels of request parameters that are factors of the grid
    (None: the parameter is not sent); `twin` marks a later arm that sends the same as an earlier one. The `…_json` are
    the canonical forms, made once for the keys of all its cells.
    """

    persona: Persona
    variant: int
    placement: Placement
    opening: tuple[Message, ...]
    opening_json: bytes
    joined: str | None
    params: Params
    params_json: bytes
    factors: Mapping[str, JsonValue]
    twin: str | None

    @property
    def name(self) -> str:
        """What tells this arm from all others of the run."""
        levels = f"/{canonical_json(self.factors).decode()}" if self.factors else ""
        return f"{self.persona.id}/{self.variant}/{self.placement}{levels}"
