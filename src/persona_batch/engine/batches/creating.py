"""The one step that must not be taken twice: having a batch made of an uploaded file.

A refusal made nothing. An answer that was lost (a connection cut, a time-out, a failing server) may have made one: then
the endpoint's list is asked before it is asked again, and where there is no list nothing is.
"""

import random
from datetime import UTC, datetime
from typing import Final

from persona_batch.engine.batches.dealings import Dealings
from persona_batch.errors import BadRequest, MalformedReply, ProviderError, RateLimited, ServerFailed, StoppedEarly
from persona_batch.provider.batches import BatchState
from persona_batch.record.submissions import Submission

RUN, SUBMISSION = "persona_batch_run", "persona_batch_submission"
"""What batches bear as metadata, where the endpoint keeps it."""

ARRIVED: Final = 15.0  # seconds after which a request of a process that is gone has arrived, or never will
_TRIES: Final = 2  # in one call, where answers are lost
_SKEW: Final = 86_400.0  # seconds by which the endpoint's clock may differ
_LOOKED_AT: Final = 10_000  # batches of the list
_NO_LIST: Final = (404, 405, 501)  # statuses of an endpoint that has none


async def create(dealings: Dealings, one: Submission, *, tries: int = _TRIES) -> None:
    """Have the batch of an uploaded file made. What cannot be known stays `creating`.

    Raises:
        ProviderError: the endpoint refused; nothing was made, and the submission is closed.
        StoppedEarly: no answer came, and the endpoint cannot say what it did.
        StorageError: it cannot be written down.
    """
    try:
        state = await _ask(dealings, one)
    except ProviderError as error:
        if _made_nothing(error):
            dealings.enter(one, "refused", why=error.message)
            raise
        dealings.job.log.write("lost_answer", submission=one.id, kind=error.kind, message=error.message)
        if tries <= 1:
            raise StoppedEarly(
                f"the endpoint was asked to make a batch, and no answer came ({error}); the next call finds out "
                "whether there is one"
            ) from error
        await settle_creation(dealings, one, tries=tries - 1)
        return
    dealings.enter(one, "created", batch_id=state.id, expires_at=state.expires_at)


async def settle_creation(dealings: Dealings, one: Submission, *, tries: int = _TRIES) -> None:
    """Find out whether a batch was made of a submission, and if it certainly was not, have it made.

    Raises:
        ProviderError: as `create`.
        StoppedEarly: the endpoint cannot be asked just now.
        StorageError: it cannot be written down.
    """
    while dealings.facts.lists:
        try:
            found = await dealings.patiently(lambda: _find(dealings, one))
        except ProviderError as error:
            if error.http_status in _NO_LIST and isinstance(error, (BadRequest, MalformedReply, ServerFailed)):
                dealings.job.log.write("no_list", submission=one.id, message=error.message)
                return
            raise StoppedEarly(f"the endpoint's list of batches is needed and cannot be had: {error}") from error
        if found is not None:
            dealings.enter(one, "created", batch_id=found.id, expires_at=found.expires_at)
            dealings.job.log.write("adopted", submission=one.id, batch=found.id)
            return
        age = (datetime.now(UTC) - datetime.fromisoformat(one.since)).total_seconds()
        if age >= ARRIVED:
            await create(dealings, one, tries=tries)
            return
        await dealings.brake.sleep(ARRIVED - max(0.0, age))


async def _ask(dealings: Dealings, one: Submission) -> BatchState:
    """Ask for the batch; a refusal for being too fast is waited out, for it made nothing."""
    failures, waited = 0, 0.0
    assert one.file_id is not None
    assert one.url is not None
    metadata = {RUN: dealings.job.run_id, SUBMISSION: one.id} if dealings.facts.metadata else {}
    while True:
        dealings.brake.check()
        dealings.enter(one, "creating")
        try:
            return await dealings.brake.call(
                dealings.server.create(one.file_id, url=one.url, window=one.window, metadata=metadata)
            )
        except RateLimited as error:
            failures += 1
            wait = dealings.job.policy.wait(failures, waited, error, random.random())  # noqa: S311  # jitter
            if wait is None:
                raise
            dealings.enter(one, "uploaded")
            dealings.job.log.write("retry", attempt=failures, wait=round(wait, 3), message=error.message)
            waited += wait
            await dealings.brake.sleep(wait)


def _made_nothing(error: ProviderError) -> bool:
    status = error.http_status
    return status is not None and 400 <= status < 500 and not isinstance(error, ServerFailed)


async def _find(dealings: Dealings, one: Submission) -> BatchState | None:
    """Return the endpoint's batch of a submission; None: it lists none."""
    before = datetime.fromisoformat(one.at).timestamp() - _SKEW
    seen = 0
    async for state in dealings.server.listed():
        ours = state.metadata.get(SUBMISSION) == one.id
        if ours or (one.file_id is not None and state.input_file == one.file_id):
            return state
        seen += 1
        if seen >= _LOOKED_AT or (state.created_at is not None and state.created_at < before):
            return None
    return None
