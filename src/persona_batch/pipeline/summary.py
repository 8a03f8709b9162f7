"""What one call of `batch run` came to; printed by `--json`, and given to a job's failure command."""

import msgspec

from persona_batch.record import Record
from persona_batch.record.manifest import State, TokenSums


class CheckShare(msgspec.Struct):
    """Declared checks that passed, over all replies of the run."""

    passed: int = 0
    total: int = 0

    def add(self, record: Record) -> None:
        """Count the checks of one record; a failed cell has none."""
        self.total += len(record.checks)
        self.passed += sum(result.passed for result in record.checks)

    @property
    def share(self) -> float | None:
        """Passed over total; None without checks."""
        return self.passed / self.total if self.total else None


class Summary(msgspec.Struct, kw_only=True):
    """The result of a call.

    `cells` are those that the call asks for; `asked` were finished by this call, `skipped` were finished before,
    `left` are still to ask; `set_aside` are records that belong to the batch no longer and were moved out of the way
    by this call, `returned` those that belong again. `counts` by status and `tokens` are
    over the whole run, `checks` over this call (with `--fail-under`: over the whole run). `message` says why it
    stopped early, if it did.
    """

    run_id: str
    path: str
    state: State
    exit_code: int
    cells: int
    asked: int
    skipped: int
    left: int
    set_aside: int
    returned: int
    counts: dict[str, int]
    tokens: TokenSums
    checks: CheckShare
    seconds: float
    message: str | None = None


def exit_code_of(failed: int, checks: CheckShare, fail_under: float | None) -> int:
    """Return the exit code of a run that asked all its cells: 0, 1 (failed cells) or 100 (checks under the share)."""
    if failed:
        return 1
    share = checks.share
    if fail_under is not None and share is not None and share < fail_under:
        return 100
    return 0


def state_of(exit_code: int) -> State:
    """Return the manifest's word for how a run ended."""
    states: dict[int, State] = {0: "complete", 1: "failed", 100: "complete", 130: "interrupted"}
    return states.get(exit_code, "stopped")
