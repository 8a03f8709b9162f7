"""Ask every persona every question, keep every reply, and say whether a system prompt made a real difference."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persona_batch.chat import Message as Message
    from persona_batch.comparing import compare as compare
    from persona_batch.record import CheckResult as CheckResult
    from persona_batch.record import Record as Record

__version__ = "0.1.0"
__all__ = ["CheckResult", "Message", "Record", "compare"]

_ROOMS = {"CheckResult": "record", "Message": "chat", "Record": "record", "compare": "comparing"}


def __getattr__(name: str) -> object:
    """Load what is asked for, and nothing before: the command line starts without numpy and scipy."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    globals()[name] = found
    return found
