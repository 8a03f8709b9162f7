"""What is told when it is asked for: every number, what lies within a margin, and what the next run would take."""

from collections.abc import Iterator

from persona_batch.comparing import Comparison
from persona_batch.verdict.claimed import arm_name
from persona_batch.verdict.translation import Language
from persona_batch.view.comparison_rows import MISSING, amount, detail_row, hanging, interval, p_value
from persona_batch.view.palette import Palette
from persona_batch.view.tables import Column, table
from persona_batch.view.terminal import prose
from persona_batch.wording import counted

WORDS = 12  # per arm
_DETAILS = (
    Column("", shrinks=True),
    *(Column(name, "right") for name in ("differs by", "95% interval", "effect", "p", "p (BH)", "n")),
)
_CLAIMS = (
    Column("", shrinks=True),
    *(Column(name, "right") for name in ("p, control", "p, placebo", "p (Holm)")),
    Column("", shrinks=True),
)
_EFFECTS = (
    "effect: δ Cliff's delta; d mean difference by question over its standard deviation; |z| of the strongest word; "
    "H coefficient of inhomogeneity. p (Holm): of the larger p of control and placebo, over all arms."
)


def detail_tables(comparison: Comparison, palette: Palette, width: int) -> Iterator[str]:
    """Yield the claims and a table per measure, each ending with a line feed."""
    yield "".join(f"{line}\n" for line in hanging(_EFFECTS, width))
    claims = [
        [
            claim.arm,
            *(p_value(p) if p is not None else "–" for p in (claim.p_control, claim.p_placebo, claim.p_holm)),
            claim.why_not or ("" if claim.failed is None else f"not from the {claim.failed}"),
        ]
        for claim in comparison.claims
    ]
    if claims:
        yield palette.bold("claims") + "\n" + table(_CLAIMS, claims, palette, width)
    for measure in comparison.settings.measures:
        rows = [row for row in comparison.estimates if row.measure == measure]
        if rows:
            yield palette.bold(measure) + "\n" + table(_DETAILS, [detail_row(row) for row in rows], palette, width)
            if measure == "words":
                sentences = _distinctive(comparison, len(rows))
                yield "".join(f"{line}\n" for sentence in sentences for line in hanging(sentence, width))
            reasons = dict.fromkeys(row.not_estimable for row in rows if row.not_estimable)
            yield "".join(
                f"{line}\n" for reason in reasons for line in hanging(f"n.e.: not estimable: {reason}", width)
            )
    told = [*_identified(comparison), *_slopes(comparison)]
    yield "".join(f"{line}\n" for sentence in told for line in hanging(sentence, width))


def _identified(comparison: Comparison) -> Iterator[str]:
    for row in comparison.estimates:
        if row.measure != "identifiability":
            continue
        if row.value is None or row.reference_value is None:
            yield f"which persona said it: not estimable ({row.not_estimable})"
            continue
        yield (
            f"which persona said it ({row.arm}): {amount(row.value, row.unit)} right, chance "
            f"{amount(row.reference_value, row.unit)}, interval {interval(row.interval, row.unit)}, "
            f"p {p_value(row.p)}, {counted(row.questions, 'question')}, {row.samples:,} replies"
        )


def _distinctive(comparison: Comparison, most: int) -> Iterator[str]:
    found = {word.arm for word in comparison.words}
    rows = [row for row in comparison.estimates if row.measure == "words" and row.arm in found]
    strongest = sorted(rows, key=lambda row: (-(row.effect_size.value if row.effect_size else 0.0), row.arm))[:most]
    if len(rows) > most:
        yield f"words that stand out were found for {len(rows):,} arms, here the {most} clearest (all: --details)"
    for row in strongest:
        arm = row.arm
        words = [word for word in comparison.words if word.arm == arm][:WORDS]
        told = "; ".join(
            f"{word.word} ({word.arm_replies:,}/{row.samples:,} against "
            f"{word.reference_replies:,}/{row.reference_samples:,})"
            for word in words
        )
        yield f"words of {arm}: {told}; e.g. “{words[0].shown}” ({words[0].question})"


def _slopes(comparison: Comparison) -> Iterator[str]:
    for row in comparison.estimates:
        if row.measure == "accuracy" or (row.measure == "drift" and row.metric == "slope"):
            what = "probe score per turn" if row.measure == "drift" else f"accuracy against {row.reference}"
            yield (
                f"{row.arm}: {what} {amount(row.value, row.unit, sign=True)}, interval "
                f"{interval(row.interval, row.unit)}, p {p_value(row.p)}, n {row.questions:,}"
            )


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
