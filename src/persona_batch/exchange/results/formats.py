"""The formats of results, and which of them a file or folder is."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from persona_batch.config.files import MANIFEST, RECORDS, is_run
from persona_batch.errors import UsageError
from persona_batch.exchange.results import evalscope, inspect_logs, llm_comparator, openai_batch, promptfoo, table
from persona_batch.exchange.results.found import Format
from persona_batch.exchange.results.reading import files_below, head_of, shown
from persona_batch.wording import listed, meant

FORMATS = (
    Format("promptfoo", "promptfoo", promptfoo.matches, promptfoo.read),
    Format("inspect", "Inspect", inspect_logs.matches, inspect_logs.read, "**/*.[je][sv]*[nl]"),
    Format("evalscope", "EvalScope", evalscope.matches, evalscope.read, evalscope.FOLDER),
    Format("openai-batch", "an OpenAI batch", openai_batch.matches, openai_batch.read),
    Format("llm-comparator", "LLM Comparator", llm_comparator.matches, llm_comparator.read),
    Format("table", "a table", table.matches, table.read),
)
"""In the order in which they are tried: a table may hold anything."""

NAMES = tuple(one.name for one in FORMATS)


def format_named(name: str) -> Format:
    """Return the format of a name.

    Raises:
        UsageError: there is none.
    """
    for one in FORMATS:
        if one.name == name:
            return one
    raise UsageError(f"--format {name}: {meant(name, NAMES)}")


def recognised(paths: Sequence[Path], named: Format | None) -> tuple[Format, list[Path]]:
    """Return the format of what a user names, and all files of it.

    Raises:
        UsageError: a file is of no format, a run of ours already, or of another format than the first.
    """
    found: dict[str, list[Path]] = {}
    for path in paths:
        for one, file in _files(path, named):
            found.setdefault(one.name, []).append(file)
    if len(found) > 1:
        told = [f"{name}: {shown(files[0])}" for name, files in found.items()]
        raise UsageError(f"results of several tools are several runs ({listed(told)}); import them one by one")
    ((name, files),) = found.items()
    return format_named(name), list(dict.fromkeys(files))


def _files(path: Path, named: Format | None) -> Iterator[tuple[Format, Path]]:
    _refuse_own(path)
    if not path.is_dir():
        yield _of_file(path, named), path
        return
    count = 0
    for one in FORMATS if named is None else (named,):
        for file in files_below(path, one.folder) if one.folder is not None else ():
            if one.matches(file.suffix.lower(), head_of(file)):
                count += 1
                yield one, file
        if count:
            return
    raise UsageError(
        f"{shown(path)}: no logs of Inspect and no predictions of EvalScope in this folder; name a file of results"
    )


def _of_file(path: Path, named: Format | None) -> Format:
    head, suffix = head_of(path), path.suffix.lower()
    if suffix in (".jsonl", ".ndjson") and b'"schema_version"' in head and b'"persona"' in head and b'"key"' in head:
        raise UsageError(
            f"{shown(path)}: these are records of `batch run`: `batch compare {path}` takes them as they are"
        )
    if (named is None or named.name == "promptfoo") and promptfoo.is_other_output(suffix, head):
        raise UsageError(
            f"{shown(path)}: an output of promptfoo that does not say all of an evaluation; have it write JSON: "
            "`promptfoo export eval ID -o out.json`, or `promptfoo eval -o out.json`"
        )
    if named is not None:
        return named
    for one in FORMATS:
        if one.matches(suffix, head):
            return one
    raise UsageError(
        f"{shown(path)}: no results of {listed([one.tool for one in FORMATS[:-1]], 9)}, and no table (.csv, .tsv, "
        ".jsonl, .json, .parquet); --format NAME says what it is"
    )


def _refuse_own(path: Path) -> None:
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    if is_run(path) or path.name == MANIFEST:
        folder = path if path.is_dir() else path.parent
        raise UsageError(f"{folder}: this is a run already; `batch compare {folder}` takes it as it is")
    if path.name == RECORDS and (path.parent / MANIFEST).is_file():
        raise UsageError(f"{path}: these are the records of a run; `batch compare {path.parent}` takes it as it is")
