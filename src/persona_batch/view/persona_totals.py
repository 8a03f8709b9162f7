"""The closing table of a run: one row per persona, from running sums (no record is kept)."""

from dataclasses import dataclass

from persona_batch.record import Record
from persona_batch.view.palette import Palette
from persona_batch.view.tables import Column, table

COLUMNS = (
    Column("persona", shrinks=True),
    Column("cells", "right"),
    Column("ok", "right"),
    Column("failed", "right"),
    Column("checks", "right"),
    Column("mean chars", "right"),
    Column("first token", "right"),
    Column("tokens", "right"),
)


@dataclass(slots=True)
class _Sums:
    cells: int = 0
    ok: int = 0
    failed: int = 0
    checks: int = 0
    passed: int = 0
    replies: int = 0
    chars: int = 0
    timed: int = 0
    ttft_ms: float = 0.0
    tokens: int | None = None

    def add(self, record: Record) -> None:
        self.cells += 1
        self.ok += record.status == "ok"
        self.failed += record.status == "error"
        self.checks += len(record.checks)
        self.passed += sum(check.passed for check in record.checks)
        if record.status != "error":
            self.replies += 1
            self.chars += len(record.reply)
            if record.timing is not None and record.timing.ttft_ms is not None:
                self.timed += 1
                self.ttft_ms += record.timing.ttft_ms
        if record.usage is not None and record.usage.completion_tokens is not None:
            self.tokens = (self.tokens or 0) + record.usage.completion_tokens


class PersonaTotals:
    """Running sums per persona, in the order in which they were first seen.

    `tokens` are those of the replies; what no endpoint reported and what was never measured is shown as `–`.
    """

    def __init__(self) -> None:
        self._sums: dict[str, _Sums] = {}

    def add(self, record: Record) -> None:
        """Count one record."""
        self._sums.setdefault(record.persona, _Sums()).add(record)

    def render(self, palette: Palette, width: int | None = None) -> str:
        """Return the table, ending with a line feed; empty when nothing was added."""
        if not self._sums:
            return ""
        rows = [_row(persona, sums) for persona, sums in self._sums.items()]
        shown = [column.title != "checks" or any(sums.checks for sums in self._sums.values()) for column in COLUMNS]
        columns = [column for column, show in zip(COLUMNS, shown, strict=True) if show]
        return table(
            columns,
            [[cell for cell, show in zip(row, shown, strict=True) if show] for row in rows],
            palette,
            width,
        )


def _row(persona: str, sums: _Sums) -> list[str]:
    return [
        persona,
        str(sums.cells),
        str(sums.ok),
        str(sums.failed),
        f"{sums.passed}/{sums.checks}" if sums.checks else "–",
        f"{sums.chars / sums.replies:.0f}" if sums.replies else "–",
        f"{sums.ttft_ms / sums.timed:.0f} ms" if sums.timed else "–",
        "–" if sums.tokens is None else str(sums.tokens),
    ]
