"""The table of checks: how often each passed, by persona, and the commonest reason of failure."""

from persona_batch.record.check_rates import CheckRate, CheckRates
from persona_batch.view.palette import Palette
from persona_batch.view.tables import Column, table

COLUMNS = (
    Column("persona", shrinks=True),
    Column("check", shrinks=True),
    Column("passed", "right"),
    Column("share", "right"),
    Column("failed for", shrinks=True),
)


def check_table(rates: CheckRates, palette: Palette, width: int | None = None) -> str:
    """Return the table as text that ends with a line feed; empty where nothing was checked."""
    if not rates.total:
        return ""
    rows = [
        [rate.persona, label, f"{rate.passed:,}/{rate.total:,}", f"{rate.passed / rate.total:.0%}", _reason(rate)]
        for label, rate in rates.rows(reasons=1)
    ]
    rows.append(["total", "", f"{rates.passed:,}/{rates.total:,}", f"{rates.passed / rates.total:.0%}", ""])
    return table(COLUMNS, rows, palette, width)


def _reason(rate: CheckRate) -> str:
    return "; ".join(f"{reason} ({count:,}×)" for reason, count in rate.reasons.items())
