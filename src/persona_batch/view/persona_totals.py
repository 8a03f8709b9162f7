"""The closing table of a run: one row per persona, from running sums (no record is kept)."""

from collections.abc import Iterable
from itertools import islice

from persona_batch.engine.progress import OTHERS, PersonaTally
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
MOST = 40  # rows; a run of thousands of personas is looked at by `compare`
KEPT = 1000  # personas that are counted apart; the rest together, so that memory stays flat


class PersonaTotals:
    """Running sums per persona, in the order of `personas`, and then in that in which they were first seen.

    `ok` are replies that can be used (also truncated ones); `tokens` those of the replies. What was never measured
    is shown as `–`.
    """

    def __init__(self, personas: Iterable[str] = ()) -> None:
        self._order = {persona: place for place, persona in enumerate(islice(personas, KEPT))}
        self._tallies: dict[str, PersonaTally] = {}

    def add(self, record: Record) -> None:
        """Count one record."""
        apart = record.persona in self._tallies or len(self._tallies) < KEPT
        self._tallies.setdefault(record.persona if apart else OTHERS, PersonaTally()).add(record)

    def render(self, palette: Palette, width: int | None = None) -> str:
        """Return the table, ending with a line feed; empty when nothing was added."""
        if not self._tallies:
            return ""
        checked = any(tally.checks for tally in self._tallies.values())
        columns = [column for column in COLUMNS if checked or column.title != "checks"]
        ordered = sorted(self._tallies.items(), key=lambda entry: self._order.get(entry[0], KEPT))
        rows = [_row(persona, tally, checked) for persona, tally in ordered[:MOST]]
        text = table(columns, rows, palette, width)
        hidden = len(self._tallies) - len(rows)
        return f"{text}… and {hidden:,} more personas\n" if hidden else text


def _row(persona: str, tally: PersonaTally, checked: bool) -> list[str]:
    chars, ttft = tally.mean_chars, tally.mean_ttft_ms
    return [
        persona,
        f"{tally.cells:,}",
        f"{tally.ok:,}",
        f"{tally.failed:,}",
        *([f"{tally.passed_checks:,}/{tally.checks:,}" if tally.checks else "–"] if checked else []),
        "–" if chars is None else f"{chars:,.0f}",
        "–" if ttft is None else f"{ttft:,.0f} ms",
        f"{tally.completion_tokens:,}" if tally.completion_tokens else "–",
    ]
