"""Attributes: do personas that have something in common show alike? Each dot a persona, at the level that it has."""

from dataclasses import dataclass

from persona_batch.comparing.comparison import Comparison, Estimate
from persona_batch.reporting.charts import axis, label_width, percent
from persona_batch.reporting.data import Drawn, Element, Factor, Numbers, Plot, Told
from persona_batch.reporting.drawing import Linear, canvas, element, line, linked, shortened, text
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.plot import Value, columns_of, conditions_of

CHANCE = 0.5
_LEAST = 6  # personas: with fewer, the forest says it all
_LEVELS = 24  # of an attribute; one with more is a name, not a group
_WIDTH, _TOP, _HEAD, _ROW = 460.0, 34.0, 26.0, 30.0


@dataclass(frozen=True, slots=True)
class _Dot:
    persona: str
    told: Estimate
    columns: list[int]


@dataclass(frozen=True, slots=True)
class _Level:
    attribute: str
    name: str
    dots: list[_Dot]

    @property
    def mean(self) -> float:
        return sum(dot.told.value or 0.0 for dot in self.dots) / len(self.dots)


def plot_of(facts: Facts) -> Plot | None:
    """Return the personas by their attributes; None: few were compared, or they have none in common."""
    levels = [] if facts.comparison is None else _levels(facts, facts.comparison)
    if not levels:
        return None
    return Plot(
        name="attributes",
        title=Told("Effects by attribute", "按属性看效果"),
        reading=Told(
            "Each dot is a persona at the level that it has, as far to the right as it is told from its control; the "
            "tick is the level's mean. Levels that lie apart: what the personas have in common shows.",
            "每个点是一个角色，按其属性分行，越靠右越容易与对照分开；竖线是该组均值。各行错开，说明共同属性体现在回答里。",
        ),
        limits=[
            Told(
                "A persona has many attributes at once, and no two levels are tested here: "
                "`batch compare --by ATTRIBUTE` does.",
                "一个角色同时有多个属性，这里没有检验各组之差；要检验用 `batch compare --by 属性`。",
            )
        ],
        drawing=_drawing(facts, levels),
        table=Numbers(
            [
                Told("attribute", "属性"),
                Told("level", "取值"),
                Told("personas", "角色数"),
                Told("mean told apart", "平均分得出"),
                Told("least", "最小"),
                Told("greatest", "最大"),
            ],
            [_row(level) for level in levels],
        ),
    )


def _levels(facts: Facts, comparison: Comparison) -> list[_Level]:
    dots: dict[str, _Dot] = {}
    arms = {arm.name: arm for arm in comparison.arms}
    for arm in comparison.arms:
        told = comparison.find("told_apart", arm.name)
        if arm.role == "persona" and told is not None and told.value is not None:
            reference = arms.get(told.reference or "")
            beside = [] if reference is None else conditions_of(facts, reference)
            dots[arm.name] = _Dot(arm.name, told, [*beside, *conditions_of(facts, arm)])
    if len(dots) < _LEAST:
        return []
    return [level for factor in facts.factors if factor.kind == "attribute" for level in _of(facts, factor, dots)]


def _of(facts: Facts, factor: Factor, dots: dict[str, _Dot]) -> list[_Level]:
    """Return the levels of an attribute, the highest mean first; none where nobody shares one, or all do."""
    held: dict[str, dict[str, _Dot]] = {}
    for condition in facts.conditions:
        name = condition.levels.get(factor.name)
        if name is not None and condition.persona in dots:
            held.setdefault(name, {})[condition.persona] = dots[condition.persona]
    if not 2 <= len(held) <= _LEVELS or max(map(len, held.values())) < 2:
        return []
    levels = [_Level(factor.name, name, list(mine.values())) for name, mine in held.items()]
    return sorted(levels, key=lambda level: (-level.mean, level.name))


def _drawing(facts: Facts, levels: list[_Level]) -> Element:
    left = label_width([level.name for level in levels])
    least = min(CHANCE, *(dot.told.value or 0.0 for level in levels for dot in level.dots))
    scale = Linear(min(0.4, int(least * 10) / 10), 1.0, left, left + _WIDTH)
    shapes: list[Drawn] = []
    y, attribute = _TOP, ""
    for level in levels:
        if level.attribute != attribute:
            attribute = level.attribute
            shapes.append(text(0, y + 16, shortened(attribute, left + 200), "heading strong"))
            y += _HEAD
        middle = y + _ROW / 2
        columns = [number for dot in level.dots for number in dot.columns]
        name = text(left - 10, middle + 4, shortened(level.name, left - 12), "name", at="end")
        shapes.append(linked(columns_of(facts, list(dict.fromkeys(columns))), level.name, name))
        shapes.append(line(left, middle, left + _WIDTH, middle, "grid"))
        shapes += [_dot(facts, dot, scale, middle) for dot in level.dots]
        shapes.append(line(scale(level.mean), middle - 11, scale(level.mean), middle + 11, "mean"))
        figure = f"{percent(round(level.mean, 2))}  ({len(level.dots)})"
        shapes.append(text(left + _WIDTH + 12, middle + 4, figure, "figure"))
        y += _ROW
    back = axis(scale, _TOP, y, title=Told("told apart, of 100", "分得出，100 次中"), form=percent, about=6)
    chance = line(scale(CHANCE), _TOP, scale(CHANCE), y, "chance")
    return canvas(left + _WIDTH + 84, y + 26, *back, chance, *shapes)


def _dot(facts: Facts, dot: _Dot, scale: Linear, y: float) -> Element:
    value = dot.told.value or 0.0
    mark = element("circle", {"class": "dot faded", "cx": scale(value), "cy": y, "r": 4.2})
    return linked(columns_of(facts, dot.columns), f"{dot.persona}: {percent(round(value, 2))}", mark)


def _row(level: _Level) -> list[Value]:
    values = [dot.told.value or 0.0 for dot in level.dots]
    return [level.attribute, level.name, len(values), level.mean, min(values), max(values)]
