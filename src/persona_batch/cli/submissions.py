"""`batch submissions`: what a run handed over in batch files, how each stands, and what settles one that is stuck."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from persona_batch.cli.options import Json, Out, RunRef
from persona_batch.cli.parser import ALL
from persona_batch.errors import ProviderError, UsageError
from persona_batch.view.terminal import one_line, prose, tell, terminal_width
from persona_batch.wording import counted, listed, local_minute

if TYPE_CHECKING:
    from persona_batch.provider.batches import BatchState
    from persona_batch.record.rundir import RunDir
    from persona_batch.record.submissions import Submission


class SubmissionRow(msgspec.Struct, kw_only=True):
    """One submission as `batch submissions --json` prints it.

    `at`: when it was written down, `since`: when it came to its `step`, `expires_at`: until when the endpoint works on
    it (None: not said); all UTC, ISO 8601. `state` says the step in words; `open`: something is still to come of it.
    `counts`: what became of its requests, once they were fetched.
    """

    id: str
    at: str
    since: str
    step: str
    state: str
    open: bool
    requests: int
    model: str
    shard: str | None
    window: str | None
    batch_id: str | None
    expires_at: str | None
    counts: dict[str, int]
    file: str
    why: str | None


def submissions(
    run: RunRef = "latest",
    cancel: Annotated[
        str | None,
        typer.Option("--cancel", metavar="[ID]", help="Ask the endpoint to end this batch, or all that are under way."),
    ] = None,
    adopt: Annotated[
        str | None,
        typer.Option("--adopt", metavar="BATCH_ID", help="This batch of the endpoint's is the one that was asked for."),
    ] = None,
    resubmit: Annotated[
        str | None,
        typer.Option("--resubmit", metavar="[ID]", help="Give this one up, or all in doubt: ask their cells anew."),
    ] = None,
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """List what a run handed over in batch files: when, how many requests, its batch, how it stands.

    Only --cancel and --adopt ask the endpoint. What a cancelled batch had done is collected by the next call of
    `batch run`. A run is stuck only where nobody knows whether a batch was made, or where the output of a file that
    you run yourself is not whole: --adopt or --resubmit settles it.

    Examples:
        batch submissions
        batch submissions latest --cancel
        batch submissions latest --adopt batch_67c0
        batch submissions latest --resubmit
    """
    from persona_batch.record.finding import find_run
    from persona_batch.record.submissions import read_submissions

    given = [
        name
        for name, value in (("--cancel", cancel), ("--adopt", adopt), ("--resubmit", resubmit))
        if value is not None
    ]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} contradict each other: give one of them")
    found = find_run(run, Path(out))
    if cancel is not None:
        _cancel(found, None if cancel == ALL else cancel)
    elif adopt is not None:
        _adopt(found, adopt)
    elif resubmit is not None:
        _resubmit(found, None if resubmit == ALL else resubmit)
    rows = [_row(found, one) for one in read_submissions(found.submissions)]
    if as_json:
        sys.stdout.write(msgspec.json.encode(rows).decode() + "\n")
        return
    width = terminal_width(sys.stdout) if sys.stdout.isatty() else None
    for row in rows:
        sys.stdout.write("\n".join(_lines(row, width)) + "\n")
    for sentence in _advice(found, rows):
        tell(sentence)


def _cancel(run: "RunDir", name: str | None) -> None:
    import asyncio

    from persona_batch.pipeline.submitting import cancel, endpoint_of

    async def asked() -> list[tuple["Submission", "BatchState | ProviderError"]]:
        async with endpoint_of(run, tell) as api:
            return await cancel(run, api, submission=name)

    done = asyncio.run(asked())
    failed: list[ProviderError] = []
    for one, state in done:
        if isinstance(state, ProviderError):
            failed.append(state)
            tell(f"{one.batch_id} ({one.id}): not cancelled: {state}")
        else:
            tell(f"{one.batch_id} ({one.id}): the endpoint says `{state.said}`")
    if not done:
        tell("nothing is under way, so nothing was cancelled")
    if failed:
        raise type(failed[0])(f"{len(failed):,} of {len(done):,} batches could not be cancelled; the rest of them are")


def _adopt(run: "RunDir", batch: str) -> None:
    import asyncio

    from persona_batch.pipeline.submitting import adopt, endpoint_of

    async def asked() -> "Submission":
        async with endpoint_of(run, tell) as api:
            return await adopt(run, api, batch)

    tell(f"{batch} is the batch of the submission {asyncio.run(asked()).id}")


def _resubmit(run: "RunDir", name: str | None) -> None:
    import asyncio

    from persona_batch.pipeline.submitting import endpoint_of, resubmit, resubmit_one

    if name is None:
        given_up = resubmit(run)
    else:
        one = asyncio.run(resubmit_one(run, name, partial(endpoint_of, run, tell)))
        given_up = [] if one is None else [one]
    for one in given_up:
        tell(f"{one.id}: given up; the next call submits what of its {counted(len(one.keys), 'cell')} has no reply")
    if not given_up:
        tell("nothing is in doubt, so nothing was given up")


def _row(run: "RunDir", one: "Submission") -> SubmissionRow:
    until = None if one.expires_at is None else datetime.fromtimestamp(one.expires_at, UTC)
    return SubmissionRow(
        id=one.id,
        at=one.at,
        since=one.since,
        step=one.step,
        state=_state(run, one),
        open=one.open,
        requests=len(one.keys),
        model=one.model,
        shard=one.shard,
        window=one.window,
        batch_id=one.batch_id,
        expires_at=None if until is None else until.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        counts=one.counts,
        file=one.file,
        why=one.why,
    )


def _state(run: "RunDir", one: "Submission") -> str:
    """Return in plain words how a submission stands."""
    if one.offline:
        from persona_batch.engine.batches.telling import offline_command

        return f"for you to run: `{offline_command(run.batches, one)}`"
    told = {
        "intended": "written, not uploaded",
        "uploaded": "uploaded, no batch made of it",
        "creating": "asked for, and nobody knows whether it was made",
        "created": "under way",
        "cancelling": "being cancelled",
        "ended": f"{one.phase or 'ended'}, its results are not fetched",
        "collected": "collected" if one.phase in (None, "completed") else f"{one.phase}, collected",
        "refused": "refused",
        "abandoned": "given up",
    }[one.step]
    return told if one.why is None else f"{told}: {one.why}"


def _lines(row: SubmissionRow, width: int | None) -> Iterator[str]:
    """Yield the lines of a submission, all but the first indented; times are local."""
    until = f", until {local_minute(row.expires_at)}" if row.expires_at is not None and row.open else ""
    batch = "no batch" if row.batch_id is None else row.batch_id
    counts = "".join(f"; {count:,} {what}" for what, count in row.counts.items())
    requests = counted(row.requests, "request")
    yield from prose(f"{row.id}  {local_minute(row.at)}  {requests}  {one_line(row.model)}", width, hang="    ")
    told = prose(one_line(f"{batch}: {row.state}{until}{counts}"), None if width is None else width - 4)
    yield from (f"    {line}" for line in told)


def _advice(run: "RunDir", rows: Sequence[SubmissionRow]) -> Iterator[str]:
    """Yield what is to be done next."""
    name = shlex.quote(str(run.path))
    doubtful = [row.id for row in rows if row.step == "creating"]
    still_open = sum(row.open for row in rows)
    if not rows:
        yield f"{run.path} has handed nothing over in batch files; `batch run --engine batch` does"
    if doubtful:
        yield (
            f"whether a batch was made of {listed(doubtful)}, the next call of `batch run` finds out where the "
            f"endpoint lists its batches; elsewhere, look at its console: `batch submissions {name} --adopt ID` takes "
            f"one, `batch submissions {name} --resubmit` gives up"
        )
    if still_open:
        are = "is" if still_open == 1 else "are"
        yield f"{counted(still_open, 'submission')} {are} open: `batch run --resume {name}` collects what is done"
