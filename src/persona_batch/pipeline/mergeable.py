"""Which runs may become one: parts of one batch as it stands, asked at one place in one way, and at rest."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from persona_batch.config.files import RECORDS
from persona_batch.errors import UsageError
from persona_batch.record.manifest import Manifest, read_manifest
from persona_batch.record.merging import Source
from persona_batch.record.rundir import RunDir
from persona_batch.record.submissions import read_submissions
from persona_batch.wording import counted, listed


def sources_of(runs: Sequence[RunDir]) -> list[Source]:
    """Return runs that may be merged, with their manifests. Call it under their locks.

    Raises:
        UsageError: one of them may not, or not with the others; it says what differs.
    """
    sources = [_source(run) for run in runs]
    first = sources[0]
    for other in sources[1:]:
        for what, told in _SAME.items():
            one, two = told(first.manifest), told(other.manifest)
            if one != two:
                raise UsageError(
                    f"{first.run.path} and {other.run.path} do not belong together: {what} {one}, and {two}"
                )
        if first.manifest.plan != other.manifest.plan:
            what = listed(_edited(first.manifest, other.manifest)) or "what their plans say"
            raise UsageError(
                f"{first.run.path} and {other.run.path} are not of one batch as it stands: {what} differs; "
                "resume the older one with the files as they are now, then merge"
            )
    return sources


def samples_of(manifest: Manifest) -> int:
    """Return how many samples of each cell a run asked for."""
    return int(manifest.config.get("run", {}).get("samples", 1))


_SAME: Final[dict[str, Callable[[Manifest], object]]] = {
    "batch": lambda manifest: manifest.batch_id,
    "made at": lambda manifest: manifest.endpoint,
    "models": lambda manifest: listed(sorted(manifest.models)),
    "thinking:": lambda manifest: manifest.config.get("run", {}).get("thinking", "separate"),
}


def _source(run: RunDir) -> Source:
    if run.records.name != RECORDS or not run.manifest.is_file():
        raise UsageError(f"{run.records}: no run folder with its run.json; only whole runs are merged")
    manifest = read_manifest(run.manifest)
    if manifest.imported is not None:
        raise UsageError(
            f"{run.path} was imported from results of {manifest.imported}; only runs of this tool are merged"
        )
    if manifest.plan is None:
        raise UsageError(
            f"{run.path} does not say of which batch its records are (an edit was cut short, or it is of a version "
            f"before); `batch run --resume {run.path}` brings it in order"
        )
    still = [one for one in read_submissions(run.submissions) if one.open]
    if still:
        raise UsageError(
            f"{run.path}: results of {counted(len(still), 'batch file')} are still to come; "
            f"`batch run --resume {run.path}` collects them, `batch submissions {run.path} --cancel` gives them up"
        )
    return Source(run, manifest)


def _edited(one: Manifest, other: Manifest) -> list[str]:
    """Return what of two batches is not the same, by its names."""
    found = []
    for name, noun in (("personas", "persona"), ("questions", "question")):
        mine, theirs = (_by_id(manifest.entries(name)) for manifest in (one, other))
        found += [f"{noun} {key}" for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
    return found


def _by_id(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return entries without what does not change a batch: where they are from, and their place in a list."""
    plain = [{name: value for name, value in one.items() if name not in ("source", "questions")} for one in entries]
    return {str(one.get("id")): one for one in plain}
