"""What a run ends with: the table of its personas and one row for all, and in a few words why cells failed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice

from rich.cells import cell_len

from persona_batch.engine.progress import MOST_PERSONAS, PersonaTally
from persona_batch.pricing.bill import Cost
from persona_batch.pricing.money import cell, told
from persona_batch.record import ErrorInfo
from persona_batch.view.palette import Palette
from persona_batch.view.tables import Column, table
from persona_batch.view.terminal import one_line
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
    Column("cost", "right"),
)
MOST = 40  # rows; a run of thousands of personas is looked at by `compare`
KINDS = 2  # of failures that are told; `batch show` has the rest
LONGEST = 120  # characters of a failure's message


def persona_totals(
    tallies: Mapping[str, PersonaTally],
    personas: Iterable[str],
    palette: Palette,
    width: int | None = None,
    *,
    cost: Cost | None = None,
) -> str:
    """Return the table as text that ends with a line feed; empty where nothing was counted.

    Rows stand in the order of `personas`, and then in that in which they were first seen. `ok` are replies that can be
    used (also truncated ones); `tokens` those of the prompts and of the replies. What was never measured is `–`.
    Without a `cost` of the whole run (None: nobody is paid) nothing is said of money.
    """
    if not tallies:
        return ""
    order = {persona: place for place, persona in enumerate(islice(personas, MOST_PERSONAS))}
    checked = any(sums.checks for sums in tallies.values())
    known = cost is not None and cost.priced > 0
    absent = {title for title, shown in (("checks", checked), ("cost", known)) if not shown}
    columns = [column for column in COLUMNS if column.title not in absent]
    ordered = sorted(tallies.items(), key=lambda entry: order.get(entry[0], MOST_PERSONAS))
    rows = [_row(persona, sums, checked, known) for persona, sums in ordered[:MOST]]
    hidden = len(tallies) - len(rows)
    total = PersonaTally()
    for sums in tallies.values():
        total.include(sums)
    if cost is not None:  # requests in no record are no persona's
        total.bill.unknown = max(total.bill.unknown, cost.unknown)
    if hidden:
        rows.append([f"… and {hidden:,} more", *[""] * (len(columns) - 1)])
    rows.append(_row("total", total, checked, known))
    tokens = token_sum(total.prompt_tokens or None, total.completion_tokens or None)
    return table(columns, rows, palette, width) + palette.dim(with_cost(tokens, cost, width)) + "\n"


def with_cost(tokens: str, cost: Cost | None, width: int | None) -> str:
    """Return what tokens there were, and what they cost, on one line, or on two where `width` cells hold no more."""
    if cost is None:
        return tokens
    line = f"{tokens}; cost {told(cost)}"
    return line if width is None or cell_len(line) <= width else f"{tokens}\ncost {told(cost)}"


def _row(persona: str, sums: PersonaTally, checked: bool, paid: bool) -> list[str]:
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
        *([cell(sums.bill.cost())] if paid else []),
    ]


class Failures:
    """Counts errors by kind; only the first message of a kind is kept, so memory stays flat."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, error: ErrorInfo) -> None:
        """Count one."""
        self._counts[error.kind] += 1
        self._first.setdefault(error.kind, error.message)

    def reasons(self) -> str:
        """Return `server: HTTP 500: oops`, with counts where there are several kinds; empty without failures."""
        several = len(self._counts) > 1
        told = [
            f"{count:,} × {self._reason(kind)}" if several else self._reason(kind)
            for kind, count in self._counts.most_common(KINDS)
        ]
        return "; ".join([*told, *(["…"] if len(self._counts) > KINDS else [])])

    def _reason(self, kind: str) -> str:
        message = one_line(self._first[kind])
        return f"{kind}: {message[: LONGEST - 1]}…" if len(message) > LONGEST else f"{kind}: {message}"
