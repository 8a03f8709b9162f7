"""Small bars of the terminal: a value between two ends, with its interval."""

from persona_batch.comparing.comparison import Interval

CELLS = 25
_DRAWN = {True: ("·", "─", "●"), False: (".", "-", "o")}  # background, interval, value; with Unicode and without


def bar(value: float, interval: Interval | None, *, low: float, high: float, unicode: bool = True) -> str:
    """Return `CELLS` cells with the value and its interval between `low` and `high`; what is beyond is cut."""
    background, line, point = _DRAWN[unicode]
    cells = [background] * CELLS
    if interval is not None:
        for place in range(_place(interval.low, low, high), _place(interval.high, low, high) + 1):
            cells[place] = line
    cells[_place(value, low, high)] = point
    return "".join(cells)


def _place(value: float, low: float, high: float) -> int:
    share = (min(max(value, low), high) - low) / (high - low)
    return min(CELLS - 1, round(share * (CELLS - 1)))
