"""Ask every persona every question, keep every reply, and say whether a system prompt made a real difference."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persona_batch.api.asking import ask as ask
    from persona_batch.api.asking import ask_async as ask_async
    from persona_batch.api.reading import compare as compare
    from persona_batch.api.reading import read_records as read_records
    from persona_batch.api.reading import report as report
    from persona_batch.api.reading import table as table
    from persona_batch.api.results import Progress as Progress
    from persona_batch.api.results import Reply as Reply
    from persona_batch.api.results import Run as Run
    from persona_batch.api.running import dry_run as dry_run
    from persona_batch.api.running import run as run
    from persona_batch.api.running import run_async as run_async
    from persona_batch.api.table import Table as Table
    from persona_batch.chat import Message as Message
    from persona_batch.chat import Usage as Usage
    from persona_batch.comparing.comparison import Comparison as Comparison
    from persona_batch.errors import BatchError as BatchError
    from persona_batch.errors import ConfigError as ConfigError
    from persona_batch.errors import Problem as Problem
    from persona_batch.errors import ProviderError as ProviderError
    from persona_batch.errors import RunLocked as RunLocked
    from persona_batch.errors import StoppedEarly as StoppedEarly
    from persona_batch.errors import StorageError as StorageError
    from persona_batch.errors import UsageError as UsageError
    from persona_batch.pipeline.preview import Preview as Preview
    from persona_batch.record import CheckResult as CheckResult
    from persona_batch.record import Record as Record
    from persona_batch.record import Timing as Timing

__version__ = "0.1.0"

_ROOM_OF = {
    "ask": "api.asking",
    "ask_async": "api.asking",
    "compare": "api.reading",
    "read_records": "api.reading",
    "report": "api.reading",
    "table": "api.reading",
    "Progress": "api.results",
    "Reply": "api.results",
    "Run": "api.results",
    "dry_run": "api.running",
    "run": "api.running",
    "run_async": "api.running",
    "Table": "api.table",
    "Message": "chat",
    "Usage": "chat",
    "Comparison": "comparing.comparison",
    "BatchError": "errors",
    "ConfigError": "errors",
    "Problem": "errors",
    "ProviderError": "errors",
    "RunLocked": "errors",
    "StoppedEarly": "errors",
    "StorageError": "errors",
    "UsageError": "errors",
    "Preview": "pipeline.preview",
    "CheckResult": "record",
    "Record": "record",
    "Timing": "record",
}
__all__ = [
    "BatchError",
    "CheckResult",
    "Comparison",
    "ConfigError",
    "Message",
    "Preview",
    "Problem",
    "Progress",
    "ProviderError",
    "Record",
    "Reply",
    "Run",
    "RunLocked",
    "StoppedEarly",
    "StorageError",
    "Table",
    "Timing",
    "Usage",
    "UsageError",
    "ask",
    "ask_async",
    "compare",
    "dry_run",
    "read_records",
    "report",
    "run",
    "run_async",
    "table",
]


def __getattr__(name: str) -> object:
    """Load what is asked for, and nothing before: the command line starts without numpy and scipy."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    from persona_batch.loading import load

    room = f"{__name__}.{_ROOM_OF[name]}"
    load(room)
    found: object = getattr(import_module(room), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names, loaded or not, for whoever completes them."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
