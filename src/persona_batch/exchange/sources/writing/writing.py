"""Writing an import: staged, read back, compared with what is there, and then put in its place, all or nothing."""

import filecmp
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from persona_batch.chat import JsonValue
from persona_batch.errors import UsageError
from persona_batch.exchange.sources.found import Found
from persona_batch.exchange.sources.writing.leftovers import PREFIX, clear_leftovers, held
from persona_batch.exchange.sources.writing.naming import Names
from persona_batch.exchange.sources.writing.proving import prove
from persona_batch.exchange.sources.writing.staging import Staged, Stager
from persona_batch.exchange.sources.writing.standing import take_note
from persona_batch.wording import listed

Sources = Callable[[], Iterable[tuple[str, Found]]]
"""Reads all sources, each with its name in messages; it may be called twice."""


@dataclass(frozen=True, slots=True)
class Written:
    """The files of an import, relative to its folder: those that were made or changed, and those that were the same."""

    made: tuple[Path, ...]
    unchanged: tuple[Path, ...]
    notes: tuple[str, ...]
    personas: int
    questions: int
    sources: int


def write(
    sources: Sources,
    folder: Path,
    *,
    force: bool = False,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Written:
    """Write what the sources hold into a folder.

    Args:
        sources: what to write.
        folder: made if it is missing.
        force: write over files that say something else.
        dry_run: only say what would be written.
        progress: told how many personas and questions there are so far.

    Raises:
        UsageError: a source is broken, a file exists that says something else, or the folder cannot be written to.
        ImportedWrong: what was written is not read back as it was found; nothing is left of it.
    """
    try:
        with _workplace(folder, dry_run=dry_run) as work:
            staged = _staged(sources, folder, work, progress)
            prove(staged, work / "beginnings")
            files = (*staged.files, *staged.tables)
            standing = [file for file in files if os.path.lexists(folder / file)]
            if taken := [file for file in standing if (folder / file).is_dir()]:
                raise UsageError(f"{folder / taken[0]} is a folder; name another folder by `-o`")
            same = {file for file in standing if _is_same(staged.root / file, folder / file)}
            changed = [file.as_posix() for file in standing if file not in same]
            if changed and not force:
                verb = "says" if len(changed) == 1 else "say"
                raise UsageError(
                    f"{listed(changed)} in {folder} {verb} something else, and nothing was written; "
                    "name another folder by `-o`, or write over them by `--force`"
                )
            made = [file for file in files if file not in same]
            if not dry_run:
                _put(made, staged.root, folder, work / "replaced")
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror or error}); name another by `-o`") from error
    unchanged = tuple(sorted(same))
    found = (staged.personas, staged.questions, staged.sources)
    return Written(tuple(sorted(made)), unchanged, tuple(staged.notes), *found)


def _staged(sources: Sources, folder: Path, work: Path, progress: Callable[[int], None]) -> Staged:
    """Write everything into the workplace; once more with other ids, where the folder has some of them already."""
    names = Names()
    first = _stage(sources, work / "first", names, {}, progress)
    if not folder.is_dir():
        return first
    standing = take_note(folder, {*first.files})
    if standing.flaw:
        first.notes.append(f"{folder}: {standing.flaw}")
        return first
    alike = all(standing.run.get(key, value) == value for key, value in first.run.items())
    if alike and not standing.names.clashes_with(names):
        return first
    return _stage(sources, work / "second", standing.names, standing.run, progress)


def _stage(
    sources: Sources, root: Path, names: Names, run: dict[str, JsonValue], progress: Callable[[int], None]
) -> Staged:
    root.mkdir()
    staged = Staged(root, run=run)
    stager = Stager(staged, names, progress)
    for shown, found in sources():
        stager.take(found, shown)
    return staged


@contextmanager
def _workplace(folder: Path, *, dry_run: bool) -> Iterator[Path]:
    """Yield an empty folder on the same disk as the target, which is made for it if need be, and taken away again."""
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="batch-import-") as name:
            yield Path(name)
        return
    missing = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    folder.mkdir(parents=True, exist_ok=True)
    clear_leftovers(folder)
    work = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    try:
        with held(work):
            yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        for path in missing:
            if not any(path.iterdir()):
                path.rmdir()


def _is_same(new: Path, old: Path) -> bool:
    return old.is_file() and filecmp.cmp(new, old, shallow=False)


def _put(files: Iterable[Path], root: Path, folder: Path, replaced: Path) -> None:
    """Move the files to their places; where one cannot be, all is as it was before."""
    put: list[Path] = []
    made: list[Path] = []
    try:
        for file in files:
            target = folder / file
            made += [path for path in target.parents if path != folder and not path.exists()]
            target.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(target):
                (replaced / file).parent.mkdir(parents=True, exist_ok=True)
                target.replace(replaced / file)
            put.append(file)
            (root / file).replace(target)
    except BaseException:
        for file in reversed(put):
            (folder / file).unlink(missing_ok=True)
            if os.path.lexists(replaced / file):
                (replaced / file).replace(folder / file)
        for path in made:
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        raise
