"""One estimate as people read it: its numbers, its row in a table, and with `--explain` what is behind it."""

from persona_batch.comparing import Comparison, Estimate
from persona_batch.comparing.comparison import LEVEL, RATED, RATERS, Interval, MeasureName
from persona_batch.comparing.measures import measure_of
from persona_batch.view.palette import Palette
from persona_batch.view.tables import Column, table
from persona_batch.view.terminal import one_line, prose

MISSING = "–"
NOT_ESTIMABLE = "n.e."  # explained under the table
_SHARES = ("share", "rate", "accuracy", "noise")
_SIZES = {"told_apart", "change"}  # of the arm against its reference, not a difference
_ONE_METRIC = {"told_apart", "change", "character", "identifiability", "words", "drift", "accuracy"}
_SHORT = {"Cliff's delta": "δ ", "d by question": "d ", "largest |z|": "|z| ", "accuracy over chance": "× "}
_QUESTIONS = (
    Column("question", shrinks=True),
    Column("arm", "right"),
    Column("reference", "right"),
    Column("difference", "right"),
)


def p_value(p: float | None) -> str:
    """Return p with three decimals and no leading zero; `n.e.` where there is none."""
    if p is None:
        return NOT_ESTIMABLE
    if p < 0.001:
        return "<.001"
    return "1" if p > 0.9995 else f"{p:.3f}".lstrip("0")


def _is_share(unit: str) -> bool:
    """Say whether a unit is a share, printed in per cent."""
    return any(word in unit for word in _SHARES) and "score" not in unit


def amount(value: float | None, unit: str, *, sign: bool = False) -> str:
    """Return a value in its unit: shares in per cent, counts with as many decimals as they deserve."""
    if value is None:
        return MISSING
    plus = "+" if sign else ""
    if _is_share(unit):
        digits = 1 if abs(value) < 0.0995 and value else 0
        return f"{_clean(value * 100, digits):{plus},.{digits}f}%"
    digits = 0 if abs(value) >= 20 else 1 if abs(value) >= 1 else 2
    return f"{_clean(value, digits):{plus},.{digits}f}"


def interval(found: Interval | None, unit: str) -> str:
    """Return an interval as `low…high`."""
    if found is None:
        return MISSING
    return f"{amount(found.low, unit)} … {amount(found.high, unit)}"


def starred(row: Estimate | None) -> str:
    """Return a row's difference, with a star when it stands after Benjamini-Hochberg."""
    if row is None or row.value is None:
        return MISSING
    return amount(row.value, row.unit, sign=True) + ("*" if row.p_bh is not None and row.p_bh <= LEVEL else "")


def hanging(text: str, width: int) -> list[str]:
    """Return a sentence as lines of at most `width` cells, all but the first indented; no word is broken."""
    return prose(one_line(text), width)


def detail_row(row: Estimate) -> list[str]:
    """Return one estimate with everything that belongs beside its p."""
    effect = (
        MISSING if row.effect_size is None else f"{_SHORT.get(row.effect_size.name, '')}{row.effect_size.value:.2f}"
    )
    name = row.arm if row.measure in _ONE_METRIC else f"{row.metric}: {row.arm}"
    if row.arm == RATERS:
        name = row.metric
    elif row.measure in ("change", RATED):
        name += f" : {row.reference}"
    return [
        name,
        amount(row.value, row.unit, sign=row.reference is not None and row.measure not in _SIZES),
        interval(row.interval, row.unit),
        effect,
        p_value(row.p),
        MISSING if row.p is None else p_value(row.p_bh) if row.p_bh is not None else MISSING,
        f"{row.questions:,}q {row.samples:,}:{row.reference_samples:,}",
    ]


def render_explanation(comparison: Comparison, measure: MeasureName, palette: Palette, width: int) -> str:
    """Return the explanation and, per row of the measure, a table of its questions."""
    told = measure_of(measure).explanation
    sentences = (
        told.definition,
        f"Formula: {told.formula}",
        f"Test: {told.test}",
        f"Source: {told.source}",
        f"Per question: {told.per_question}",
    )
    lines = [palette.bold(measure), *(line for sentence in sentences for line in prose(sentence, width))]
    parts = ["\n".join(lines) + "\n"]
    parts.extend(_row(comparison, row, palette, width) for row in comparison.estimates if row.measure == measure)
    return "\n".join(parts)


def _row(comparison: Comparison, row: Estimate, palette: Palette, width: int) -> str:
    against = f" against {row.reference}" if row.reference else ""
    value = amount(row.value, row.unit, sign=row.reference is not None)
    head = f"{row.arm}{against}, {row.metric} ({row.unit}): {value}"
    head += f", 95% interval {interval(row.interval, row.unit)}, p {p_value(row.p)}"
    if row.effect_size is not None:
        head += f", {row.effect_size.name} {row.effect_size.value:.2f}"
    head += f"; {row.questions:,} questions, {row.samples:,} against {row.reference_samples:,} replies"
    told = "\n".join(palette.bold(line) for line in prose(one_line(head), width)) + "\n"
    for sentence in (row.test, row.not_estimable):
        if sentence:
            told += "".join(f"{line}\n" for line in prose(sentence, width))
    body = []
    for place, difference in enumerate(row.differences):
        if difference is None:
            continue
        sides = [values[place] if values else None for values in (row.arm_values, row.reference_values)]
        shown = [_side(side, row) for side in sides]
        body.append([comparison.questions[place], *shown, amount(difference, row.unit, sign=True)])
    return told + (table(_QUESTIONS, body, palette, width) if body else "")


def _side(value: float | None, row: Estimate) -> str:
    if value is None:
        return MISSING
    return f"{value:.3f}" if row.measure == "change" else amount(value, row.unit)  # change: distances


def _clean(value: float, digits: int) -> float:
    """Return the value, or 0 instead of what would print as -0."""
    return 0.0 if round(value, digits) == 0 else value
