"""What a user settles about a run's batch files by hand: which batch is whose, what is to be submitted anew or ended.

Each takes the run's lock, so no call of `batch run` is on it meanwhile.
"""

from collections.abc import Callable, Sequence

from persona_batch.errors import UsageError
from persona_batch.provider.batches import BatchApi, BatchState
from persona_batch.record.rundir import RunDir
from persona_batch.record.submissions import Submission, enter, read_submissions
from persona_batch.wording import counted, listed, meant


def open_submissions(run: RunDir) -> list[Submission]:
    """Return the submissions of a run of which something is still to come.

    Raises:
        UsageError: the file of submissions cannot be read.
    """
    return [one for one in read_submissions(run.submissions) if one.open]


async def adopt(run: RunDir, api: BatchApi, batch: str, *, submission: str | None = None) -> Submission:
    """Take a batch of the endpoint's for one that the run asked for and got no answer about.

    Args:
        run: its folder.
        api: the endpoint, which is asked whether the batch is there and of which file it was made.
        batch: the endpoint's id of it.
        submission: ours; None: the only one that is not settled.

    Raises:
        UsageError: there is no such submission, or several, or the batch was made of another file.
        ProviderError: the endpoint does not know the batch, or cannot be asked.
        RunLocked, StorageError: as `RunDir.lock`.
    """
    with run.lock():
        every = read_submissions(run.submissions)
        one = _the_one([each for each in every if each.unsettled], submission, run)
        for other in every:
            if other.batch_id == batch:
                raise UsageError(f"the batch {batch} is the submission {other.id} already; nothing is to be adopted")
        state = await api.state(batch)
        if None not in (state.input_file, one.file_id) and state.input_file != one.file_id:
            raise UsageError(
                f"the batch {batch} was made of the file {state.input_file}, and the submission {one.id} is the file "
                f"{one.file_id}: it is another one"
            )
        enter(run.submissions, one, "created", batch_id=state.id, expires_at=state.expires_at)
        return one


def resubmit(run: RunDir, *, submission: str | None = None) -> list[Submission]:
    """Give submissions up that are not settled, so that the next call of `batch run` submits their cells anew.

    These are such whose batch may or may not have been made, and files for a program of the user's whose output is not
    there, or not whole. Return them. If a batch was made of one after all, it is paid for and nobody fetches it.

    Args:
        run: its folder.
        submission: which one; None: all that are not settled.

    Raises:
        UsageError: there is none.
        RunLocked, StorageError: as `RunDir.lock`.
    """
    with run.lock():
        found = [one for one in read_submissions(run.submissions) if one.unsettled or one.offline]
        if submission is not None or not found:
            found = [_the_one(found, submission, run)]
        for one in found:
            enter(run.submissions, one, "abandoned", why="given up by the user, to be submitted anew")
        return found


async def cancel(
    run: RunDir,
    api: BatchApi,
    *,
    submission: str | None = None,
    told: Callable[[Submission, BatchState], None] = lambda _one, _state: None,
) -> list[Submission]:
    """Ask the endpoint to end the batches of a run that are under way; what is done of them is fetched later.

    Args:
        run: its folder.
        api: the endpoint.
        submission: which one; None: all that are under way.
        told: called with each that was cancelled, and how the endpoint says it stands.

    Raises:
        UsageError: none is under way.
        ProviderError: the endpoint refused, or cannot be asked; those before are cancelled.
        RunLocked, StorageError: as `RunDir.lock`.
    """
    with run.lock():
        going = [
            one
            for one in read_submissions(run.submissions)
            if one.step in ("created", "cancelling") and one.batch_id is not None
        ]
        if submission is not None or not going:
            going = [_the_one(going, submission, run)]
        for one in going:
            assert one.batch_id is not None
            enter(run.submissions, one, "cancelling")
            told(one, await api.cancel(one.batch_id))
        return going


def _the_one(found: Sequence[Submission], name: str | None, run: RunDir) -> Submission:
    """Return the submission of a name, or the only one."""
    if name is not None:
        named = [one for one in found if name in (one.id, one.batch_id)]
        if not named:
            raise UsageError(f"{run.path} has no such submission {name!r}; {meant(name, [one.id for one in found])}")
        return named[0]
    if not found:
        raise UsageError(
            f"nothing of {run.path} is to be settled so; `batch submissions {run.path}` tells how its batch files stand"
        )
    if len(found) > 1:
        raise UsageError(
            f"{counted(len(found), 'submission')} of {run.path} are to be settled: name one of "
            f"{listed([one.id for one in found])}"
        )
    return found[0]
