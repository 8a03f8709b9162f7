"""Which run a user means: a folder, a records file, an id or its beginning, `latest`; and what is no run.

`runs/latest` is also a link to the newest run, for people and their scripts (`point_latest`).
"""

import os
from collections.abc import Sequence
from pathlib import Path

from persona_batch.config.files import MANIFEST, RECORDS, SUFFIXES, is_run, near_file
from persona_batch.errors import UsageError
from persona_batch.record.rundir import RunDir, list_runs, run_at
from persona_batch.wording import nearest

_LATEST = "latest"
BY_AGE = {_LATEST: 1, "previous": 2}  # names of runs by their age, counted from the newest

_BESIDE = {MANIFEST: "manifest", "run.log": "log"}  # files that stand beside the records


def find_run(ref: str | Path, out: Path) -> RunDir:
    """Return the run that a user means: a run folder, a records file, a run id or its beginning, `latest`, `previous`.

    `previous` is the run before the latest.

    Raises:
        UsageError: there is none, or the beginning fits several.
    """
    path = Path(ref)
    try:
        if is_run(path):
            return run_at(path.resolve() if path.is_symlink() else path)
        if path.exists() and (what := _no_run(path)):
            raise UsageError(f"{ref}: {what}")
        if path.is_file():
            return RunDir(path.parent, path)
    except OSError as error:
        raise UsageError(f"{str(ref)[:200]}: cannot be looked up ({error.strerror}); check the name") from error
    return _listed_run(ref, out)


def find_runs(refs: Sequence[str | Path], out: Path) -> tuple[list[RunDir], list[str]]:
    """Return the runs that a user means, each once, and a sentence for each name of one that was named before.

    Raises:
        UsageError: as for `find_run`.
    """
    found: dict[Path, RunDir] = {}
    first: dict[Path, str | Path] = {}
    notes: list[str] = []
    for ref in refs:
        run = find_run(ref, out)
        place = run.records.resolve()
        if place in found:
            notes.append(f"{ref} is the same run as {first[place]}; it counts once")
        found.setdefault(place, run)
        first.setdefault(place, ref)
    return list(found.values()), list(dict.fromkeys(notes))


def _listed_run(ref: str | Path, out: Path) -> RunDir:
    """Return the run of a folder of runs that is named by its id or its age."""
    path, runs = Path(ref), list_runs(out)
    if str(ref) in BY_AGE:
        if not runs:
            raise UsageError(f"{out}: no runs there yet; `batch run FILE` makes one, --out names another folder")
        if len(runs) < BY_AGE[str(ref)]:
            raise UsageError(f"{out}: there is no run before {runs[-1].id}; `batch run FILE` makes another")
        return runs[-BY_AGE[str(ref)]]
    found = [run for run in runs if run.id == str(ref)] or [run for run in runs if run.id.startswith(str(ref))]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{ref}: fits {len(found):,} runs ({', '.join(run.id for run in found[:3])} …); write more of it"
        )
    if path.suffix.lower() in SUFFIXES or "\\" in str(ref):
        raise UsageError(f"{ref}: there is no file{near_file(path, str(ref))}; a run is a folder in {out}, or its id")
    near = nearest(str(ref), [*BY_AGE, *(run.id for run in runs)])
    hint = f"did you mean `{near}`?" if near else "`batch runs` lists them"
    raise UsageError(f"{ref}: no such run folder, records file or run id in {out}; {hint}")


def _no_run(path: Path) -> str:
    """Return what a file or folder is that is no run, and the command for it; an empty string for records."""
    if path.is_dir() and any(is_run(below) for below in path.iterdir()):
        return f"this is a folder of runs; name one of them, or the newest: `latest --out {path}`"
    if path.is_dir() or path.suffix.lower() in SUFFIXES:
        from persona_batch.config.document import kind_of_file  # needed for mistakes only

        kind = kind_of_file(path)
        named = {"persona": "a persona file", "questions": "a question file", "unreadable": "a .yaml file"}.get(kind)
        if named is None:
            return f"this folder is no run: it holds no {RECORDS}; `batch runs` lists the runs"
        if path.is_dir():
            named = f"a folder of {named.removeprefix('a ')}s"
        commands = {
            "persona": f"`batch run {path}` asks {'them' if path.is_dir() else 'it'}",
            "questions": f"`batch run PERSONA.yaml -q {path}` asks the questions",
        }
        return f"this is {named}, no run; {commands.get(kind, f'`batch check {path}` says what is wrong with it')}"
    if path.name in _BESIDE:
        return f"this is the {_BESIDE[path.name]} of a run; name its folder, {path.parent}"
    with path.open("rb") as file:
        begins = file.read(1)
    return "" if begins in {b"", b"{"} else "this is no records file: each of its lines is a JSON object"


def point_latest(out: Path) -> None:
    """Let `latest` name the newest run in a folder, atomically; without runs the link goes.

    A convenience only (`batch` itself looks for the newest run): where links cannot be made, or something else bears
    the name, nothing is done.
    """
    link = out / _LATEST
    if link.exists() and not link.is_symlink():
        return
    runs = list_runs(out)
    try:
        if not runs:
            link.unlink(missing_ok=True)
        elif not _names(link, runs[-1]):
            beside = out / f".{_LATEST}.{os.getpid()}"
            beside.unlink(missing_ok=True)
            beside.symlink_to(runs[-1].path.name, target_is_directory=True)
            beside.replace(link)
    except OSError:
        return


def _names(link: Path, run: RunDir) -> bool:
    return link.is_symlink() and link.readlink() == Path(run.path.name)
