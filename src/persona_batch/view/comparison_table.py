"""A comparison on the terminal: a row per persona first, then what stands behind it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from persona_batch.comparing import Comparison
from persona_batch.comparing.comparison import LEVEL, Arm, RunChanges
from persona_batch.view.comparison_rows import MISSING, amount, detail_row, hanging, interval, p_value, starred
from persona_batch.view.palette import Palette
from persona_batch.view.tables import Column, table
from persona_batch.wording import counted

WORDS = 5  # per arm in the summary
WORD_ARMS = 4  # arms in the summary; all in the details
_SUMMARY = (
    Column("", shrinks=True),
    *(Column(name, "right") for name in ("n", "change", "95% interval", "p", "length", "checks", "broken")),
)
_DETAILS = (
    Column("", shrinks=True),
    *(Column(name, "right") for name in ("differs by", "95% interval", "effect", "p", "p (BH)", "n")),
)
_EFFECTS = (
    "effect: δ Cliff's delta; d mean difference by question over its standard deviation; |z| of the strongest word"
)
_ROLE_ORDER = {"persona": 0, "level": 0, "placebo": 1, "control": 2}


def render(comparison: Comparison, palette: Palette, width: int, *, details: bool = False) -> str:
    """Return the comparison as text of at most `width` cells a line, ending with a line feed.

    Args:
        comparison: what to show.
        palette: colours.
        width: cells.
        details: a table per measure with everything that is printed beside a p-value.
    """
    parts = [_headline(comparison, palette, width)]
    if comparison.changes is not None:
        parts.append(_run_changes(comparison, comparison.changes, palette, width))
    rows = [arm for arm in comparison.arms if arm.reference is not None]
    if rows:
        parts.append(summary(comparison, rows, palette, width))
    parts.append(_below(comparison, palette, width))
    if details:
        parts.extend(_detail_tables(comparison, palette, width))
    return "\n".join(part for part in parts if part)


def summary(comparison: Comparison, arms: Sequence[Arm], palette: Palette, width: int) -> str:
    """Return the table with a row per arm, the personas first."""
    ordered = sorted(arms, key=lambda arm: _ROLE_ORDER[arm.role])
    return table(_SUMMARY, [_summary_row(comparison, arm) for arm in ordered], palette, width)


def _summary_row(comparison: Comparison, arm: Arm) -> list[str]:
    change = comparison.find("change", arm.name)
    length = comparison.find("shift", arm.name, "length")
    checks = comparison.find("adherence", arm.name)
    broken = comparison.find("character", arm.name)
    name = f"({arm.name})" if arm.role in {"placebo", "control"} else arm.name
    facts = change or length or checks or broken or comparison.find("accuracy", arm.name)
    p = None if change is None else change.p if change.p_holm is None else change.p_holm
    return [
        name,
        MISSING if facts is None else f"{facts.questions:,}q {facts.samples:,}:{facts.reference_samples:,}",
        MISSING if change is None else amount(change.value, change.unit, sign=True),
        MISSING if change is None else interval(change.interval, change.unit),
        MISSING if change is None else p_value(p),
        starred(length),
        starred(checks),
        starred(broken),
    ]


def _headline(comparison: Comparison, palette: Palette, width: int) -> str:
    arms = {arm.name for arm in comparison.arms if arm.role in {"persona", "level"}}
    tested = [row for row in comparison.estimates if row.measure == "change" and row.p_holm is not None]
    beyond = [row.arm for row in tested if row.p_holm is not None and row.p_holm <= LEVEL]
    lines = []
    if tested:
        noise = "asking again" if comparison.settings.by != "run" else "their earlier replies"
        named = f": {', '.join(beyond[:6])}{' …' if len(beyond) > 6 else ''}" if beyond else ""
        told = f"{len(beyond):,} of {len(tested):,} told apart from {noise} by change (5 %, family-wise)"
        lines.append(told + named)
    other = Counter(
        row.metric
        for row in comparison.estimates
        if row.arm in arms and row.measure != "change" and row.p_bh is not None and row.p_bh <= LEVEL
    )
    if other:
        told = ", ".join(f"{metric} {count:,}" for metric, count in other.most_common(6))
        lines.append(f"other differences that stand after correction, in how many of {len(arms):,}: {told}")
    return "".join(palette.bold(line) + "\n" for text in lines for line in hanging(text, width))


def _below(comparison: Comparison, palette: Palette, width: int) -> str:
    sentences = [
        *_legend(comparison),
        *_identified(comparison),
        *_distinctive(comparison, WORD_ARMS),
        *_slopes(comparison),
    ]
    lines = [line for sentence in sentences for line in hanging(sentence, width)]
    notes = [*(f"! {note}" for note in comparison.notes), *(f"→ {advice.text}" for advice in comparison.advice)]
    lines += [palette.dim(line) for note in notes for line in hanging(note, width)]
    return "".join(f"{line}\n" for line in lines)


def _legend(comparison: Comparison) -> Iterator[str]:
    changes = [row for row in comparison.estimates if row.measure == "change"]
    measured = [row for row in changes if row.value is not None]
    if measured:
        by_reference = {row.reference: row.reference_value for row in measured}
        noise = ", ".join(f"{name} {value:.2f}" for name, value in list(by_reference.items())[:3] if value is not None)
        yield (
            "change: how far the replies lie from the reference's, beyond asking again, in % of the reference's own "
            f"noise ({noise}); p by permutation within questions, Holm over the rows without brackets"
        )
    reasons = {row.not_estimable: row.arm for row in changes if row.not_estimable}
    for reason in reasons:
        yield f"n.e.: change is not estimable: {reason}"
    if comparison.estimates and any(arm.reference for arm in comparison.arms):
        yield "length, checks, broken: arm minus reference; * stands after Benjamini-Hochberg (all numbers: --details)"
    for row in comparison.estimates:
        if row.measure == "shift" and row.metric == "length" and row.not_estimable:
            yield f"no stars: {row.not_estimable}"
            break


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
        if row.measure in {"drift", "accuracy"}:
            what = "probe score per turn" if row.measure == "drift" else f"accuracy against {row.reference}"
            yield (
                f"{row.arm}: {what} {amount(row.value, row.unit, sign=True)}, interval "
                f"{interval(row.interval, row.unit)}, p {p_value(row.p)}, n {row.questions:,}"
            )


def _detail_tables(comparison: Comparison, palette: Palette, width: int) -> Iterator[str]:
    yield "".join(f"{line}\n" for line in hanging(_EFFECTS, width))
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


def _run_changes(comparison: Comparison, changes: RunChanges, palette: Palette, width: int) -> str:
    """Return the changes: edited prompts with what they moved, models that changed silently, failures."""
    lines: list[str] = []
    edited = {diff.persona for diff in changes.prompts}
    for diff in changes.prompts:
        effect = hanging(_effect_of(comparison, diff.persona, diff.added + diff.removed), width)
        lines.extend(palette.bold(line) for line in effect)
        lines.extend(line for text in diff.lines for line in hanging(f"  {text}", width))
    unedited = [arm for arm in comparison.arms if arm.reference is not None and arm.name not in edited]
    for arm in unedited:
        if arm.moved_questions:
            lines.extend(hanging(_effect_of(comparison, arm.name, 0), width))
    for change in changes.models:
        told = f"{change.model}: {change.field} was {_list(change.before)}, is {_list(change.after)}"
        lines.extend(palette.bad(line) for line in hanging(told, width))
    for name, cells in (
        ("new failures", changes.new_failures),
        ("failures gone", changes.lost_failures),
        ("checks newly failing", changes.new_check_failures),
        ("checks passing again", changes.lost_check_failures),
    ):
        if cells:
            listed = ", ".join(f"{cell.persona}/{cell.question}#{cell.sample}" for cell in cells[:4])
            lines.extend(hanging(f"{name}: {len(cells):,} ({listed}{' …' if len(cells) > 4 else ''})", width))
    for name, personas in (("only before", changes.only_before), ("only after", changes.only_after)):
        if personas:
            lines.extend(hanging(f"{name}: {_list(personas)}", width))
    return "".join(f"{line}\n" for line in lines)


def _effect_of(comparison: Comparison, persona: str, lines: int) -> str:
    arm = next((arm for arm in comparison.arms if arm.name == persona and arm.reference is not None), None)
    edited = f"prompt changed in {counted(lines, 'line')}" if lines else "prompt unchanged"
    if arm is None:
        return f"{persona}: {edited}"
    if arm.moved_questions is None:
        return f"{persona}: {edited}; single questions cannot be told from noise with so few samples"
    return f"{persona}: {edited}: {len(arm.moved_questions):,} of {arm.questions:,} questions moved beyond noise"


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
