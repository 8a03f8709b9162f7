"""Drift: how well personas do at the probes, turn after turn."""

from collections import defaultdict
from dataclasses import dataclass

from persona_batch.comparing.comparison import AFTER, Estimate
from persona_batch.reporting.charts import percent, spaced
from persona_batch.reporting.data import Drawn, Element, Numbers, Plot, Told
from persona_batch.reporting.drawing import Linear, canvas, element, group, line, linked, shortened, text
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.plot import Value, conditions_of, first_samples

_NAMED = 12  # curves that have a colour and a name of their own
_WIDTH, _HEIGHT, _LEFT, _TOP, _LABELS = 520.0, 280.0, 44.0, 30.0, 200.0


@dataclass(frozen=True, slots=True)
class _Curve:
    name: str
    conditions: list[int]
    points: list[tuple[int, Estimate]]
    slope: Estimate | None

    @property
    def steepness(self) -> float:
        return abs(self.slope.value or 0.0) if self.slope is not None else 0.0


def plot_of(facts: Facts) -> Plot | None:
    """Return the curves; None: there are no probes with checks, or after one turn only."""
    curves = _curves(facts)
    turns = sorted({turn for curve in curves for turn, _ in curve.points})
    if len(turns) < 2:
        return None
    named = sorted(range(len(curves)), key=lambda place: -curves[place].steepness)[:_NAMED]
    limits = [
        Told(
            "Bars are 95% intervals over questions; where there are none, too few questions were probed after that "
            "turn.",
            "竖线是按问题计的 95% 区间；没有竖线的地方，那一轮之后被探问的问题太少。",
        )
    ]
    if len(curves) > _NAMED:
        limits.append(
            Told(
                f"Named are the {_NAMED} of {len(curves)} whose score moves most.",
                f"{len(curves)} 条曲线中标出变化最大的 {_NAMED} 条。",
            )
        )
    return Plot(
        name="drift",
        title=Told("Drift over the turns", "逐轮漂移"),
        reading=Told(
            "After some turns of a conversation a probe is asked on a fork: what share of its checks is passed? A line "
            "that falls: the persona fades as the talk goes on.",
            "对话进行几轮之后，在分支上提一个探针问题：通过了多少检查？线往下走，说明角色随对话淡化。",
        ),
        limits=limits,
        drawing=_drawing(facts, curves, set(named), turns),
        table=_table(curves, turns),
    )


def _curves(facts: Facts) -> list[_Curve]:
    if facts.comparison is None:
        return []
    held: dict[str, list[tuple[int, Estimate]]] = defaultdict(list)
    for row in facts.comparison.estimates:
        if row.measure == "drift" and row.metric.startswith(AFTER) and row.value is not None:
            held[row.arm].append((int(row.metric.removeprefix(AFTER)), row))
    return [
        _Curve(
            arm.name,
            conditions_of(facts, arm),
            sorted(held[arm.name], key=lambda point: point[0]),
            facts.comparison.find("drift", arm.name, "slope"),
        )
        for arm in facts.comparison.arms
        if arm.name in held
    ]


def _drawing(facts: Facts, curves: list[_Curve], named: set[int], turns: list[int]) -> Element:
    across = Linear(turns[0], turns[-1], _LEFT + 14, _LEFT + _WIDTH - 14)
    up = Linear(0.0, 1.0, _TOP + _HEIGHT, _TOP)
    shapes: list[Drawn] = [text(_LEFT, _TOP - 12, Told("probe score, of 100", "探针得分（满分 100）"), "heading")]
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        shapes.append(line(_LEFT, up(value), _LEFT + _WIDTH, up(value), "grid"))
        shapes.append(text(_LEFT - 8, up(value) + 4, percent(value), "tick", at="end"))
    shapes += [text(across(turn), _TOP + _HEIGHT + 18, f"{turn}", "tick", at="middle") for turn in turns]
    shapes.append(text(_LEFT + _WIDTH / 2, _TOP + _HEIGHT + 36, Told("after turn", "第几轮之后"), "tick", at="middle"))
    places = {question.id: place for place, question in enumerate(facts.questions)}
    samples = first_samples(facts)
    colours = {place: number for number, place in enumerate(sorted(named))}
    for place in sorted(range(len(curves)), key=lambda place: place in named):
        kind = f"k{colours[place]}" if place in named else "faint"
        shapes.append(_curve(facts, curves[place], across, up, kind, places, samples))
    ends = [up(curves[place].points[-1][1].value or 0.0) for place in sorted(named)]
    for place, y in zip(sorted(named), spaced(ends, 15, _TOP, _TOP + _HEIGHT), strict=True):
        x = _LEFT + _WIDTH + 8
        shapes.append(text(x, y + 4, shortened(curves[place].name, _LABELS - 20), f"name t{colours[place]}"))
    return canvas(_LEFT + _WIDTH + _LABELS, _TOP + _HEIGHT + 46, *shapes)


def _curve(
    facts: Facts,
    curve: _Curve,
    across: Linear,
    up: Linear,
    kind: str,
    places: dict[str, int],
    samples: dict[tuple[int, int], int],
) -> Element:
    d = "".join(
        f"{'L' if number else 'M'}{across(turn):.1f} {up(row.value or 0.0):.1f}"
        for number, (turn, row) in enumerate(curve.points)
    )
    shapes: list[Drawn] = [element("path", {"class": f"curve {kind}", "d": d})]
    for turn, row in curve.points:
        x, value = across(turn), row.value or 0.0
        marks: list[Drawn] = []
        if row.interval is not None and kind != "faint":
            low, high = max(0.0, row.interval.low), min(1.0, row.interval.high)
            marks.append(line(x, up(low), x, up(high), f"whisker {kind}"))
        marks.append(element("circle", {"class": f"node {kind}", "cx": x, "cy": up(value), "r": 3.4}))
        said = Told(
            f"{curve.name}, after turn {turn}: {percent(value)}", f"{curve.name}，第 {turn} 轮之后：{percent(value)}"
        )
        address = _address(facts, curve, row, places, samples)
        shapes.append(group(*marks, element("title", {}, said)) if address is None else linked(address, said, *marks))
    return group(*shapes)


def _address(
    facts: Facts, curve: _Curve, row: Estimate, places: dict[str, int], samples: dict[tuple[int, int], int]
) -> str | None:
    """Return the first conversation that was probed there."""
    comparison = facts.comparison
    if comparison is None:
        return None
    for name, value in zip(comparison.questions, row.differences, strict=False):
        question = places.get(name)
        if value is None or question is None:
            continue
        for condition in curve.conditions:
            if (question, condition) in samples:
                return facts.address(question, condition, samples[question, condition])
    return None


def _table(curves: list[_Curve], turns: list[int]) -> Numbers:
    columns = [Told("name", "名称"), Told("slope a turn", "每轮斜率"), Told("p", "p")]
    columns += [Told(f"after turn {turn}", f"第 {turn} 轮之后") for turn in turns]
    rows: list[list[Value]] = []
    for curve in curves:
        at = dict(curve.points)
        slope = curve.slope
        rows.append(
            [
                curve.name,
                None if slope is None else slope.value,
                None if slope is None else slope.p,
                *(at[turn].value if turn in at else None for turn in turns),
            ]
        )
    return Numbers(columns, rows)
