"""What is written of a run and told of a call: the manifest, begun and sealed by every session, and the summary."""

from pathlib import Path

import msgspec

from persona_batch.engine.progress import Progress
from persona_batch.pipeline.call import Call
from persona_batch.pipeline.options import invocation
from persona_batch.pipeline.paying import price_lists
from persona_batch.plan.grid import Grid
from persona_batch.pricing.bill import Cost
from persona_batch.pricing.price import Price
from persona_batch.record import Record
from persona_batch.record.manifest import FileHash, Manifest, Session, State, TokenSums, git_commit, versions
from persona_batch.record.reader import Scan, whole_cost
from persona_batch.record.resolved import resolved
from persona_batch.record.rundir import RunDir
from persona_batch.record.runlog import utc_now

_STATES: dict[int, State] = {0: "complete", 1: "failed", 100: "complete", 130: "interrupted"}


class CheckShare(msgspec.Struct):
    """Declared checks that passed, over all replies of the run."""

    passed: int = 0
    total: int = 0

    def add(self, record: Record) -> None:
        """Count the checks of one record; a failed cell has none."""
        for result in record.results:
            self.total += 1
            self.passed += result.passed

    @property
    def share(self) -> float | None:
        """Passed over total; None without checks."""
        return self.passed / self.total if self.total else None


class Summary(msgspec.Struct, kw_only=True):
    """What one call of `batch run` came to; printed by `--json`, and given to a job's failure command.

    `cells` are those that the call asks for; `asked` were finished by this call, `skipped` were finished before,
    `left` are still to ask, of which `submitted` are in batch files whose results are not fetched yet; `set_aside` are
    records that belong to the batch no longer and were moved out of the way by this call, `returned` those that belong
    again. `counts` by status, `tokens` and `cost` (None: nobody is paid) are over the whole run, `checks` over this
    call (with `--fail-under`: over the whole run). `message` says why it stopped early, if it did.
    """

    run_id: str
    path: str
    state: State
    exit_code: int
    cells: int
    asked: int
    skipped: int
    left: int
    submitted: int
    set_aside: int
    returned: int
    counts: dict[str, int]
    tokens: TokenSums
    cost: Cost | None
    checks: CheckShare
    seconds: float
    message: str | None = None


def begun(
    earlier: Manifest | None,
    run: RunDir,
    call: Call,
    grid: Grid,
    *,
    cells: int | None,
    prices: dict[str, Price | None],
) -> Manifest:
    """Return the manifest of a session that begins now; of an earlier one, its start, sessions and prices stay.

    `cells` are those asked for by this call and the ones before (None: not counted yet); `prices` hold from now on.
    """
    now = utc_now()
    return Manifest(
        run_id=run.id,
        batch_id=call.batch.id,
        started_at=earlier.started_at if earlier else now,
        provider=call.target.name,
        endpoint=call.target.identity,
        models=list(grid.models),
        config={"invocation": invocation(call.options), **resolved(call.batch, grid)},
        files=[FileHash(file.path, file.sha256) for file in call.batch.files],
        versions=versions(),
        git_commit=git_commit(Path()),
        plan=grid.fingerprint,
        shard=None if grid.shard is None else str(grid.shard),
        merged=earlier.merged if earlier else [],
        cells=cells,
        batch_cells=grid.total,
        prices=price_lists(earlier, prices, now),
        sessions=[*(earlier.sessions if earlier else ()), Session(started_at=now)],
    )


def seal(manifest: Manifest, exit_code: int, *, seen: Scan, progress: Progress) -> None:
    """Enter how the session ended; counts and sums are over the whole run."""
    now = utc_now()
    manifest.state = _STATES.get(exit_code, "stopped")
    manifest.exit_code = exit_code
    manifest.ended_at = now
    manifest.counts = {str(status): count for status, count in (seen.counts + progress.statuses).items()}
    manifest.tokens = TokenSums(  # 0: the endpoint never said
        seen.prompt_tokens + progress.prompt_tokens or None,
        seen.completion_tokens + progress.completion_tokens or None,
        seen.total_tokens + progress.total_tokens or None,
    )
    manifest.sessions[-1] = Session(manifest.sessions[-1].started_at, now, exit_code, progress.done, progress.lost)
    manifest.cost = whole_cost(progress.bill, manifest)
