"""Numbers as a row of small bars, one cell each."""

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
MISSING = "·"


def sparkline(values: Sequence[float | None]) -> str:
    """Return one bar per value, scaled from the least to the greatest; values that are all alike are half bars."""
    present = [value for value in values if value is not None]
    if not present:
        return MISSING * len(values)
    low, high = min(present), max(present)
    return "".join(MISSING if value is None else _bar(value, low, high) for value in values)


def _bar(value: float, low: float, high: float) -> str:
    # halved first, for the spread of the largest floats is no float
    span = high / 2 - low / 2
    if span <= 0:
        return BARS[len(BARS) // 2 - 1]
    return BARS[min(len(BARS) - 1, int((value / 2 - low / 2) / span * len(BARS)))]
