"""What it takes to see effects like these, and which differences lie within a margin: sentences and rows."""

from collections.abc import Iterator

from persona_batch.comparing.comparison import Comparison
from persona_batch.verdict.claims import arm_name
from persona_batch.verdict.language import Language
from persona_batch.view.comparison_rows import MISSING, amount
from persona_batch.view.palette import Palette
from persona_batch.view.tables import Column, table
from persona_batch.view.terminal import prose


def equivalence_lines(comparison: Comparison, language: Language) -> Iterator[str]:
    """Yield a sentence per difference that was tested within a margin."""
    for row in comparison.estimates:
        found = row.equivalence
        if found is None or row.reference is None:
            continue
        names = {
            "metric": language.word(row.metric),
            "arm": arm_name(comparison, row.arm, language),
            "other": arm_name(comparison, row.reference, language),
            "margin": amount(found.margin, row.unit),
        }
        if found.holds is None:
            reason = language.again(found.refused or "")
            yield language.say(
                "{metric}, {arm} against {other}: not tested within {margin}: {reason}.", reason=reason, **names
            )
            continue
        names["smallest"] = amount(found.smallest, row.unit)
        if found.holds:
            yield language.say(
                "{metric}, {arm} against {other}: within {margin} of each other (and within {smallest}).", **names
            )
        else:
            yield language.say(
                "{metric}, {arm} against {other}: not shown to lie within {margin}; it would be within {smallest}.",
                **names,
            )


def plan_table(comparison: Comparison, language: Language, palette: Palette, width: int) -> str:
    """Return the questions that would show effects like the ones here, by samples; empty where none were planned."""
    if not comparison.plan:
        return ""
    samples = sorted({need.samples for planned in comparison.plan for need in planned.needs})
    columns = [Column("", shrinks=True), Column(language.say("effect"), "right")]
    columns += [Column(f"× {count}", "right") for count in samples]
    rows = []
    for planned in comparison.plan:
        needed = {need.samples: f"{need.questions:,}" for need in planned.needs}
        name = f"{language.word(planned.metric)}, {arm_name(comparison, planned.arm, language)}"
        effect = amount(planned.effect, planned.unit)
        rows.append([name, effect, *(needed.get(count, MISSING) for count in samples)])
    message = "What it takes to see effects like these (in {share} of such runs, at 5 %): questions, by samples"
    share = f"{comparison.settings.power or 0:.0%}"
    head = "".join(f"{palette.bold(line)}\n" for line in prose(language.say(message, share=share), width))
    return head + table(columns, rows, palette, width)
