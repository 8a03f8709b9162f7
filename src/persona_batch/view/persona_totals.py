"""The closing table of a run: one row per persona and one for all, from running sums (no record is kept)."""

from collections.abc import Iterable
from itertools import islice

from persona_batch.engine.progress import MOST_PERSONAS, PersonaTally, tally
from persona_batch.record import Record
from persona_batch.view.palette import Palette
from persona_batch.view.tables import Column, table
from persona_batch.wording import token_pair, token_sum

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


class PersonaTotals:
    """Running sums per persona, in the order of `personas`, and then in that in which they were first seen.

    `ok` are replies that can be used (also truncated ones); `tokens` those of the prompts and of the replies. What
    was never measured is shown as `–`. `tallies`: sums that somebody else keeps (`Progress.personas`); by default
    those of `add`.
    """

    def __init__(self, personas: Iterable[str] = (), tallies: dict[str, PersonaTally] | None = None) -> None:
        self._order = {persona: place for place, persona in enumerate(islice(personas, MOST_PERSONAS))}
        self._tallies = {} if tallies is None else tallies

    def add(self, record: Record) -> None:
        """Count one record."""
        tally(self._tallies, record)

    def __len__(self) -> int:
        return len(self._tallies)

    def render(self, palette: Palette, width: int | None = None) -> str:
        """Return the table, ending with a line feed; empty when nothing was added."""
        if not self._tallies:
            return ""
        checked = any(sums.checks for sums in self._tallies.values())
        columns = [column for column in COLUMNS if checked or column.title != "checks"]
        ordered = sorted(self._tallies.items(), key=lambda entry: self._order.get(entry[0], MOST_PERSONAS))
        rows = [_row(persona, sums, checked) for persona, sums in ordered[:MOST]]
        hidden = len(self._tallies) - len(rows)
        total = PersonaTally()
        for sums in self._tallies.values():
            total.include(sums)
        if hidden:
            rows.append([f"… and {hidden:,} more", *[""] * (len(columns) - 1)])
        rows.append(_row("total", total, checked))
        tokens = token_sum(total.prompt_tokens or None, total.completion_tokens or None)
        return table(columns, rows, palette, width) + palette.dim(tokens) + "\n"


def _row(persona: str, sums: PersonaTally, checked: bool) -> list[str]:
    chars, ttft = sums.mean_chars, sums.mean_ttft_ms
    return [
        persona,
        f"{sums.cells:,}",
        f"{sums.ok:,}",
        f"{sums.failed:,}",
        *([f"{sums.passed_checks:,}/{sums.checks:,}" if sums.checks else "–"] if checked else []),
        "–" if chars is None else f"{chars:,.0f}",
        "–" if ttft is None else f"{ttft:,.0f} ms",
        token_pair(sums.prompt_tokens, sums.completion_tokens),
    ]
