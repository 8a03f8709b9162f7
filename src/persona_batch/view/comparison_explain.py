"""`--explain`: a measure's definition and source, then every per-question value behind its rows."""

from persona_batch.comparing import Comparison, Estimate
from persona_batch.comparing.comparison import MeasureName
from persona_batch.comparing.measures import measure_of
from persona_batch.view.comparison_numbers import MISSING, amount, interval, p_value
from persona_batch.view.palette import Palette
from persona_batch.view.tables import Column, table
from persona_batch.view.terminal import one_line, prose

_COLUMNS = (
    Column("question", shrinks=True),
    Column("arm", "right"),
    Column("reference", "right"),
    Column("difference", "right"),
)


def render_explanation(comparison: Comparison, measure: MeasureName, palette: Palette, width: int) -> str:
    """Return the explanation and, per row of the measure, a table of its questions."""
    told = measure_of(measure).explanation
    lines = [palette.bold(measure)]
    for title, text in (
        ("", told.definition),
        ("Formula: ", told.formula),
        ("Test: ", told.test),
        ("Source: ", told.source),
        ("Per question: ", told.per_question),
    ):
        lines.extend(prose(title + text, width))
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
    return told + (table(_COLUMNS, body, palette, width) if body else "")


def _side(value: float | None, row: Estimate) -> str:
    if value is None:
        return MISSING
    return f"{value:.3f}" if row.measure == "change" else amount(value, row.unit)  # change: distances
