"""What a user settles about a run's batch files by hand: which batch is whose, what is to be submitted anew or ended.

Each takes the run's lock, so no call of `batch run` is on it meanwhile; a word that is given again changes nothing.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import TypeAlias

from persona_batch.engine.engines import BATCH
from persona_batch.errors import ProviderError, RateLimited, UsageError
from persona_batch.pipeline.call import prepare_run
from persona_batch.pipeline.options import RunOptions, recalled
from persona_batch.provider.batches import BatchApi, BatchState, TakesBatches
from persona_batch.record.manifest import read_manifest
from persona_batch.record.rundir import RunDir
from persona_batch.record.submissions import Submission, enter, read_submissions
from persona_batch.wording import counted, listed, meant

Endpoint: TypeAlias = Callable[[], AbstractAsyncContextManager[BatchApi]]
"""What opens a run's endpoint."""


@asynccontextmanager
async def endpoint_of(run: RunDir, note: Callable[[str], None]) -> AsyncGenerator[BatchApi, None]:
    """Open the endpoint of a run, as its files and the command line that began it name it.

    Raises:
        UsageError: it takes no batch files, has no key, or the files name another endpoint by now.
    """
    begun = recalled(RunOptions(resume=str(run.path)))
    call = prepare_run(replace(begun, workers=1, engine=BATCH))
    if call.target.identity != (asked := read_manifest(run.manifest).endpoint):
        raise UsageError(f"the files name {call.target.identity} by now, and the run's batch files are at {asked}")
    async with call.connect(note) as provider:
        if not isinstance(provider, TakesBatches):
            raise UsageError(f"{call.target.identity} takes no batch files")
        yield provider.batches()


def open_submissions(run: RunDir) -> list[Submission]:
    """Return the submissions of a run of which something is still to come.

    Raises:
        UsageError: the file of submissions cannot be read.
    """
    return [one for one in read_submissions(run.submissions) if one.open]


def refuse_if_submitted(run: RunDir, engine: str) -> None:
    """Refuse that another engine goes on with a run of which batch files are under way: cells would be asked twice.

    Raises:
        UsageError: such submissions are open.
    """
    if engine != BATCH and (found := open_submissions(run)):
        cells = counted(sum(len(one.keys) for one in found), "cell")
        raise UsageError(
            f"{run.path} has {cells} in batch files that are under way: collect them by `--engine batch`, or end them "
            f"by `batch submissions {run.path} --cancel` and then collect what is done"
        )


async def adopt(run: RunDir, api: BatchApi, batch: str) -> Submission:
    """Take a batch of the endpoint's for one that the run asked for and got no answer about; again, it does nothing.

    Args:
        run: its folder.
        api: the endpoint, which is asked whether the batch is there and of which file it was made.
        batch: the endpoint's id of it.

    Raises:
        UsageError: no submission waits for such a word, or the batch was made of none of their files.
        ProviderError: the endpoint does not know the batch, or cannot be asked.
        RunLocked, StorageError: as `RunDir.lock`.
    """
    with run.lock():
        every = read_submissions(run.submissions)
        for one in every:
            if one.batch_id == batch:
                return one
        unsettled = [one for one in every if one.unsettled]
        if not unsettled:
            raise UsageError(f"no submission of {run.path} waits to be told which batch is its own")
        state = await api.state(batch)
        of_file = [one for one in unsettled if one.file_id == state.input_file]
        if not of_file:
            waiting = listed([f"{one.file_id} ({one.id})" for one in unsettled])
            raise UsageError(
                f"the batch {batch} is of the file {state.input_file}, and the run waits for one of {waiting}: it is "
                "another one"
            )
        (one,) = of_file
        enter(run.submissions, one, "created", batch_id=state.id, expires_at=state.expires_at)
        return one


def resubmit(run: RunDir) -> list[Submission]:
    """Give up all submissions that are not settled, so that the next call of `batch run` submits their cells anew.

    These are such whose batch may or may not have been made, and files for a program of the user's whose output is not
    there, or not whole. Return them; none: there is nothing to be done. If a batch was made of one after all, it is
    paid for and nobody fetches it. The endpoint is not asked.

    Raises:
        RunLocked, StorageError: as `RunDir.lock`.
    """
    with run.lock():
        return [_given_up(run, one) for one in read_submissions(run.submissions) if one.unsettled or one.offline]


async def resubmit_one(run: RunDir, name: str, endpoint: Endpoint) -> Submission | None:
    """Give up one submission; None: nothing more is to come of it anyway.

    Also one whose batch was made: if the endpoint does not know it any more, or it has ended and its results cannot be
    had. One that is under way is not given up, as its results are paid for.

    Args:
        run: its folder.
        name: the submission's id, or that of its batch.
        endpoint: opens the endpoint, where it must be asked.

    Raises:
        UsageError: there is no such submission, or its batch is under way.
        ProviderError: the endpoint cannot be asked.
        RunLocked, StorageError: as `RunDir.lock`.
    """
    with run.lock():
        (one,) = _wanted(run, name)
        if not one.open:
            return None
        if one.batch_id is not None:
            async with endpoint() as api:
                if await _goes_on(api, one.batch_id):
                    raise UsageError(
                        f"the batch {one.batch_id} is under way, and its results are paid for: "
                        f"`batch submissions {run.path} --cancel {one.id}` ends it"
                    )
        return _given_up(run, one)


async def _goes_on(api: BatchApi, batch: str) -> bool:
    try:
        return (await api.state(batch)).phase == "going"
    except ProviderError as error:
        if not _refused(error):
            raise
        return False  # it knows of no such batch


def _given_up(run: RunDir, one: Submission) -> Submission:
    enter(run.submissions, one, "abandoned", why="by the user, to be submitted anew")
    return one


async def cancel(
    run: RunDir, api: BatchApi, *, submission: str | None = None
) -> list[tuple[Submission, BatchState | ProviderError]]:
    """Ask the endpoint to end the batches of a run that are under way; what is done of them is fetched later.

    Return each, and how the endpoint says it stands, or why it could not be cancelled, which keeps no other from being;
    none: nothing is under way. One that has ended meanwhile, or is being cancelled already, is no error.

    Args:
        run: its folder.
        api: the endpoint.
        submission: which one; None: all that are under way.

    Raises:
        UsageError: there is no such submission.
        RunLocked, StorageError: as `RunDir.lock`.
    """
    with run.lock():
        asked: list[tuple[Submission, BatchState | ProviderError]] = []
        for one in _wanted(run, submission):
            if one.step in ("created", "cancelling") and one.batch_id is not None:
                try:
                    asked.append((one, await _cancelled(api, one.batch_id)))
                except ProviderError as error:
                    asked.append((one, error))
                    continue
                enter(run.submissions, one, "cancelling")
        return asked


async def _cancelled(api: BatchApi, batch: str) -> BatchState:
    """Cancel a batch; where the endpoint refuses, that is all right if the batch is going to its end anyway."""
    try:
        return await api.cancel(batch)
    except ProviderError as error:
        if not _refused(error):
            raise
        state = await api.state(batch)
        if state.phase == "going" and state.said != "cancelling":
            raise
        return state


def _refused(error: ProviderError) -> bool:
    """Whether the endpoint said no to this one request (409 among it), and not that it cannot serve, or not so fast."""
    status = error.http_status
    return status is not None and 400 <= status < 500 and not error.fatal and not isinstance(error, RateLimited)


def _wanted(run: RunDir, name: str | None) -> list[Submission]:
    """Return the submissions of a run, or the one of a name: its own, or that of its batch."""
    every = read_submissions(run.submissions)
    if name is None:
        return every
    named = [one for one in every if name in (one.id, one.batch_id)]
    if not named:
        known = [one.id for one in every] + [one.batch_id for one in every if one.batch_id is not None]
        raise UsageError(f"{run.path} has no submission {name}; {meant(name, known)}")
    return named
