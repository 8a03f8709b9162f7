"""Parts that plots share: a list of rows with names to pick by, axes, legends, marks of many shapes."""

from collections.abc import Sequence
from dataclasses import dataclass

from persona_batch.reporting.data import Drawn, Element, Told
from persona_batch.reporting.drawing import (
    Band,
    Format,
    Linear,
    Log,
    element,
    group,
    line,
    linked,
    number,
    shortened,
    text,
    width_of,
)
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.plot import columns_of

LABELS = 190.0  # pixels for names, at most
TALL = 500.0  # pixels, beyond which an axis stands above as well as below
GROUPS = 12  # that colour and shape together can tell apart
_SIZE = 3.4
_SHAPES = (
    "M{r} 0A{r} {r} 0 1 1 -{r} 0A{r} {r} 0 1 1 {r} 0Z",  # a circle
    "M-{s} -{s}H{s}V{s}H-{s}Z",  # a square
    "M0 -{l}L{l} {s}H-{l}Z",  # a triangle
    "M0 -{l}L{l} 0L0 {l}L-{l} 0Z",  # a diamond
    "M0 {l}L{l} -{s}H-{l}Z",  # a triangle on its tip
    "M-{t} -{l}H{t}V-{t}H{l}V{t}H{t}V{l}H-{t}V{t}H-{l}V-{t}H-{t}Z",  # a cross
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a plot: its name, and the conditions that it stands for."""

    name: str
    conditions: Sequence[int]
    quiet: bool = False


def step_of(rows: int) -> float:
    """Return the height of a row in pixels: a hundred stay readable on two screens."""
    return 24.0 if rows <= 24 else 18.0 if rows <= 50 else 14.0


def label_width(names: Sequence[str], most: float = LABELS) -> float:
    """Return the pixels that the longest of some names takes, at most `most`."""
    return min(most, max((width_of(name) for name in names), default=0.0)) + 14


def row_labels(facts: Facts, rows: Sequence[Row], band: Band, right: float) -> list[Drawn]:
    """Return the names of rows, ending at `right`; each picks its conditions as columns of the matrix."""
    small = band.step < 17
    found: list[Drawn] = []
    for place, row in enumerate(rows):
        kind = " ".join(["name"] + ["small"] * small + ["muted"] * row.quiet)
        said = text(right - 10, band(place) + 4, shortened(row.name, right - 12), kind, at="end")
        back = element(
            "rect", {"class": "hit", "x": 0, "y": band(place) - band.step / 2, "width": right, "height": band.step}
        )
        found.append(
            linked(columns_of(facts, row.conditions), row.name, back, said, kind="pick") if row.conditions else said
        )
    return found


def column_labels(names: Sequence[str], band: Band, bottom: float) -> list[Drawn]:
    """Return the names of columns, rising from `bottom`."""
    return [
        element(
            "text",
            {"class": "tick", "transform": f"translate({band(place) + 3:.1f} {bottom - 7:.1f}) rotate(-52)"},
            name,
        )
        for place, name in enumerate(names)
    ]


def axis(
    scale: Linear | Log,
    top: float,
    bottom: float,
    *,
    title: Told | None = None,
    form: Format = number,
    about: int = 5,
    ticks: Sequence[float] | None = None,
) -> list[Drawn]:
    """Return lines at round values of a horizontal scale, their numbers below (of a tall one above too), a title."""
    found: list[Drawn] = []
    for value in scale.ticks(about) if ticks is None else ticks:
        found.append(line(scale(value), top, scale(value), bottom, "grid"))
        found.append(text(scale(value), bottom + 15, form(value), "tick", at="middle"))
        if bottom - top > TALL:
            found.append(text(scale(value), top - 6, form(value), "tick", at="middle"))
    if title is not None:
        found.append(text(scale.start, top - (22 if bottom - top > TALL else 10), title, "heading"))
    return found


def shape(group_number: int, x: float, y: float, size: float = _SIZE) -> Element:
    """Return a mark whose colour and shape are those of a group."""
    path = _SHAPES[group_number % len(_SHAPES)]
    lengths = {name: f"{size * by:.3g}" for name, by in {"r": 1.0, "s": 0.88, "l": 1.25, "t": 0.42}.items()}
    d = path.replace("{r}", lengths["r"]).replace("{s}", lengths["s"]).replace("{l}", lengths["l"])
    held = {"class": f"point c{group_number}", "d": d.replace("{t}", lengths["t"])}
    return element("path", {**held, "transform": f"translate({x:.1f} {y:.1f})"})


def legend(names: Sequence[str | Told], x: float, y: float, width: float) -> list[Drawn]:
    """Return the marks of groups with their names, one below the other."""
    found: list[Drawn] = []
    for place, name in enumerate(names):
        row = y + 20 * place
        said = shortened(name, width - 16) if isinstance(name, str) else name
        found.append(group(shape(place, x + 5, row, 4.4), text(x + 16, row + 4, said, "name")))
    return found


def steps_legend(
    kinds: Sequence[str], names: Sequence[str | Told], x: float, y: float, width: float = 34
) -> list[Drawn]:
    """Return the steps of a colour scale side by side, their names below."""
    found: list[Drawn] = []
    for place, (kind, name) in enumerate(zip(kinds, names, strict=True)):
        left = x + place * width
        found.append(element("rect", {"class": f"square {kind}", "x": left, "y": y, "width": width - 1, "height": 10}))
        found.append(text(left + width / 2, y + 23, name, "tick", at="middle"))
    return found


def spaced(wanted: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Return places near the wanted ones, at least so far apart, in the same order, within the ends if they fit."""
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    found = [0.0] * len(wanted)
    below = low - least
    for place in order:
        found[place] = below = max(wanted[place], below + least)
    above = high + least
    for place in reversed(order):
        found[place] = above = min(found[place], above - least)
    return found


def percent(value: float) -> str:
    """Return a share as a number of a hundred, without its sign."""
    return number(100 * value)
