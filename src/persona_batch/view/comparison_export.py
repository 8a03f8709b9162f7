"""A comparison for other programs: JSON, CSV (a row per estimate), Markdown."""

import csv
import io
from collections.abc import Iterable

import msgspec

from persona_batch.comparing import Comparison, Estimate
from persona_batch.comparing.comparison import Claim
from persona_batch.tables.spreadsheet import harmless_cell
from persona_batch.view.comparison_rows import MISSING, amount, detail_row, interval, p_value
from persona_batch.view.terminal import one_line

FIELDS = (
    "measure", "metric", "arm", "reference", "unit", "value", "low", "high", "arm_value", "reference_value", "effect",
    "effect_size", "p", "p_holm", "p_bh", "test", "questions", "samples", "reference_samples", "not_estimable",
)  # fmt: skip


def as_json(comparison: Comparison) -> str:
    """Return the comparison as JSON, as `comparison.schema.json` describes it, ending with a line feed."""
    return msgspec.json.format(msgspec.json.encode(comparison), indent=2).decode() + "\n"


def as_csv(comparison: Comparison, *, bom: bool = False) -> str:
    """Return a row per estimate. Text that a spreadsheet would take for a formula gets an apostrophe (OWASP).

    Args:
        comparison: what to write.
        bom: begin with a byte order mark, which Excel needs to read UTF-8.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(FIELDS)
    for row in comparison.estimates:
        writer.writerow([_cell(value) for value in _values(row)])
    return ("\ufeff" if bom else "") + out.getvalue()


def _values(row: Estimate) -> list[str | float | int | None]:
    low, high = (row.interval.low, row.interval.high) if row.interval else (None, None)
    effect, size = (row.effect_size.name, row.effect_size.value) if row.effect_size else (None, None)
    parts = {"low": low, "high": high, "effect": effect, "effect_size": size}
    return [parts[field] if field in parts else getattr(row, field) for field in FIELDS]


def _cell(value: str | float | None) -> str | float | None:
    return harmless_cell(value) if isinstance(value, str) else value


def as_markdown(comparison: Comparison, about: Iterable[str] = ()) -> str:
    """Return the summary and every estimate as GitHub-flavoured tables, with notes and advice as lists.

    `about`: what the runs are, a line each, above the tables.
    """
    lines = [part for line in about for part in (_escaped(line), "")]
    lines += ["| | control | told apart | 95% interval | p, control | p, placebo | p (Holm) | |"]
    lines += ["|---|---|--:|--:|--:|--:|--:|---|"]
    for claim in comparison.claims:
        row = comparison.find("told_apart", claim.arm)
        cells = [
            claim.arm,
            claim.control or "",
            MISSING if row is None else amount(row.value, row.unit),
            MISSING if row is None else interval(row.interval, row.unit),
            *(MISSING if p is None else p_value(p) for p in (claim.p_control, claim.p_placebo, claim.p_holm)),
            _verdict(claim),
        ]
        lines.append(_row(cells))
    for measure in comparison.settings.measures:
        rows = [row for row in comparison.estimates if row.measure == measure]
        if rows:
            lines += ["", f"### {measure}", "", "| | differs by | 95% interval | effect | p | p (BH) | n |"]
            lines += ["|---|--:|--:|--:|--:|--:|--:|", *(_row(detail_row(row)) for row in rows)]
            lines += [f"\nNot estimable: {reason}." for reason in _reasons(rows)]
    if comparison.words:
        lines += ["", "### words found", "", "| | word | replies | z | p | in context |", "|---|---|--:|--:|--:|---|"]
        for word in comparison.words:
            count = f"{word.arm_replies:,} : {word.reference_replies:,}"
            lines.append(_row([word.arm, word.word, count, f"{word.z:.1f}", p_value(word.p), word.shown]))
    for text in (*comparison.notes, *(advice.text for advice in comparison.advice)):
        lines.append(f"\n- {_escaped(text)}")
    return "\n".join(lines) + "\n"


def _verdict(claim: Claim) -> str:
    if claim.holds is None:
        return f"not tested: {claim.why_not}"
    return "changes the replies" if claim.holds else "could not be told apart beyond luck"


def _reasons(rows: list[Estimate]) -> list[str]:
    return list(dict.fromkeys(row.not_estimable for row in rows if row.not_estimable))


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _escaped(text: str) -> str:
    plain = one_line(text).replace("\\", "\\\\").replace("|", "\\|")
    for mark in "`*_[]<>":
        plain = plain.replace(mark, f"\\{mark}")
    return plain
