"""Files that a promptfoo config names, as far as they lie beside it; code is never run."""

import glob
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.rows import rows_of
from persona_batch.exchange.reading.source import Source

FILE = "file://"
CODE = (".py", ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".sh", ".rb", ".go")
_TABLES = (".csv", ".tsv", ".jsonl", ".parquet")
_MOST_FILES = 1000


class Named(NamedTuple):
    """A file that was found; `source` None: it is code, or no file of ours to read, and `why` says which."""

    source: Source | None
    why: str = ""


def is_file(written: str) -> bool:
    """Say whether a text names a file."""
    return written.startswith(FILE)


def files_of(written: str, base: Source) -> Iterator[Named]:
    """Yield the files that a name or glob stands for, sorted.

    Raises:
        UsageError: there is none, or it lies outside of the folder.
    """
    name = written.removeprefix(FILE)
    path, _, function = name.rpartition(":")
    if path.lower().endswith(CODE) and function.isidentifier():
        name = path
    if name.lower().endswith(CODE):
        yield Named(None, f"{name} is code, which is never run here")
        return
    if "://" in name or name.startswith("exec:") or "\0" in name:
        yield Named(None, f"{name} is nothing that can be read here")
        return
    root = base.path.parent.resolve()
    for one in _matching(name, root, base):
        found = base.beside(one)
        if not found.path.resolve().is_relative_to(root):
            raise base.wrong(f"{written} lies outside of the config's folder; copy it there")
        if found.path.is_dir():
            continue
        if not found.path.is_file():
            raise base.wrong(f"there is no file {one}, which it names")
        yield Named(found)


def _matching(name: str, root: Path, base: Source) -> list[str]:
    """Return the names that a glob stands for, relative to the config; a name stands for itself."""
    if not glob.has_magic(name) or (root / name).exists():
        return [name]
    names = sorted(islice(glob.iglob(name, root_dir=root, recursive=True), _MOST_FILES + 1))  # noqa: PTH207
    if not names:
        raise base.wrong(f"no file matches {name}")
    if len(names) > _MOST_FILES:
        raise base.wrong(f"{name} stands for more than {_MOST_FILES:,} files")
    return names


def values_in(source: Source) -> JsonValue:
    """Return what a file of data holds: rows of a table, or a document."""
    if source.suffix in _TABLES:
        return list(rows_of(source))
    return source.json if source.suffix == ".json" else source.yaml
