"""What comes back: a run, a reply, and how far a run is."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from persona_batch.chat import Message, Usage
from persona_batch.record import Record, Status, Timing
from persona_batch.record.manifest import State, TokenSums

if TYPE_CHECKING:
    from persona_batch.api.table import Table
    from persona_batch.pipeline.sealing import CheckShare, Summary
    from persona_batch.pricing.bill import Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(os.PathLike[str]):
    """What a call of `run` came to; itself the path of the run folder, wherever a run or a path is wanted.

    `path` is the run folder. `state` is `complete`, `failed` (finished, some cells failed), `stopped` (quota, budget or
    time limit) or `interrupted`, and `exit_code` that of `batch run`: 0, 1, 3, 130, or 100 under `fail_under`. `cells`
    are those that were asked for; `asked` were finished by this call, `skipped` before it, `left` are still to ask, of
    which `submitted` are in batch files whose results are not fetched yet;
    `set_aside` are records that belong to the batch no longer, `returned` those that belong again. `counts` (by
    status), `tokens` and `cost` (None: nobody is paid) are over the whole run, `checks` over this call (with
    `fail_under`: over the whole run). `seconds` is how long it took, `message` why it stopped early, if it did,
    `notes` what `batch run` would have told on the way.
    """

    path: Path
    run_id: str
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
    cost: "Cost | None"
    checks: "CheckShare"
    seconds: float
    message: str | None
    notes: tuple[str, ...]

    @classmethod
    def of(cls, summary: "Summary", notes: tuple[str, ...]) -> "Run":
        """Return what a summary says."""
        given = {one.name: getattr(summary, one.name) for one in fields(cls) if one.name not in ("path", "notes")}
        return cls(**given, path=Path(summary.path), notes=notes)

    def __fspath__(self) -> str:
        return str(self.path)

    def records(self) -> Iterator[Record]:
        """Yield the records of the whole run, in the order in which they finished.

        Raises:
            UsageError: the folder is not there any more, or a line is no record.
        """
        from persona_batch.api.reading import read_records

        return read_records(self)

    def table(self) -> "Table":
        """Return the records as columns, for `pandas.DataFrame` or `polars.DataFrame`; see `table`.

        Raises:
            UsageError: as for `records`.
        """
        from persona_batch.api.reading import table

        return table(self)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: `cells` it has, of which this call has `asked` some (`failed` among them).

    `skipped` were there before, `left` are still to ask. `rate` is in cells per second, over about the last minute;
    `eta` the seconds that the rest will take, None while nobody knows.
    """

    cells: int
    asked: int
    failed: int
    skipped: int
    left: int
    rate: float
    eta: float | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a persona answered to one question; `record` is all of it, as a run would keep it.

    `notes` are what `batch ask` would have told on the way.
    """

    record: Record
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.record.reply

    @property
    def reply(self) -> str:
        """The text."""
        return self.record.reply

    @property
    def reasoning(self) -> str | None:
        """What a reasoning model thought before it replied."""
        return self.record.reasoning

    @property
    def messages(self) -> list[Message]:
        """Exactly what was sent."""
        return self.record.messages

    @property
    def status(self) -> Status:
        """`ok`, `truncated` (it reached `max_tokens`), `filtered` or `empty`."""
        return self.record.status

    @property
    def usage(self) -> Usage | None:
        """Token counts as the endpoint gave them; None: it did not."""
        return self.record.usage

    @property
    def timing(self) -> Timing | None:
        """When it was sent, and how long it took."""
        return self.record.timing
