"""Numbers and sentences of a comparison as people read them: p-values, signed differences, intervals."""

from persona_batch.comparing import Estimate
from persona_batch.comparing.comparison import Interval
from persona_batch.view.terminal import one_line, prose

MISSING = "–"
NOT_ESTIMABLE = "n.e."  # explained under the table
_SHARES = ("share", "rate", "accuracy", "noise")


def p_value(p: float | None) -> str:
    """Return p with three decimals and no leading zero; `n.e.` where there is none."""
    if p is None:
        return NOT_ESTIMABLE
    if p < 0.001:
        return "<.001"
    return "1" if p > 0.9995 else f"{p:.3f}".lstrip("0")


def is_share(unit: str) -> bool:
    """Say whether a unit is a share, printed in per cent."""
    return any(word in unit for word in _SHARES) and "score" not in unit


def amount(value: float | None, unit: str, *, sign: bool = False) -> str:
    """Return a value in its unit: shares in per cent, counts with as many decimals as they deserve."""
    if value is None:
        return MISSING
    plus = "+" if sign else ""
    if is_share(unit):
        digits = 1 if abs(value) < 0.0995 and value else 0
        return f"{_clean(value * 100, digits):{plus},.{digits}f}%"
    digits = 0 if abs(value) >= 20 else 1 if abs(value) >= 1 else 2
    return f"{_clean(value, digits):{plus},.{digits}f}"


def interval(found: Interval | None, unit: str) -> str:
    """Return an interval as `low…high`."""
    if found is None:
        return MISSING
    return f"{amount(found.low, unit)} … {amount(found.high, unit)}"


def starred(row: Estimate | None, level: float = 0.05) -> str:
    """Return a row's difference, with a star when it stands after Benjamini-Hochberg."""
    if row is None or row.value is None:
        return MISSING
    return amount(row.value, row.unit, sign=True) + ("*" if row.p_bh is not None and row.p_bh <= level else "")


def hanging(text: str, width: int) -> list[str]:
    """Return a sentence as lines of at most `width` cells, all but the first indented; no word is broken."""
    return prose(one_line(text), width)


def _clean(value: float, digits: int) -> float:
    """Return the value, or 0 instead of what would print as -0."""
    return 0.0 if round(value, digits) == 0 else value
