"""How the run's batches stand: each is asked for once a look, and the results of those that ended are fetched."""

import shlex
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from persona_batch.asking.result_line import read_line
from persona_batch.engine.batches.dealings import Dealings
from persona_batch.errors import ConnectionFailed, ProviderError, TimedOut
from persona_batch.provider.batches import BatchState
from persona_batch.record.durable import storage_error
from persona_batch.record.submissions import Submission
from persona_batch.wording import counted, listed

_BLOCK: Final = 1 << 20
_GONE: Final = (404, 410)


@dataclass(slots=True)
class Look:
    """What a look came to: the submissions whose results are here and not yet collected; and, where it was cut short,
    why the endpoint cannot be asked just now (`down`).
    """

    ended: list[Submission] = field(default_factory=list)
    down: ProviderError | None = None


async def look(dealings: Dealings) -> Look:
    """Ask for every batch that is under way; one that the endpoint does not tell of keeps no other from being told of.

    Raises:
        StorageError: what came cannot be written down.
    """
    found = Look()
    dealings.impatient = False
    dealings.silences.clear()
    for one in dealings.submissions:
        if one.offline:
            _look_offline(dealings, one)
        try:
            if one.step in ("created", "cancelling") and not one.offline:
                await _look_at(dealings, one)
            if one.step == "ended":
                await _fetch(dealings, one)
                found.ended.append(one)
        except ProviderError as error:
            _tell_silence(dealings, one, error)
            dealings.impatient = True  # the endpoint was asked often enough, if it is not this batch alone
            if isinstance(error, (ConnectionFailed, TimedOut)):
                found.down = error
                break
    return found


async def _look_at(dealings: Dealings, one: Submission) -> None:
    batch = one.batch_id
    assert batch is not None
    state = await dealings.patiently(lambda: dealings.server.state(batch))
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
        await dealings.patiently(partial(dealings.server.download, file, path))


def _tell_silence(dealings: Dealings, one: Submission, error: ProviderError) -> None:
    """Say that a batch, or its results, cannot be had; one that the endpoint knows nothing of never will be."""
    what = f"the results of the batch {one.batch_id}" if one.step == "ended" else f"the batch {one.batch_id}"
    said = f"{dealings.site.target.identity} was asked for {what}: {str(error).rstrip('.')}"
    if error.http_status in _GONE:
        dealings.lost.add(one.id)
        again = f"`batch submissions {shlex.quote(str(dealings.site.run.path))} --resubmit {one.id}`"
        dealings.silences.append(f"{said}; if it is gone for good, {again} has its cells submitted anew")
    else:
        dealings.silences.append(f"{said}; what it has is fetched by a later call")


def _look_offline(dealings: Dealings, one: Submission) -> None:
    """See whether the user's program has written the whole output."""
    if lines_of(dealings, one) >= len(one.keys):
        dealings.enter(one, "ended", phase="completed", output_file=one.output)


def lines_of(dealings: Dealings, one: Submission) -> int:
    """Return how many lines of an offline output are there; the last may have no newline behind it, if it is whole."""
    path, count, begun = dealings.folder / one.output, 0, bytearray()
    try:
        with path.open("rb", buffering=_BLOCK) as file:
            while piece := file.readline(_BLOCK):
                begun += piece
                if piece.endswith(b"\n"):
                    count += 1
                    begun.clear()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise storage_error(path, error) from error
    return count + _is_whole(bytes(begun))


def _is_whole(line: bytes) -> bool:
    try:
        return not read_line(line).missing
    except ValueError:
        return False
