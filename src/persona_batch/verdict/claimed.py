"""What is claimed of an arm, in plain words: does it change the replies, and how easily would one notice?"""

from persona_batch.comparing.claims import half
from persona_batch.comparing.comparison import SHARED, Arm, Claim, Comparison, Estimate
from persona_batch.verdict.translation import Language

MAYBE = (
    "{arm} may differ from {control}: one reply of each is told apart in {told}, but the test of the replies does not "
    "rule out luck."
)
CHANCE, HARDLY = 0.5, 0.6  # a single reply hardly shows it below the second, where the interval reaches the first
MOSTLY = 0.75  # from here on one would say that they are told apart, whatever the interval


def claim_sentence(comparison: Comparison, claim: Claim, language: Language) -> str:
    """Return one sentence, or two, for a reader who knows no statistics."""
    arm = arm_name(comparison, claim.arm, language)
    if claim.control is None or claim.holds is None:
        reason = language.again(claim.why_not or "")
        return language.say("{arm}: not tested, {reason}.", arm=arm, reason=reason)
    told = _odds(comparison.find("told_apart", claim.arm), language)
    control, placebo = (
        None if name is None else arm_name(comparison, name, language) for name in (claim.control, claim.placebo)
    )
    if claim.holds:
        return _holding(comparison, claim, language, told)
    if claim.failed is None:
        n = sum(other.p_holm is not None for other in comparison.claims)
        return language.say(
            "{arm} taken alone is told from {control} in {told}; among {n} arms the tests do not rule out luck.",
            arm=arm,
            control=control,
            told=told,
            n=n,
        )
    if claim.failed == "placebo":
        return language.say(
            "{arm} is told from {control} in {told}, but could not be told from the harmless prompt {placebo}: "
            "any prompt may do as much.",
            arm=arm,
            control=control,
            told=told,
            placebo=placebo,
        )
    row = comparison.find("told_apart", claim.arm)
    message = MAYBE if seems_apart(row) else "{arm} could not be told from {control}: {told}."
    sentence = language.say(message, arm=arm, control=control, told=told)
    if claim.failed == "control" and claim.placebo is not None:
        return sentence + language.say(" It does differ from the harmless prompt.")
    return sentence


def _holding(comparison: Comparison, claim: Claim, language: Language, told: str) -> str:
    arm = arm_name(comparison, claim.arm, language)
    if comparison.settings.by == "run":
        sentence = language.say("{arm} answers otherwise than in the earlier run: {told}.", arm=arm, told=told)
    else:
        control = arm_name(comparison, claim.control or "", language)
        row = comparison.find("told_apart", claim.arm)
        if hardly_shows(row):
            message = "{arm} changes the replies, though a single one hardly shows it: told from {control} in {told}."
        else:
            message = "{arm} changes the replies: one reply of each is told from {control} in {told}."
        sentence = language.say(message, arm=arm, control=control, told=told)
    if claim.placebo is not None:
        sentence += language.say(" It differs from the harmless prompt as well.")
    return sentence


def yardstick_moves(comparison: Comparison, arm: Arm) -> bool | None:
    """Return whether a placebo or a second control changes the replies by itself; None: it could not be tested."""
    change = comparison.find("change", arm.name)
    p = None if change is None else half(change, comparison.find("told_apart", arm.name, SHARED))
    return None if p is None else p <= 1 - comparison.settings.level


def yardstick_sentence(comparison: Comparison, arm: Arm, language: Language) -> str | None:
    """Return what a placebo or a second control does by itself; None where that was not measured."""
    change, told = comparison.find("change", arm.name), comparison.find("told_apart", arm.name)
    if arm.reference is None or change is None:
        return None
    names = {
        "arm": arm_name(comparison, arm.name, language),
        "control": arm_name(comparison, arm.reference, language),
        "told": _odds(told, language),
    }
    moves = yardstick_moves(comparison, arm)
    if moves is None:
        reason = language.again(change.not_estimable or "")
        return language.say("{arm}: not tested, {reason}.", arm=names["arm"], reason=reason)
    if moves:
        if comparison.settings.by == "run":
            return language.say("{arm} answers otherwise than in the earlier run: {told}.", **names)
        return language.say("{arm} by itself changes the replies: told from {control} in {told}.", **names)
    return language.say(MAYBE if seems_apart(told) else "{arm} could not be told from {control}: {told}.", **names)


def hardly_shows(told: Estimate | None) -> bool:
    """Whether a single reply tells little, though all of them together differ."""
    if told is None or told.value is None or told.interval is None:
        return False
    return told.value < HARDLY and told.interval.low <= CHANCE


def seems_apart(told: Estimate | None) -> bool:
    """Whether replies are told apart so often that "could not be told" would be a strange thing to say of them."""
    if told is None or told.value is None:
        return False
    return told.value >= MOSTLY or (told.interval is not None and told.interval.low > CHANCE)


def _odds(row: Estimate | None, language: Language) -> str:
    """Return `97 of 100 cases (82 to 100; chance is 50)`."""
    if row is None or row.value is None:
        return language.say("how easily is not known")
    n = round(100 * row.value)
    if row.interval is None:
        return language.say("{n} of 100 cases (chance is 50)", n=n)
    low, high = round(100 * row.interval.low), round(100 * row.interval.high)
    return language.say("{n} of 100 cases ({low} to {high}; chance is 50)", n=n, low=low, high=high)


def arm_name(comparison: Comparison, name: str, language: Language) -> str:
    """Return how an arm is called in a sentence; the built-in controls by what they say."""
    if comparison.settings.by == "run":
        earlier = name.removesuffix(" (before)")
        return name if earlier == name else language.say("the earlier {arm}", arm=earlier)
    known = {
        "none": language.say("no prompt"),
        "empty": language.say("an empty prompt"),
        "assistant": language.say("“You are a helpful assistant.”"),
    }
    return known.get(name, name)
