"""How a measurement spreads within each condition: middle, half and most of its values, on one scale for all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.p_values import Floats
from persona_batch.reporting.charts import Row, axis, label_width, row_labels, step_of
from persona_batch.reporting.data import Drawn, Numbers, Plot, Told
from persona_batch.reporting.drawing import (
    Band,
    Format,
    Linear,
    Log,
    canvas,
    element,
    line,
    linked,
    number,
    rounded_out,
    text,
)
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.plot import Value

MOST = 120  # rows
READING = Told(
    "The dot is the median, the bar holds the middle half, the line 90 in 100; the ring is the greatest and leads "
    "to it.",
    "点是中位数，粗线是中间一半，细线是 100 条中的 90 条；圆圈是最大的一条，点它可以打开。",
)
_WIDTH, _GAP, _TOP, _FIGURE = 280.0, 44.0, 34.0, 62.0
_NAMES = 300.0  # pixels: names of conditions hold all that tells them apart
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Measured:
    """A column of `Facts.table`, and how it is told; `log`: on a logarithmic scale, for what spans decades."""

    field: str
    title: Told
    form: Format = number
    log: bool = False
    unit: float = 1.0


def distributions(facts: Facts, name: str, title: Told, wanted: Sequence[Measured], limit: Told) -> Plot | None:
    """Return measurements side by side, a row a condition; None: none of them was reported.

    Args:
        facts: what there is to draw.
        name: of the plot.
        title: of the plot.
        wanted: the measurements; the first that was reported orders many rows.
        limit: what they do not show.
    """
    table = facts.table
    held = [one for one in wanted if np.isfinite(table[one.field]).any()]
    if not held:
        return None
    groups = [np.flatnonzero(table["condition"] == number) for number in range(len(facts.conditions))]
    order = _order(facts, table[held[0].field], groups)
    limits = [limit]
    if len(order) > MOST:
        limits.insert(
            0,
            Told(
                f"Shown are {MOST} of {len(order)} conditions, evenly from the least to the greatest median.",
                f"这里显示 {len(order)} 个条件中的 {MOST} 个，按中位数从小到大均匀选取。",
            ),
        )
        order = [order[place] for place in np.unique(np.linspace(0, len(order) - 1, MOST).round().astype(int))]
    rows = [Row(facts.conditions[number].id, [number], facts.conditions[number].role != "persona") for number in order]
    band = Band(_TOP, step_of(len(rows)))
    left, bottom = label_width([row.name for row in rows], _NAMES), _TOP + band.step * len(rows)
    shapes: list[Drawn] = row_labels(facts, rows, band, left)
    columns = [Told("name", "名称"), Told("replies", "回答数")]
    numbers: list[list[Value]] = [[row.name, len(groups[place])] for row, place in zip(rows, order, strict=True)]
    start = left
    for one in held:
        values = table[one.field] / one.unit
        scale = _scale(values, one, start)
        shapes += axis(scale, _TOP, bottom, title=one.title, form=one.form, about=5)
        columns += [in_words(one.title, told) for told in _HEADS]
        for place, condition in enumerate(order):
            mine = groups[condition][np.isfinite(values[groups[condition]])]
            if not len(mine):
                numbers[place] += [None] * len(_HEADS)
                continue
            quantiles = np.quantile(values[mine], _QUANTILES)
            shapes += _marks(facts, values, mine, quantiles, scale, band(place), one.form)
            numbers[place] += [round(float(value), 4) for value in (*quantiles, values[mine].max())]
        start += _WIDTH + _FIGURE + _GAP
    return Plot(
        name=name,
        title=title,
        reading=READING,
        limits=limits,
        drawing=canvas(start - _GAP + 10, bottom + 26, *shapes),
        table=Numbers(columns, numbers),
    )


_HEADS = (
    Told("5%", "5%"),
    Told("25%", "25%"),
    Told("median", "中位数"),
    Told("75%", "75%"),
    Told("95%", "95%"),
    Told("greatest", "最大"),
)


def in_words(title: Told, told: Told) -> Told:
    """Return the head of a column: what is measured, and which number of it."""
    return Told(f"{title.en}: {told.en}", f"{title.zh}：{told.zh}")


def _order(facts: Facts, values: Floats, groups: Sequence[NDArray[np.int64]]) -> list[int]:
    """Return the conditions as they stand; with many of them by their medians, behind the controls."""
    if len(groups) <= 12:
        return list(range(len(groups)))
    finite = [values[group][np.isfinite(values[group])] for group in groups]
    medians = [float(np.median(one)) if len(one) else np.inf for one in finite]
    return sorted(range(len(groups)), key=lambda place: (facts.conditions[place].role == "persona", medians[place]))


def _scale(values: Floats, one: Measured, start: float) -> Linear | Log:
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    if one.log and low > 0 and high > 4 * low:
        return Log(low, high * 1.0001, start, start + _WIDTH)
    ends = rounded_out(0.0, high if high > 0 else 1.0)
    return Linear(*ends, start, start + _WIDTH)


def _marks(
    facts: Facts,
    values: Floats,
    mine: NDArray[np.int64],
    quantiles: Floats,
    scale: Linear | Log,
    y: float,
    form: Format,
) -> list[Drawn]:
    table = facts.table
    ends = [scale(float(value)) for value in quantiles]
    extreme = mine[int(values[mine].argmax())]
    question, condition, sample = (int(table[name][extreme]) for name in ("question", "condition", "sample"))
    name = facts.conditions[condition].id
    median = form(float(quantiles[2]))
    middle = linked(
        facts.address(question, condition, sample),
        f"{name}: {median} ({form(float(quantiles[0]))} … {form(float(quantiles[4]))})",
        line(ends[0], y, ends[4], y, "span weak"),
        line(ends[1], y, ends[3], y, "half"),
        element("circle", {"class": "dot", "cx": ends[2], "cy": y, "r": 3.4}),
    )
    greatest = linked(
        facts.address(question, condition, sample),
        f"{name} · {facts.questions[question].id} · {form(float(values[extreme]))}",
        element("circle", {"class": "ring", "cx": scale(float(values[extreme])), "cy": y, "r": 2.6}),
    )
    figure = text(max(scale.start, scale.end) + 8, y + 4, median, "figure")
    return [middle, greatest, figure]
