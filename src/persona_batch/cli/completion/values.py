"""What may stand in the place of an option's value or an argument, found in the working folder.

Quick, and nothing raises: a file that cannot be read has no ids.

Ids come from a plain look at the files, as `batch check` would take too long at every TAB: what it finds is right
where the files are, and short where they are not.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from persona_batch.cli.completion.line import Line

_YAML: Final = (".yaml", ".yml")
_RECORDS, _MANIFEST = "records.jsonl", "run.json"
_CONDITION: Final = ("persona", "condition", "arm", "treatment", "role", "character")
_MOST_FILES: Final = 50  # that are looked into
_MOST_BYTES: Final = 512 * 1024  # of one of them
_MOST_RUNS: Final = 1_000

Found = tuple[str, str]
"""A value, and a word about it."""


def run_ids(line: Line, typed: str) -> Iterator[Found]:
    """Yield the ids of the runs, newest first."""
    out = Path(line.value_of("--out", line.value_of("--runs", "runs"))).expanduser()
    names = sorted((name for name in _names(out) if name.startswith(typed)), reverse=True)
    for name in names[:_MOST_RUNS]:
        if name != "latest" and any((out / name / file).is_file() for file in (_RECORDS, _MANIFEST)):
            yield name, "a run"


def persona_ids(line: Line, typed: str) -> Iterator[Found]:  # noqa: ARG001 - as the others
    """Yield the ids of the personas of the named files, or of the run."""
    yield from ((name, "a persona") for name in _ids(line, "personas"))


def question_ids(line: Line, typed: str) -> Iterator[Found]:  # noqa: ARG001 - as the others
    """Yield the ids of the questions of the named files, or of the run."""
    yield from ((name, "a question") for name in _ids(line, "questions"))


def paths(typed: str, endings: Iterable[str] | None) -> Iterator[str]:
    """Yield the folders, and the files with one of the endings (None: all), that a name may go on to.

    Folders end in `/`. Hidden ones come when their dot was typed.
    """
    folder, slash, begun = typed.rpartition("/")
    wanted = None if endings is None else tuple(endings)
    try:
        entries = sorted(os.scandir(f"{folder}{slash}" or "."), key=lambda entry: entry.name)
    except (OSError, ValueError):
        return
    for entry in entries:
        if not entry.name.startswith(begun) or (entry.name.startswith(".") and not begun):
            continue
        if _is_folder(entry):
            yield f"{folder}{slash}{entry.name}/"
        elif wanted is None or entry.name.lower().endswith(wanted):
            yield f"{folder}{slash}{entry.name}"


def jobs(line: Line, typed: str) -> Iterator[Found]:  # noqa: ARG001 - as the others
    """Yield the jobs that ran before."""
    from persona_batch.folders import state_folder

    for name in sorted(_names(state_folder() / "jobs")):
        if name.endswith(".json"):
            yield name.removesuffix(".json"), "a job"


def columns(line: Line, typed: str) -> Iterator[Found]:
    """Yield the columns of the named table, each behind the field that was typed."""
    field, equals, _ = typed.partition("=")
    if equals:
        yield from ((f"{field}={name}", "a column") for name in dict.fromkeys(next(_rows(line), [])))


def conditions(line: Line, typed: str) -> Iterator[Found]:  # noqa: ARG001 - as the others
    """Yield the names of the conditions at the beginning of the named table, and those of built-in controls."""
    rows = _rows(line)
    head = next(rows, [])
    said = next((pair[8:] for pair in line.given.get("--column", []) if pair.startswith("persona=")), None)
    wanted = _CONDITION if said is None else (said.casefold(),)
    at = next((place for place, name in enumerate(head) if name.strip().casefold() in wanted), None)
    found = dict.fromkeys(row[at] for row in rows if at is not None and at < len(row) and row[at])
    yield from ((name, "a condition") for name in [*found][:_MOST_RUNS])


def _rows(line: Line) -> Iterator[list[str]]:
    """Yield the first rows of the table that the line names."""
    import csv

    for metavar, word in line.typed_arguments:
        path = Path(word).expanduser()
        if metavar != "FILE" or path.suffix.lower() not in (".csv", ".tsv") or not path.is_file():
            continue
        try:
            with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
                text = file.read(_MOST_BYTES)
            yield from csv.reader(text.splitlines(keepends=True), delimiter="\t" if path.suffix == ".tsv" else ",")
        except (OSError, csv.Error):
            return
        return


VALUES: Final[dict[str, Callable[[Line, str], Iterable[Found]]]] = {
    "RUN": run_ids,
    "JOB": jobs,
    "--resume": run_ids,
    "--baseline": run_ids,
    "--persona": persona_ids,
    "--question": question_ids,
    "--personas": persona_ids,
    "compare --control": persona_ids,
    "import-results --control": conditions,
    "import-results --column": columns,
}
"""By the option's first name, or by the argument's metavar; behind the command where it is that command's alone."""

FILES: Final[dict[str, tuple[str, ...] | None]] = {
    "--questions": _YAML,
    "--rubric": _YAML,
    "--env-file": None,
    "--output": None,
    "--requests": None,
    "--save": None,
    "FILE": _YAML,
    "import-results FILE": None,
    "RATINGS": (".csv", ".tsv", ".json", ".jsonl", ".parquet"),
    "RUN": (".jsonl",),
    "SOURCE": None,
    "DIR": (),
    "FOLDER": (),
}
"""The endings of the files that an option or an argument (of one command) takes, () for folders alone; None: any."""


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - quick
    except OSError:
        return []


def _ids(line: Line, kind: str) -> list[str]:
    """Return the ids of the files that the line names; of a run, those that its manifest has."""
    found: dict[str, None] = {}
    arguments = line.typed_arguments
    named = [word for metavar, word in arguments if metavar == "FILE"]
    if kind == "questions":
        named += line.given.get("--questions", [])
    if named:
        for file in _files(named):
            found.update(dict.fromkeys(_ids_of_file(file, kind)))
    else:
        run = next((word for metavar, word in arguments if metavar == "RUN"), "latest")
        found.update(dict.fromkeys(_ids_of_run(line, run, kind)))
    return list(found)


def _files(named: Iterable[str]) -> list[Path]:
    files: list[Path] = []
    for name in named:
        path = Path(name).expanduser()
        if path.is_dir():
            files += sorted(file for file in path.glob("*") if file.suffix.lower() in _YAML)
        else:
            files.append(path)
        if len(files) >= _MOST_FILES:
            break
    return files[:_MOST_FILES]


def _ids_of_file(file: Path, kind: str) -> Iterator[str]:
    import yaml

    try:
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return
        said = yaml.load(file.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe ones
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return
    if not isinstance(said, dict):
        return
    if kind == "personas" and "system" in said and "personas" not in said:
        yield str(said.get("id") or file.stem)
    yield from _entries(said.get(kind))
    if kind == "questions":
        for persona in said["personas"] if isinstance(said.get("personas"), list) else ():
            if isinstance(persona, dict):
                yield from _entries(persona.get(kind))


def _entries(listed: object) -> Iterator[str]:
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("id"), str):
            yield entry["id"]


def _ids_of_run(line: Line, run: str, kind: str) -> list[str]:
    """Return what the manifest of a run says of its batch."""
    import json

    out = Path(line.value_of("--out", "runs")).expanduser()
    if run in ("latest", "previous"):
        age = 2 if run == "previous" else 1
        known = [name for name, _ in run_ids(line, "")]
        run = known[age - 1] if len(known) >= age else ""
    for folder in (Path(run).expanduser(), out / run) if run else ():
        try:
            with (folder / _MANIFEST).open("rb") as file:
                config = json.loads(file.read(_MOST_BYTES))["config"]
            listed = config[kind]
            return list(_entries([*listed.values()] if isinstance(listed, dict) else listed))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return []
