"""A comparison in sentences, in the order in which they are told: what a screen and a page lay out, each in its way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from persona_batch.comparing.between_runs import RunChanges
from persona_batch.comparing.comparison import Arm, Claim, Comparison, Estimate
from persona_batch.verdict.claimed import claim_sentence, hardly_shows, seems_apart, yardstick_sentence
from persona_batch.verdict.effects import all_alike, effects_of
from persona_batch.verdict.people import agreements
from persona_batch.verdict.translation import Language


@dataclass(frozen=True, slots=True)
class ToldArm:
    """What is said of an arm: one sentence, then its effects.

    `odds` is how easily a reply is told from the reference's, with a value; None: not known. `holds` is the claim's,
    None where it could not be tested, or where the arm is a yardstick and no claim is made.
    """

    arm: str
    sentence: str
    holds: bool | None
    odds: Estimate | None
    effects: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that is told of a comparison, the strongest claims first.

    `changes` are what differs between two runs besides the replies; `people` says how well those who rated agree;
    `limits` what limits the claims; `advice` what to do about it.
    """

    summary: list[str]
    changes: list[str]
    claims: list[ToldArm]
    yardsticks: list[ToldArm]
    people: list[str]
    factors: list[str]
    limits: list[str]
    advice: list[str]


def verdict_of(comparison: Comparison, language: Language) -> Verdict:
    """Return the verdict of a comparison in a language."""
    arms = {arm.name: arm for arm in comparison.arms}
    claims = sorted(comparison.claims, key=lambda claim: _strength(comparison, claim))
    told = [_claimed(comparison, claim, arms[claim.arm], language) for claim in claims]
    yardsticks = [arm for arm in comparison.arms if arm.role in ("placebo", "control") and arm.reference]
    return Verdict(
        summary=list(_summary(comparison, language)),
        changes=[] if comparison.changes is None else list(_changes(comparison.changes, language)),
        claims=told,
        yardsticks=[found for arm in yardsticks if (found := _yardstick(comparison, arm, language)) is not None],
        people=list(agreements(comparison, language)),
        factors=list(_factors(comparison, language)),
        limits=[*all_alike(comparison, language), *map(language.again, comparison.notes)],
        advice=[language.again(advice.text) for advice in comparison.advice],
    )


def _summary(comparison: Comparison, language: Language) -> Iterator[str]:
    """Yield what was compared, and how many of the claims hold."""
    claims, say = comparison.claims, language.say
    first = language.count("{n} question", "{n} questions", len(comparison.questions))
    replies = language.count("{n} reply", "{n} replies", sum(arm.used for arm in comparison.arms))
    samples = _samples(comparison, language)
    yield say(", ").join([first, *([samples] if samples else []), replies])
    if len(claims) < 2:
        return
    tested = [claim for claim in claims if claim.holds is not None]
    n, total = sum(claim.holds is True for claim in tested), len(tested)
    missing = len(claims) - total
    untested = language.count(" {n} could not be tested.", " {n} could not be tested.", missing) if missing else ""
    if total:
        yield say("{n} of {total} change the replies beyond luck.", n=n, total=total) + untested
    else:
        yield untested.strip()
    identified = next((row for row in comparison.estimates if row.measure == "identifiability"), None)
    if identified is not None and identified.value is not None:
        shares = [f"{100 * (share or 0):.0f}" for share in (identified.value, identified.reference_value)]
        message = "Which of them gave a reply is told right in {n} of 100 cases (chance is {chance})."
        yield say(message, n=shares[0], chance=shares[1])


def _samples(comparison: Comparison, language: Language) -> str:
    """Return how many samples a question has in an arm."""
    each = [
        count / row.questions
        for row in comparison.estimates
        if row.measure in ("told_apart", "shift") and row.questions
        for count in (row.samples, row.reference_samples)
    ]
    if not each:
        return ""
    low, high = round(min(each)), round(max(each))
    if low == high:
        return language.count("{n} sample each", "{n} samples each", low)
    return language.say("{low} to {high} samples each", low=low, high=high)


def _strength(comparison: Comparison, claim: Claim) -> tuple[int, float, str]:
    odds = _odds(comparison, claim.arm)
    value = 0.0 if odds is None or odds.value is None else odds.value
    return {True: 0, False: 1, None: 2}[claim.holds], -value, claim.arm


def _odds(comparison: Comparison, arm: str) -> Estimate | None:
    row = comparison.find("told_apart", arm)
    return None if row is None or row.value is None else row


def _claimed(comparison: Comparison, claim: Claim, arm: Arm, language: Language) -> ToldArm:
    sentence = claim_sentence(comparison, claim, language)
    effects = list(effects_of(comparison, arm, language))
    return ToldArm(arm.name, sentence, claim.holds, _odds(comparison, arm.name), effects)


def _yardstick(comparison: Comparison, arm: Arm, language: Language) -> ToldArm | None:
    sentence = yardstick_sentence(comparison, arm, language)
    if sentence is None:
        return None
    effects = effects_of(comparison, arm, language) if comparison.settings.by == "run" else ()
    return ToldArm(arm.name, sentence, None, _odds(comparison, arm.name), list(effects))


def _factors(comparison: Comparison, language: Language) -> Iterator[str]:
    """Yield a sentence per level of each factor of the run."""
    say = language.say
    for row in comparison.factors:
        if row.told_apart.value is None:
            continue
        n = round(100 * row.told_apart.value)
        who = say("over all personas") if row.persona is None else row.persona
        names = {
            "factor": language.word(row.factor),
            "level": row.level,
            "other": row.reference,
            "who": who,
            "n": n,
        }
        if row.holds and hardly_shows(row.told_apart):
            yield say(
                "{factor}: {level} differs from {other} ({who}), though a single reply hardly shows it: "
                "{n} of 100 cases.",
                **names,
            )
        elif row.holds:
            yield say("{factor}: {level} is told from {other} ({who}) in {n} of 100 cases.", **names)
        elif row.p is not None and row.p <= 1 - comparison.settings.level:
            yield say(
                "{factor}: {level} taken alone is told from {other} ({who}) in {n} of 100 cases; among {levels} levels "
                "the tests do not rule out luck.",
                levels=sum(other.factor == row.factor and other.p is not None for other in comparison.factors),
                **names,
            )
        elif seems_apart(row.told_apart):
            yield say(
                "{factor}: {level} may differ from {other} ({who}): told apart in {n} of 100 cases, but the test of "
                "the replies does not rule out luck.",
                **names,
            )
        else:
            yield say("{factor}: {level} could not be told from {other} ({who}): {n} of 100 cases.", **names)


def _changes(changes: RunChanges, language: Language) -> Iterator[str]:
    """Yield what differs between two runs besides the replies: prompts, models, failures."""
    say = language.say
    for diff in changes.prompts:
        yield language.count(
            "{arm}: its prompt changed in {n} line",
            "{arm}: its prompt changed in {n} lines",
            diff.added + diff.removed,
            arm=diff.persona,
        )
        yield from (f"  {line}" for line in diff.lines)
    for change in changes.models:
        yield say(
            "{model}: {field} was {before}, is {after}",
            model=change.model,
            field=change.field,
            before=language.listed(change.before),
            after=language.listed(change.after),
        )
    for message, cells in (
        ("new failures: {n} ({cells})", changes.new_failures),
        ("failures gone: {n} ({cells})", changes.lost_failures),
        ("checks newly failing: {n} ({cells})", changes.new_check_failures),
        ("checks passing again: {n} ({cells})", changes.lost_check_failures),
    ):
        if cells:
            named = [f"{cell.persona}/{cell.question}#{cell.sample}" for cell in cells]
            yield say(message, n=len(cells), cells=language.listed(named, 4))
    yield from _gone(changes, language)


def _gone(changes: RunChanges, language: Language) -> Iterator[str]:
    for message, personas in (
        ("only before: {personas}", changes.only_before),
        ("only after: {personas}", changes.only_after),
    ):
        if personas:
            yield language.say(message, personas=language.listed(personas))


def rest_sentence(rest: Sequence[ToldArm], language: Language) -> str:
    """Return what is said in the place of claims that are not told one by one."""
    holding = sum(claim.holds is True for claim in rest)
    return language.say(
        "… and {n} more: {holding} of them change the replies, {others} could not be told or tested (all: --details).",
        n=len(rest),
        holding=holding,
        others=len(rest) - holding,
    )
