"""Over the days: a batch's runs in a row, with the alarms of its history; or one run that went on for days."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing.corpus import USABLE
from persona_batch.comparing.p_values import Floats
from persona_batch.comparing.series import Series
from persona_batch.reporting.charts import spaced
from persona_batch.reporting.data import Drawn, Element, Numbers, Plot, Told
from persona_batch.reporting.drawing import (
    Linear,
    canvas,
    element,
    group,
    line,
    linked,
    number,
    rounded_out,
    shortened,
    text,
)
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.plot import Value, first_samples, word

_NAMED = 12  # lines of a panel that have a colour and a name of their own
_LEFT, _WIDTH, _HEIGHT, _GAP, _LABELS = 52.0, 560.0, 128.0, 46.0, 190.0
_DAY = 86_400.0  # seconds


@dataclass(frozen=True, slots=True)
class _Line:
    """A persona's values, one a moment; NaN: nothing was measured. `alarms` are the moments that raised one."""

    name: str
    values: Floats
    alarms: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Panel:
    title: Told
    lines: list[_Line]


@dataclass(frozen=True, slots=True)
class _Days:
    """Panels over the same moments (seconds of Unix time); `labels` name them."""

    moments: list[float]
    labels: list[str]
    panels: list[_Panel]
    address: Callable[[str, int], str | None]


def plot_of(facts: Facts) -> Plot | None:
    """Return the values over time; None: everything is of one run and one day."""
    days = _of_history(facts, facts.history) if facts.history is not None else _of_records(facts)
    if days is None or len(days.moments) < 2 or not days.panels:
        return None
    watched = facts.history is not None
    limits = []
    if watched:
        limits.append(
            Told(
                "Only what was asked in exactly the same way is watched; a ring is an alarm that a night's noise does "
                "not explain.",
                "只监测提问方式完全相同的部分；圆圈是警报，夜间的随机波动解释不了。",
            )
        )
    else:
        limits.append(
            Told(
                "Means of what was asked at the time: other questions, another mean. Nothing is tested here; "
                "`batch history` does, over three runs.",
                "各时刻所问问题的均值：问题不同，均值也不同。这里没有检验；有三次运行时可用 `batch history`。",
            )
        )
    if any(len(panel.lines) > _NAMED for panel in days.panels):
        limits.append(
            Told(
                f"Named are the {_NAMED} lines that move most; the others are grey.",
                f"只标出变化最大的 {_NAMED} 条，其余为灰色。",
            )
        )
    return Plot(
        name="days",
        title=Told("Over the days", "逐日变化"),
        reading=Told(
            "From left to right time goes on; each line is a persona. A line that leaves its level: the endpoint, or "
            "what was asked, is no longer the same.",
            "从左到右是时间，每条线是一个角色。某条线离开原来的水平，说明端点或提问已经变了。",
        ),
        limits=limits,
        drawing=_drawing(days),
        table=_table(days),
    )


def _of_history(facts: Facts, history: Series) -> _Days:
    runs = {source.run.id: place for place, source in enumerate(facts.gathered.sources)}
    cells = _cells(facts)
    moments = [datetime.fromisoformat(run.started_at).timestamp() for run in history.runs]
    names = [run.run for run in history.runs]
    panels: dict[str, _Panel] = {}
    for trend in history.trends:
        values = np.array([np.nan if value is None else value for value in trend.values], dtype=np.float64)
        alarms = frozenset(names.index(run) for run in trend.alarms if run in names)
        known = values[np.isfinite(values)]
        if len(known) and (trend.measure in ("text", "length") or len(np.unique(known)) > 1):
            measure, unit = word(trend.measure), word(trend.unit)
            title = Told(f"{measure.en}, {unit.en}", f"{measure.zh}，{unit.zh}")
            panels.setdefault(trend.measure, _Panel(title, [])).lines.append(_Line(trend.persona, values, alarms))

    def address(persona: str, moment: int) -> str | None:
        run = runs.get(names[moment])
        return None if run is None else cells.get((run, persona))

    return _Days(moments, [run.started_at[:10] for run in history.runs], list(panels.values()), address)


def _of_records(facts: Facts) -> _Days | None:
    """Return the means by run and day of the runs' own records."""
    table = facts.table
    timed = table[np.isfinite(table["started"])]
    if not len(timed):
        return None
    day = np.floor(timed["started"] / _DAY).astype(np.int64)
    moments, moment_of = np.unique(np.stack([timed["run"].astype(np.int64), day]), axis=1, return_inverse=True)
    moment_of = moment_of.reshape(-1)
    if moments.shape[1] < 2:
        return None
    order = np.argsort(moments[1], kind="stable")
    rank = np.argsort(order)
    moment_of = rank[moment_of]
    starts = [float(timed["started"][moment_of == place].min()) for place in range(len(order))]
    usable = np.isin(timed["status"], USABLE)
    personas = list(dict.fromkeys(condition.persona for condition in facts.conditions))
    place_of = {name: place for place, name in enumerate(personas)}
    owner = np.array([place_of[condition.persona] for condition in facts.conditions])[timed["condition"]]
    measures: list[tuple[Told, NDArray[np.float64]]] = [
        (Told("length of a reply, characters", "回答长度，字符"), np.where(usable, timed["characters"], np.nan)),
        (Told("whole reply, s", "整条回答，秒"), timed["latency"] / 1000),
        (Told("no usable reply, of 100", "没有可用回答，100 次中"), np.where(usable, 0.0, 100.0)),
    ]
    panels = [
        _Panel(
            title,
            [_Line(name, _means(values, moment_of, owner == place, len(order))) for name, place in place_of.items()],
        )
        for title, values in measures
        if np.isfinite(values).any() and float(np.nanmax(values)) > 0
    ]
    cells = _cells(facts)
    runs = moments[0][order].tolist()
    labels = [datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%d") for start in starts]
    return _Days(starts, labels, panels, lambda persona, moment: cells.get((runs[moment], persona)))


def _means(values: Floats, moment_of: NDArray[np.int64], mine: NDArray[np.bool_], moments: int) -> Floats:
    held = mine & np.isfinite(values)
    count = np.bincount(moment_of[held], minlength=moments)
    total = np.bincount(moment_of[held], values[held], minlength=moments)
    found: Floats = np.divide(total, count, out=np.full(moments, np.nan), where=count > 0)
    return found


def _cells(facts: Facts) -> dict[tuple[int, str], str]:
    """Return the first cell of each run and persona that has records."""
    found: dict[tuple[int, str], str] = {}
    for (question, number_of), sample in first_samples(facts).items():
        condition = facts.conditions[number_of]
        if (condition.run, condition.persona) not in found:
            found[condition.run, condition.persona] = facts.address(question, number_of, sample)
    return found


def _drawing(days: _Days) -> Element:
    first, last = days.moments[0], days.moments[-1]
    across = Linear(first, last if last > first else first + 1, _LEFT + 8, _LEFT + _WIDTH - 8)
    shapes: list[Drawn] = []
    top = 30.0
    for panel in days.panels:
        shapes.append(_panel(days, panel, across, top))
        top += _HEIGHT + _GAP
    shown: list[float] = []
    for moment, label in zip(days.moments, days.labels, strict=True):
        if not shown or across(moment) - shown[-1] > 76:
            shown.append(across(moment))
            shapes.append(text(across(moment), top - _GAP + 18, label, "tick", at="middle"))
    return canvas(_LEFT + _WIDTH + _LABELS, top - _GAP + 30, *shapes)


def _panel(days: _Days, panel: _Panel, across: Linear, top: float) -> Element:
    known = np.concatenate([one.values[np.isfinite(one.values)] for one in panel.lines])
    low, high = rounded_out(
        min(0.0, float(known.min())) if known.min() < 0.5 * known.max() else float(known.min()), float(known.max()), 3
    )
    up = Linear(low, high, top + _HEIGHT, top)
    shapes: list[Drawn] = [text(_LEFT, top - 12, panel.title, "heading")]
    for value in up.ticks(3):
        shapes.append(line(_LEFT, up(value), _LEFT + _WIDTH, up(value), "grid"))
        shapes.append(text(_LEFT - 8, up(value) + 4, number(value), "tick", at="end"))
    loud = sorted(
        range(len(panel.lines)), key=lambda place: (not panel.lines[place].alarms, -_moves(panel.lines[place]))
    )
    named = sorted(loud[: min(len(panel.lines), _NAMED)])
    colours = {place: number_of for number_of, place in enumerate(named)}
    for place in sorted(range(len(panel.lines)), key=lambda place: place in colours):
        kind = f"k{colours[place]}" if place in colours else "faint"
        shapes.append(_curve(days, panel.lines[place], across, up, kind))
    written = [place for place in named if np.isfinite(panel.lines[place].values).any()]
    ends = [up(float(panel.lines[place].values[np.isfinite(panel.lines[place].values)][-1])) for place in written]
    most = int((_HEIGHT + 8) / 13) + 1
    for place, y in list(zip(written, spaced(ends, 13, top - 8, top + _HEIGHT), strict=True))[:most]:
        name = shortened(panel.lines[place].name, _LABELS - 20, 11)
        shapes.append(text(_LEFT + _WIDTH + 8, y + 4, name, f"name small t{colours[place]}"))
    return group(*shapes)


def _moves(one: _Line) -> float:
    known = one.values[np.isfinite(one.values)]
    return float(known.max() - known.min()) if len(known) else 0.0


def _curve(days: _Days, one: _Line, across: Linear, up: Linear, kind: str) -> Element:
    places = np.flatnonzero(np.isfinite(one.values)).tolist()
    points = [(across(days.moments[place]), up(float(one.values[place]))) for place in places]
    d = "".join(f"{'L' if place else 'M'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(points))
    shapes: list[Drawn] = [element("path", {"class": f"curve {kind}", "d": d})] if d else []
    for place, (x, y) in zip(places, points, strict=True):
        if kind == "faint" and place not in one.alarms:
            continue
        marks: list[Drawn] = [element("circle", {"class": f"node {kind}", "cx": x, "cy": y, "r": 2.6})]
        if place in one.alarms:
            marks.append(element("circle", {"class": "alarm", "cx": x, "cy": y, "r": 7}))
        said = f"{one.name} · {days.labels[place]} · {number(float(one.values[place]))}"
        address = days.address(one.name, place)
        shapes.append(group(*marks, element("title", {}, said)) if address is None else linked(address, said, *marks))
    return group(*shapes)


def _table(days: _Days) -> Numbers:
    columns = [Told("measure", "指标"), Told("persona", "角色"), *(Told(label, label) for label in days.labels)]
    columns.append(Told("alarms", "警报"))
    rows: list[list[Value]] = []
    for panel in days.panels:
        for one in panel.lines:
            values: Sequence[Value] = [None if np.isnan(value) else round(value, 4) for value in one.values.tolist()]
            alarms = ", ".join(days.labels[place] for place in sorted(one.alarms)) or None
            rows.append([panel.title.en, one.name, *values, alarms])
    return Numbers(columns, rows)
