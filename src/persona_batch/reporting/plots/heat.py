"""Persona × question: where a prompt shows. Each square is a cell, and leads to it."""

from dataclasses import dataclass

import numpy as np

from persona_batch.comparing.comparison import Comparison
from persona_batch.comparing.p_values import Floats
from persona_batch.reporting.charts import Row, column_labels, label_width, percent, row_labels, steps_legend
from persona_batch.reporting.data import Drawn, Element, Numbers, Plot, Told
from persona_batch.reporting.drawing import Band, canvas, element, linked, shortened, width_of
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.plot import Value, conditions_of, first_samples, same

MOST = 6_000  # squares
_STEPS = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9)  # between them the colours, from far below chance to always told apart
_KINDS = ("h0", "h1", "h2", "h3", "h4", "h5", "h6")
_NAMES = ("0–20", "–40", "–60", "–70", "–80", "–90", "–100")
_SPARSE = 0.75  # share of squares with a value, below which personas have questions of their own


@dataclass(frozen=True, slots=True)
class _Heat:
    """Values with a row an arm and a column a question; NaN: not compared there."""

    names: list[str]
    conditions: list[list[int]]
    questions: list[int]
    values: Floats
    yardsticks: list[bool]
    single: bool


def plot_of(facts: Facts) -> Plot | None:
    """Return the map of cells; None: fewer than two questions or no arm was compared."""
    heat = None if facts.comparison is None else _measured(facts, facts.comparison)
    if heat is None:
        return None
    shown, limits = _folded(heat)
    if heat.single:
        limits.append(
            Told(
                "With one sample a square is one guess: right, wrong or undecided.",
                "每格只有一个样本时，一格就是猜一次：对、错或不定。",
            )
        )
    limits.append(
        Told(
            "A single square is not tested, and below 50 is chance alone. The order by itself makes a slope: look for "
            "rows and columns that stand out from their neighbours.",
            "单独一格没有经过检验，低于 50 只是偶然。排序本身就会造成渐变：请看与邻近行列明显不同的行列。",
        )
    )
    return Plot(
        name="heat",
        title=Told("Personas × questions", "角色 × 问题"),
        reading=Told(
            "Each square: of 100 pairs of a reply and the control's to the same question, how many are told right? The "
            "darker (by night the brighter) the blue, the more a prompt shows there; grey is chance. What shows most "
            "stands at the top left.",
            "每一格：同一问题下，该角色与对照各取一条，100 对里分得对多少？蓝色越浓，提示在那里越明显；灰色等于瞎猜。"
            "最明显的在左上角。",
        ),
        limits=limits,
        drawing=_drawing(facts, shown),
        table=_table(facts, shown),
    )


def _measured(facts: Facts, comparison: Comparison) -> _Heat | None:
    place_of = {question.id: place for place, question in enumerate(facts.questions)}
    columns = [(number, place_of[name]) for number, name in enumerate(comparison.questions) if name in place_of]
    names, conditions, rows, yardsticks, singles = [], [], [], [], []
    for arm in comparison.arms:
        told = comparison.find("told_apart", arm.name)
        if told is None or not told.arm_values:
            continue
        values = [told.arm_values[number] for number, _ in columns]
        names.append(arm.name)
        conditions.append(conditions_of(facts, arm))
        yardsticks.append(arm.role in ("placebo", "control"))
        singles.append(max(told.samples, told.reference_samples) <= max(1, told.questions))
        rows.append([np.nan if value is None else value for value in values])
    if not rows or len(columns) < 2:
        return None
    found = np.array(rows, dtype=np.float64)
    means = _means(found)
    order = sorted(range(len(rows)), key=lambda row: (yardsticks[row], -means[row]))
    kept = [column for column in _columns(found, order, yardsticks) if np.isfinite(found[:, column]).any()]
    if len(kept) < 2:
        return None
    return _Heat(
        [names[row] for row in order],
        [conditions[row] for row in order],
        [columns[column][1] for column in kept],
        found[np.ix_(order, kept)],
        [yardsticks[row] for row in order],
        all(singles),
    )


def _means(values: Floats) -> Floats:
    """Return the mean of each row; 0 for one without values."""
    held = np.isfinite(values)
    total, count = np.where(held, values, 0.0).sum(axis=1), held.sum(axis=1)
    found: Floats = np.divide(total, count, out=np.zeros(len(values)), where=count > 0)
    return found


def _columns(values: Floats, order: list[int], yardsticks: list[bool]) -> list[int]:
    """Return the columns, the highest mean of the personas first; where they have their own, persona by persona."""
    asked = values[[row for row in order if not yardsticks[row]] or order]
    held, means = np.isfinite(asked), _means(asked.T)
    apart = held.mean() < _SPARSE
    return sorted(
        range(values.shape[1]), key=lambda column: ((~held[:, column]).tolist() if apart else [], -means[column])
    )


def _folded(heat: _Heat) -> tuple[_Heat, list[Told]]:
    """Return whole rows and columns of at most `MOST` squares, evenly from most to least, and what is left out."""
    rows, columns = heat.values.shape
    keep_rows = min(rows, MOST // 2)
    keep_columns = max(1, min(columns, MOST // keep_rows))
    if (keep_rows, keep_columns) == (rows, columns):
        return heat, []
    by_row, by_column = _even(rows, keep_rows), _even(columns, keep_columns)
    told = Told(
        f"Shown are {keep_columns:,} of {columns:,} questions and {keep_rows:,} of {rows:,} rows: whole ones, evenly "
        "from the most to the least different.",
        f"这里显示 {columns:,} 个问题中的 {keep_columns:,} 个、{rows:,} 行中的 {keep_rows:,} 行：整行整列，"
        "从差异最大到最小均匀选取。",
    )
    shown = _Heat(
        [heat.names[row] for row in by_row],
        [heat.conditions[row] for row in by_row],
        [heat.questions[column] for column in by_column],
        heat.values[np.ix_(by_row, by_column)],
        [heat.yardsticks[row] for row in by_row],
        heat.single,
    )
    return shown, [told]


def _even(total: int, kept: int) -> list[int]:
    found: list[int] = np.unique(np.linspace(0, total - 1, kept).round().astype(np.int64)).tolist()
    return found


def _drawing(facts: Facts, heat: _Heat) -> Element:
    count, width = heat.values.shape
    rows = [Row(*named) for named in zip(heat.names, heat.conditions, heat.yardsticks, strict=True)]
    left = label_width(heat.names, 150)
    high = 26.0 if count <= 8 else 20.0 if count <= 24 else 16.0 if count <= 50 else 13.0
    wide = 40.0 if width <= 16 else 26.0 if width <= 30 else 18.0 if width <= 45 else 14.0
    names = [shortened(facts.questions[question].id, 110, 11) for question in heat.questions]
    head = 14 + 0.8 * max(width_of(name, 11) for name in names)
    across, down = Band(left, wide), Band(head, high)
    samples = first_samples(facts)
    shapes: list[Drawn] = [*column_labels(names, across, head), *row_labels(facts, rows, down, left)]
    for row, named in enumerate(heat.names):
        for column, question in enumerate(heat.questions):
            value = float(heat.values[row, column])
            square = {"x": across(column) - wide / 2, "y": down(row) - high / 2, "width": wide - 1, "height": high - 1}
            where = next((one for one in heat.conditions[row] if (question, one) in samples), None)
            if np.isnan(value) or where is None:
                shapes.append(element("rect", {"class": "square none", **square}))
                continue
            kind = _KINDS[int(np.searchsorted(_STEPS, value, side="right"))]
            address = facts.address(question, where, samples[question, where])
            said = f"{named} · {facts.questions[question].id} · {percent(round(value, 2))}"
            shapes.append(linked(address, said, element("rect", {"class": f"square {kind}", **square})))
    bottom = head + high * count
    shapes += steps_legend(_KINDS, _NAMES, left, bottom + 14, 44)
    right = left + max(wide * width, 44 * len(_KINDS)) + 60
    return canvas(right, bottom + 44, *shapes)


def _table(facts: Facts, heat: _Heat) -> Numbers:
    columns = [Told("name", "名称"), *(same(facts.questions[question].id) for question in heat.questions)]
    rows: list[list[Value]] = []
    for name, values in zip(heat.names, heat.values.tolist(), strict=True):
        rows.append([name, *(None if np.isnan(value) else value for value in values)])
    return Numbers(columns, rows)
