"""Makes words.json of the commands: `python -m persona_batch.cli.completion.generate`.

A shell waits for its answer at every TAB, and to import a command and all that it may be given takes a few hundred
milliseconds: its options and the names that they take are so written down beforehand.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from persona_batch.cli.commands import COMMANDS, Entry
from persona_batch.cli.completion.line import WORDS

_HERE = Path(__file__).parent


def generated() -> str:
    """Return the text of words.json."""
    table = {"values": _values(), "commands": {" ".join(names): _command(entry) for names, entry in _all(COMMANDS)}}
    return json.dumps(table, ensure_ascii=False, indent=1) + "\n"


def _all(entries: Iterable[Entry], before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Entry]]:
    for entry in entries:
        names = (*before, entry.name)
        yield names, entry
        yield from _all(entry.entries, names)


def _values() -> dict[str, list[str]]:
    """Return the names that options and arguments take.

    They stand under the option or the argument's metavar, behind the command where it is that command's alone.
    """
    from persona_batch.chat import Placement
    from persona_batch.comparing import MEASURES
    from persona_batch.config.params import KNOWN
    from persona_batch.engine.engines import ENGINES
    from persona_batch.exchange.exports.formats import FORMATS as EXPORTS
    from persona_batch.exchange.results.formats import FORMATS as RESULTS
    from persona_batch.exchange.results.table import FIELDS
    from persona_batch.exchange.sources.recognising import FORMATS as SOURCES
    from persona_batch.provider.presets import PRESETS
    from persona_batch.record.finding import BY_AGE
    from persona_batch.reporting.plots import PLOTS
    from persona_batch.schemas import KINDS

    return {
        "--provider": list(PRESETS),
        "--ping": list(PRESETS),
        "--engine": list(ENGINES),
        "import --format": [one.name for one in SOURCES],
        "import-results --format": [one.name for one in RESULTS],
        "import-results --column": [f"{name}=" for name in FIELDS],
        "export --format": [one.name for one in EXPORTS],
        "--placement": list(get_args(Placement)),
        "--measures": list(MEASURES),
        "--explain": list(MEASURES),
        "--svg": list(PLOTS),
        "--png": list(PLOTS),
        "--param": [f"{name}=" for name in sorted(KNOWN)],
        "--factor": [f"{name}=" for name in sorted(KNOWN)],
        "--status": ["ok", "truncated", "filtered", "empty", "error"],
        "--by": ["persona", "placement", "variant", "model", "speaker"],
        "RUN": list(BY_AGE),
        "--resume": list(BY_AGE),
        "--baseline": list(BY_AGE),
        "KIND": list(KINDS),
    }


def _command(entry: Entry) -> dict[str, Any]:
    from persona_batch.cli.parser import VALUE_WHEN_BARE, load

    command = load(entry)
    help_option = command.get_help_option(typer.Context(command, help_option_names=["--help", "-h"]))
    params = [*command.params, help_option]
    return {
        "help": entry.help,
        "arguments": [
            {"metavar": param.metavar or param.name, "several": param.nargs == -1}
            for param in params
            if param.param_type_name == "argument"
        ],
        "options": [
            {
                "names": sorted(param.opts, key=len, reverse=True),
                "help": param.help or "",
                "flag": param.is_flag,
                "bare": any(name in VALUE_WHEN_BARE for name in param.opts),
                "several": param.multiple,
                "metavar": param.metavar or "",
                "choices": [] if param.is_flag else _choices(param),
            }
            for param in params
            if param.param_type_name == "option" and not param.hidden
        ],
    }


def _choices(param: Any) -> list[str]:
    kind = param.type_descriptor.annotation
    if get_origin(kind) is list:
        (kind,) = get_args(kind)
    return [str(choice) for choice in get_args(kind)] if get_origin(kind) is Literal else []


def write() -> None:
    """Write words.json anew."""
    (_HERE / WORDS).write_text(generated(), encoding="utf-8")


if __name__ == "__main__":
    write()
