"""How the run's batches stand: each is asked for once a look, and the results of those that ended are fetched."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from persona_batch.engine.batches.dealings import Dealings
from persona_batch.errors import ProviderError, StoppedEarly
from persona_batch.provider.batches import BatchState
from persona_batch.record.durable import storage_error
from persona_batch.record.submissions import Submission
from persona_batch.wording import counted, listed

_BLOCK: Final = 1 << 20


async def look(dealings: Dealings) -> list[Submission]:
    """Ask for every batch that is under way; return the submissions whose results are here and not yet collected.

    Raises:
        StoppedEarly: the endpoint cannot be asked just now.
        StorageError: what came cannot be written down.
    """
    ended = []
    for one in dealings.submissions:
        if one.offline:
            _look_offline(dealings, one)
        elif one.step in ("created", "cancelling"):
            await _look_at(dealings, one)
        if one.step == "ended":
            await _fetch(dealings, one)
            ended.append(one)
    return ended


async def _look_at(dealings: Dealings, one: Submission) -> None:
    batch = one.batch_id
    assert batch is not None
    try:
        state = await dealings.patiently(lambda: dealings.server.state(batch))
    except ProviderError as error:
        raise _cannot(dealings, f"asked for the batch {batch}", one, error) from error
    if not state.known:
        _tell_unknown(dealings, state)
    files = (state.output_file, state.error_file)
    if state.phase == "going" or (state.phase == "completed" and state.done and not any(files)):
        return
    if state.phase == "failed" and not any(files):
        _refused(dealings, one, state)
        return
    dealings.enter(one, "ended", phase=state.phase, output_file=state.output_file, error_file=state.error_file)


def _tell_unknown(dealings: Dealings, state: BatchState) -> None:
    sentence = (
        f"{dealings.site.target.identity} says `{state.said}` of the batch {state.id}, a status that is not known: it "
        "is taken for one under way"
    )
    if sentence not in dealings.troubles:
        dealings.trouble(sentence)


def _refused(dealings: Dealings, one: Submission, state: BatchState) -> None:
    """Close a submission that the endpoint refused as a whole, and say why."""
    why = listed(state.errors, 3) or f"it says `{state.said}` and no more"
    dealings.enter(one, "refused", phase=state.phase, why=why)
    dealings.trouble(
        f"{dealings.site.target.identity} refused the batch {state.id} ({counted(len(one.keys), 'cell')}): {why}; the "
        "next call submits its cells anew"
    )


async def _fetch(dealings: Dealings, one: Submission) -> None:
    """Have the files of results in the run's folder; what is there already is whole."""
    for file, name in ((one.output_file, one.output), (one.error_file, one.errors)):
        path = dealings.folder / name
        if file is None or path.exists() or dealings.api is None:
            continue
        try:
            await dealings.patiently(partial(dealings.server.download, file, path))
        except ProviderError as error:
            raise _cannot(dealings, f"asked for the results {file}", one, error) from error


def _cannot(dealings: Dealings, what: str, one: Submission, error: ProviderError) -> StoppedEarly:
    """Return the error for an endpoint that does not tell; one that knows no such thing never will."""
    said = f"{dealings.site.target.identity} was {what}: {error}"
    if error.retryable or error.fatal:
        return StoppedEarly(f"{said}; what it has is fetched by a later call")
    run = dealings.site.run.path
    return StoppedEarly(
        f"{said}; if it is gone for good, `batch submissions {run} --resubmit {one.id}` has its cells submitted anew"
    )


def _look_offline(dealings: Dealings, one: Submission) -> None:
    """See whether the user's program has written the whole output."""
    if lines_of(dealings, one) >= len(one.keys):
        dealings.enter(one, "ended", phase="completed", output_file=one.output)


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines that end, in pieces of which each ends one."""
    try:
        with path.open("rb", buffering=_BLOCK) as file:
            while line := file.readline(_BLOCK):
                if line.endswith(b"\n"):
                    yield line
    except FileNotFoundError:
        return
    except OSError as error:
        raise storage_error(path, error) from error


def lines_of(dealings: Dealings, one: Submission) -> int:
    """Return how many lines of an offline output are there."""
    return sum(1 for _ in _whole_lines(dealings.folder / one.output))
