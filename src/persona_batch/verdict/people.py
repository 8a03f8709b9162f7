"""What people preferred, how they scored, and how well they agree, each in a sentence."""

from collections.abc import Iterator

from persona_batch.comparing.comparison import AGREEMENT, LEVEL, RATED, RATERS, Arm, Comparison, Estimate
from persona_batch.comparing.people import PREFERENCE, SCORE
from persona_batch.verdict.claimed import arm_name
from persona_batch.verdict.translation import Language

MOST = 6  # arms that another is told against
EVEN = 0.5


def preferences(comparison: Comparison, arm: Arm, language: Language) -> Iterator[str]:
    """Yield what people said of an arm, whether it stands or not: they were asked for it."""
    rows = [row for row in comparison.estimates if row.measure == RATED and row.arm == arm.name]
    yardsticks = {one.name for one in comparison.arms if one.role in ("control", "placebo")}
    rows.sort(key=lambda row: (row.reference not in yardsticks, not _stands(row)))
    for row in rows[:MOST]:
        rubric = row.metric.partition(" by ")[2]
        told = (_preferred if row.metric.startswith(PREFERENCE) else _scored)(comparison, row, language)
        yield language.say("{rubric}: {reason}", rubric=rubric, reason=told) if rubric else told
    if len(rows) > MOST:
        yield language.say("and what people said in {n} more comparisons (all: --details)", n=len(rows) - MOST)


def _stands(row: Estimate) -> bool:
    """Whether a row stands after correction over all that people said."""
    return row.p_bh is not None and row.p_bh <= LEVEL


def _preferred(comparison: Comparison, row: Estimate, language: Language) -> str:
    pairs = language.count("{n} pair", "{n} pairs", row.samples)
    told: dict[str, object] = {
        "other": arm_name(comparison, row.reference or "", language),
        "n": _hundred(row.arm_value),
        "basis": _basis(row, pairs, language),
    }
    if row.arm_interval is not None:
        ends = {"low": _hundred(row.arm_interval.low), "high": _hundred(row.arm_interval.high)}
        told["basis"] = language.say("{low} to {high}; 50 is no preference; {basis}", **ends, basis=told["basis"])
    if row.p is None:
        told["reason"] = language.again(row.not_estimable or "")
        return language.say("people: preferred to {other} in {n} of 100 pairs ({basis}), not tested: {reason}", **told)
    if not _stands(row):
        return language.say("people: preferred to {other} in {n} of 100 pairs, which may be luck ({basis})", **told)
    if (row.arm_value or 0.0) < EVEN:
        return language.say("people prefer {other} to it: it is preferred in {n} of 100 pairs ({basis})", **told)
    return language.say("people prefer it to {other} in {n} of 100 pairs ({basis})", **told)


def _scored(comparison: Comparison, row: Estimate, language: Language) -> str:
    replies = language.count("{n} reply", "{n} replies", row.samples + row.reference_samples)
    told: dict[str, object] = {
        "arm": f"{row.arm_value or 0.0:.2f}",
        "score": f"{row.reference_value or 0.0:.2f}",
        "other": arm_name(comparison, row.reference or "", language),
        "basis": _basis(row, replies, language),
    }
    if row.value is None:
        reason = language.again(row.not_estimable or "")
        return language.say("people's scores cannot be compared: {reason}", reason=reason)
    if row.interval is not None:
        ends = {"low": f"{row.interval.low:+.2f}", "high": f"{row.interval.high:+.2f}"}
        told["basis"] = language.say("difference {low} to {high}; {basis}", **ends, basis=told["basis"])
    if row.p is None:
        told["reason"] = language.again(row.not_estimable or "")
        return language.say("people score it {arm}, {other} {score} ({basis}), not tested: {reason}", **told)
    if not _stands(row):
        return language.say("people score it {arm}, {other} {score}, which may be luck ({basis})", **told)
    return language.say("people score it {arm}, {other} {score} ({basis})", **told)


def _basis(row: Estimate, units: str, language: Language) -> str:
    questions = language.count("{n} question", "{n} questions", row.questions)
    raters = language.count("{n} rater", "{n} raters", row.raters or 0)
    return language.say(", ").join([questions, units, raters])


def agreements(comparison: Comparison, language: Language) -> Iterator[str]:
    """Yield how well people agree, on all that several of them rated."""
    for row in comparison.estimates:
        if row.measure != RATED or row.arm != RATERS or row.arm_value is None:
            continue
        kind, _, rubric = row.metric.removeprefix(AGREEMENT).partition(" by ")
        counted = ("{n} reply", "{n} replies") if kind == SCORE else ("{n} pair", "{n} pairs")
        told: dict[str, object] = {
            "raters": language.count("{n} rater", "{n} raters", row.raters or 0),
            "n": _hundred(row.arm_value),
            "units": language.count(*counted, row.samples),
        }
        if row.value is None:
            told["reason"] = language.again(row.not_estimable or "")
            sentence = language.say(
                "{raters} say the same in {n} of 100 cases, of {units} that several rated (no alpha: {reason}).", **told
            )
        else:
            told["alpha"] = f"{row.value:.2f}"
            sentence = language.say(
                "{raters} say the same in {n} of 100 cases, of {units} that several rated: alpha {alpha} (1 is "
                "perfect, 0 chance).",
                **told,
            )
        yield language.say("{rubric}: {reason}", rubric=rubric, reason=sentence) if rubric else sentence


def _hundred(share: float | None) -> int:
    return round(100 * (share or 0.0))
