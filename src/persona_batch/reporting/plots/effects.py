"""Effects: how well a reply of each persona is told from one of its control, with intervals; beside it, others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from persona_batch.comparing.comparison import Arm, Claim, Comparison, Estimate, Interval
from persona_batch.reporting.charts import Row, axis, label_width, percent, row_labels, step_of
from persona_batch.reporting.data import Drawn, Element, Numbers, Plot, Told
from persona_batch.reporting.drawing import (
    Band,
    Format,
    Linear,
    canvas,
    element,
    line,
    linked,
    number,
    rounded_out,
    text,
)
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.plot import Value, columns_of, conditions_of, word

CHANCE = 0.5
_PANELS = 3  # of other effects
_WIDE, _NARROW, _GAP, _FIGURES, _TOP = 300.0, 130.0, 34.0, 84.0, 34.0
_SHARES = {"pass rate", "share of replies", "share of cells"}


@dataclass(frozen=True, slots=True)
class _Effect:
    arm: Arm
    told: Estimate
    claim: Claim | None
    conditions: list[int]
    reference: list[int]

    @property
    def holds(self) -> bool | None:
        return None if self.claim is None else self.claim.holds


@dataclass(frozen=True, slots=True)
class _Other:
    title: Told
    unit: Told
    share: bool
    by_arm: dict[str, Estimate]


def plot_of(facts: Facts) -> Plot | None:
    """Return the forest of the comparison's arms; None: none of them could be compared."""
    comparison = facts.comparison
    effects = [] if comparison is None else sorted(_effects(facts, comparison), key=_order)
    if comparison is None or not effects:
        return None
    others = list(_others(comparison, effects))
    limits = [
        Told(
            "A filled dot: the claim that the prompt changes the replies holds, after correction for all claims. "
            "The intervals are of one persona each, and not corrected.",
            "实心点：经多重校正后，“提示改变了回答”的结论成立。区间只针对各自的角色，未作校正。",
        )
    ]
    if others:
        limits.append(
            Told(
                "The panels at the right have scales of their own, as differences from the control (0: none).",
                "右侧各图用各自的刻度，都是与对照之差（0 为没有差别）。",
            )
        )
    return Plot(
        name="effects",
        title=Told("Effects", "效果"),
        reading=Told(
            "One reply of each persona and one of its control: in how many of 100 cases is it told which is which? The "
            "line is the 95% interval; 50 is guessing.",
            "从每个角色和它的对照各取一条回答，100 次里有多少次分得出谁是谁？横线是 95% 区间；50 等于瞎猜。",
        ),
        limits=limits,
        drawing=_drawing(facts, effects, others),
        table=_table(effects, others),
    )


def _effects(facts: Facts, comparison: Comparison) -> Iterator[_Effect]:
    arms = {arm.name: arm for arm in comparison.arms}
    claims = {claim.arm: claim for claim in comparison.claims}
    for arm in comparison.arms:
        told = comparison.find("told_apart", arm.name)
        if told is not None and told.value is not None and told.reference in arms:
            reference = conditions_of(facts, arms[told.reference])
            yield _Effect(arm, told, claims.get(arm.name), conditions_of(facts, arm), reference)


def _order(effect: _Effect) -> tuple[bool, float, str]:
    """Yardsticks last; the best told apart first."""
    return effect.arm.role in ("placebo", "control"), -(effect.told.value or 0.0), effect.arm.name


def _others(comparison: Comparison, effects: Sequence[_Effect]) -> Iterator[_Other]:
    """Yield the other effects that most of the arms have a number for."""
    length = [("shift", "length"), ("shift", "tokens")]
    judged = dict.fromkeys(("judged", row.metric) for row in comparison.estimates if row.measure == "judged")
    wanted = [length, [("adherence", "all checks")], *([pair] for pair in judged), [("character", "broken character")]]
    found = 0
    for choices in wanted:
        for measure, metric in choices:
            rows = {effect.arm.name: comparison.find(measure, effect.arm.name, metric) for effect in effects}
            held = {
                name: row for name, row in rows.items() if row is not None and row.value is not None and row.interval
            }
            if 2 * len(held) >= len(effects) and any(row.value for row in held.values()) and found < _PANELS:
                found += 1
                unit = next(iter(held.values())).unit
                yield _Other(word(metric), word(unit), unit in _SHARES, held)
                break


def _drawing(facts: Facts, effects: Sequence[_Effect], others: Sequence[_Other]) -> Element:
    rows = [Row(effect.arm.name, effect.conditions, effect.arm.role != "persona") for effect in effects]
    left = label_width([row.name for row in rows])
    band = Band(_TOP, step_of(len(rows)))
    bottom = _TOP + band.step * len(rows)
    lows = [effect.told.interval.low for effect in effects if effect.told.interval] + [CHANCE]
    scale = Linear(min(0.4, max(0.0, int(min(lows) * 10) / 10)), 1.0, left, left + _WIDE)
    shapes: list[Drawn] = axis(
        scale, _TOP, bottom, title=Told("told apart, of 100", "分得出，100 次中"), form=percent, about=6
    )
    shapes.append(line(scale(CHANCE), _TOP, scale(CHANCE), bottom, "chance"))
    shapes += row_labels(facts, rows, band, left)
    for place, effect in enumerate(effects):
        shapes.append(_mark(facts, effect, effect.told, scale, band(place), percent))
        shapes.append(text(left + _WIDE + 10, band(place) + 4, _figures(effect.told), "figure"))
    right = left + _WIDE + _FIGURES
    for other in others:
        panel = _panel_scale(other, right + _GAP)
        form = percent if other.share else number
        title = other.title if not other.share else Told(f"{other.title.en}, points", f"{other.title.zh}，百分点")
        shapes += axis(panel, _TOP, bottom, title=title, form=form, about=3)
        if panel.low <= 0 <= panel.high:
            shapes.append(line(panel(0), _TOP, panel(0), bottom, "chance"))
        for place, effect in enumerate(effects):
            row = other.by_arm.get(effect.arm.name)
            if row is not None:
                shapes.append(_mark(facts, effect, row, panel, band(place), form, minor=True))
        right += _GAP + _NARROW
    return canvas(right + 20, bottom + 26, *shapes)


def _panel_scale(other: _Other, start: float) -> Linear:
    ends = [end for row in other.by_arm.values() if row.interval for end in (row.interval.low, row.interval.high)]
    low, high = rounded_out(min(0.0, *ends), max(0.0, *ends), 3)
    if other.share:
        low, high = max(-1.0, low), min(1.0, high)
    return Linear(low, high, start, start + _NARROW)


def _mark(
    facts: Facts, effect: _Effect, row: Estimate, scale: Linear, y: float, say: Format, *, minor: bool = False
) -> Element:
    value = row.value or 0.0
    name, interval = effect.arm.name, row.interval
    marks: list[Drawn] = []
    if interval is not None:
        low, high = max(scale.low, interval.low), min(scale.high, interval.high)
        marks.append(line(scale(low), y, scale(high), y, "span" if effect.holds else "span weak"))
    kind = "dot" if effect.holds else "dot weak"
    marks.append(element("circle", {"class": kind, "cx": scale(value), "cy": y, "r": 3 if minor else 4.2}))
    between = "" if interval is None else f" ({say(interval.low)} … {say(interval.high)})"
    told = (
        f"{name}: {word(row.metric).en} {say(value)}{between}",
        f"{name}：{word(row.metric).zh} {say(value)}{between}",
    )
    return linked(columns_of(facts, [*effect.reference, *effect.conditions]), Told(*told), *marks)


def _figures(told: Estimate) -> str:
    value = percent(round(told.value or 0.0, 2))
    interval = told.interval
    return (
        value if interval is None else f"{value} ({percent(round(interval.low, 2))}–{percent(round(interval.high, 2))})"
    )


def _table(effects: Sequence[_Effect], others: Sequence[_Other]) -> Numbers:
    columns = [
        Told("name", "名称"),
        Told("compared with", "对照"),
        Told("told apart", "分得出"),
        Told("from", "下限"),
        Told("to", "上限"),
        Told("p of the claim", "结论的 p"),
        Told("holds", "成立"),
    ]
    for other in others:
        columns += [
            Told(f"{other.title.en} ({other.unit.en})", f"{other.title.zh}（{other.unit.zh}）"),
            Told("from", "下限"),
            Told("to", "上限"),
        ]
    rows: list[list[Value]] = []
    for effect in effects:
        holds = {True: "✓", False: "–", None: None}[effect.holds]
        p = None if effect.claim is None else effect.claim.p_holm
        row: list[Value] = [
            effect.arm.name,
            effect.told.reference,
            effect.told.value,
            *_ends(effect.told.interval),
            p,
            holds,
        ]
        for other in others:
            estimate = other.by_arm.get(effect.arm.name)
            row += [None] * 3 if estimate is None else [estimate.value, *_ends(estimate.interval)]
        rows.append(row)
    return Numbers(columns, rows)


def _ends(interval: Interval | None) -> list[Value]:
    return [None, None] if interval is None else [interval.low, interval.high]
