"""What an arm changed: length, checks, character, words, questions, losses, each in a short sentence."""

from collections.abc import Iterator, Sequence

from persona_batch.comparing.comparison import AFTER, LEVEL, RATED, Arm, Comparison, DistinctiveWord, Estimate
from persona_batch.verdict.people import preferences
from persona_batch.verdict.translation import Language

WORDS = 4  # of each sign
NAMED = 6  # questions
CARRIES = 0.5  # of an effect by one question
ALIKE = 0.8  # of the arms that move in one direction
_DIRECTIONS = (
    ("shift", "length", "nearly all are longer than the control", "nearly all are shorter than the control"),
    ("adherence", None, "nearly all pass more checks than the control", "nearly all pass fewer than the control"),
    ("character", None, "nearly all fall out of their role more than the control", "nearly all do so less than it"),
)
MANY = 5  # arms from which on that is worth a word


def effects_of(comparison: Comparison, arm: Arm, language: Language) -> Iterator[str]:
    """Yield what stands out of chance in an arm, after correction for the whole table."""
    length = comparison.find("shift", arm.name, "length")
    if length is not None:
        yield from _length(comparison, length, arm, language)
    yield from _rates(comparison, arm, language)
    yield from preferences(comparison, arm, language)
    yield from _judged(comparison, arm, language)
    yield from _drift(comparison, arm, language)
    yield from _words(comparison, arm, language)
    yield from _questions(comparison, arm, language)


def stands(row: Estimate | None) -> bool:
    """Whether a row stands after correction."""
    return row is not None and row.value is not None and row.p_bh is not None and row.p_bh <= LEVEL


def _length(comparison: Comparison, row: Estimate, arm: Arm, language: Language) -> Iterator[str]:
    if row.value is None or row.interval is None:
        if row.not_estimable is not None and row.questions:
            reason = language.again(row.not_estimable)
            yield language.say("its length cannot be compared: {reason}", reason=reason)
        tokens = comparison.find("shift", arm.name, "tokens")
        if tokens is not None and stands(tokens) and tokens.value is not None:
            message = "{n} tokens more until the cut" if tokens.value > 0 else "{n} tokens fewer until the cut"
            yield language.say(message, n=f"{abs(tokens.value):,.0f}")
        return
    if stands(row):
        ends = (row.interval.low, row.interval.high) if row.value > 0 else (-row.interval.high, -row.interval.low)
        message = (
            "longer by {n} characters ({low} to {high})"
            if row.value > 0
            else "shorter by {n} characters ({low} to {high})"
        )
        yield language.say(message, n=f"{abs(row.value):,.0f}", low=f"{ends[0]:,.0f}", high=f"{ends[1]:,.0f}")


def _rates(comparison: Comparison, arm: Arm, language: Language) -> Iterator[str]:
    sentences = (
        ("adherence", None, "passes its checks more often", "passes its checks less often"),
        ("accuracy", None, "right more often", "right less often"),
        ("character", None, "falls out of its role more often", "falls out of its role less often"),
        ("shift", "lists", "more lists", "fewer lists"),
        ("shift", "markdown", "more markdown", "less markdown"),
        ("shift", "han", "more Chinese", "less Chinese"),
        ("loss", "no reply", "more cells without a reply", "fewer cells without a reply"),
        ("loss", "cut", "cut at the token limit more often", "cut at the token limit less often"),
    )
    for measure, metric, more, less in sentences:
        row = comparison.find(measure, arm.name, metric)
        if row is None or not stands(row) or row.value is None:
            continue
        sides = (_percent(side) for side in (row.arm_value, row.reference_value))
        rates = language.say("{arm} against {other}", **dict(zip(("arm", "other"), sides, strict=True)))
        yield f"{language.say(more if row.value > 0 else less)}{language.say(': ')}{rates}"


def _judged(comparison: Comparison, arm: Arm, language: Language) -> Iterator[str]:
    """Yield what judges say, whether it stands or not: they were asked for it."""
    for row in comparison.estimates:
        if row.measure != "judged" or row.arm != arm.name:
            continue
        if row.value is None or row.interval is None:
            if row.not_estimable is not None:
                yield language.say("{rubric}: {reason}", rubric=row.metric, reason=language.again(row.not_estimable))
            continue
        share = row.unit == "share of replies"
        told = {
            "rubric": row.metric,
            "arm": _percent(row.arm_value) if share else f"{row.arm_value or 0:.2f}",
            "other": _percent(row.reference_value) if share else f"{row.reference_value or 0:.2f}",
            "low": f"{row.interval.low:+.2f}",
            "high": f"{row.interval.high:+.2f}",
        }
        beside = row.reference != arm.reference  # of pairs, those with the placebo, which are in no family
        if stands(row) or (beside and row.p is not None and row.p <= LEVEL):
            yield language.say("judged, {rubric}: {arm} against {other} ({low} to {high})", **told)
        else:
            yield language.say("judged, {rubric}: {arm} against {other}, which may be luck ({low} to {high})", **told)
        yield from _calibrated(comparison, row, language)


def _calibrated(comparison: Comparison, row: Estimate, language: Language) -> Iterator[str]:
    """Yield what people's ratings make of a judged difference."""
    for found in comparison.calibrations:
        if (found.metric, found.arm, found.reference) != (row.metric, row.arm, row.reference or ""):
            continue
        if found.raters_agree is not None and not any(one.measure == RATED for one in comparison.estimates):
            message = "people agree among themselves: alpha {alpha} ({n} raters)"
            yield language.say(message, alpha=f"{found.raters_agree:.2f}", n=found.raters)
        if found.judge_agrees is not None:
            yield language.say("people and judge agree: alpha {alpha}", alpha=f"{found.judge_agrees:.2f}")
        if found.value is None or found.interval is None:
            yield language.say(
                "not corrected by people's ratings: {reason}", reason=language.again(found.not_estimable or "")
            )
            continue
        message = "corrected by {n} human ratings: {value} ({low} to {high})"
        ends = {"low": f"{found.interval.low:+.2f}", "high": f"{found.interval.high:+.2f}"}
        yield language.say(message, n=found.ratings, value=f"{found.value:+.2f}", **ends)


def _drift(comparison: Comparison, arm: Arm, language: Language) -> Iterator[str]:
    row = comparison.find("drift", arm.name)
    if row is not None and stands(row) and row.value is not None:
        message = "its probe score falls by {n} a turn" if row.value < 0 else "its probe score rises by {n} a turn"
        yield language.say(message, n=f"{abs(row.value):.3g}")
    curve = [(row.metric.removeprefix(AFTER), row.value) for row in _curve(comparison, arm) if row.value is not None]
    if len(curve) > 1:
        comma = language.say(", ")
        turns, scores = comma.join(turn for turn, _ in curve), comma.join(f"{score:.2f}" for _, score in curve)
        yield language.say("probe score after turn {turns}: {scores}", turns=turns, scores=scores)


def _curve(comparison: Comparison, arm: Arm) -> Iterator[Estimate]:
    return (
        row for row in comparison.estimates if row.measure == "drift" and row.arm == arm.name and AFTER in row.metric
    )


def _words(comparison: Comparison, arm: Arm, language: Language) -> Iterator[str]:
    words = [word for word in comparison.words if word.arm == arm.name]
    more, less = ([word for word in words if (word.z > 0) == positive] for positive in (True, False))
    if more:
        yield language.say("says more: {words}", words=_told(more, language))
        word = more[0]
        yield language.say("as in “{shown}” ({question})", shown=word.shown, question=word.question)
    if less:
        yield language.say("says less: {words}", words=_told(less, language))


def _told(words: Sequence[DistinctiveWord], language: Language) -> str:
    return language.say(", ").join(_counted(word, language) for word in words[:WORDS])


def _counted(word: DistinctiveWord, language: Language) -> str:
    """Return a word with the replies that hold it; of how many, where the sides have not as many."""
    held = {"word": word.word, "n": word.arm_replies, "m": word.reference_replies}
    if word.arm_total == word.reference_total:
        return language.say("{word} ({n} against {m} replies)", **held)
    message = "{word} ({n} of {all} against {m} of {others} replies)"
    return language.say(message, all=word.arm_total, others=word.reference_total, **held)


def _questions(comparison: Comparison, arm: Arm, language: Language) -> Iterator[str]:
    change = comparison.find("change", arm.name)
    if arm.moved_at_least:
        yield language.say("at least {n} of {total} questions moved", n=arm.moved_at_least, total=arm.questions)
    if arm.moved_questions:
        yield language.say("by name: {questions}", questions=language.listed(arm.moved_questions, NAMED))
    carrier = None if change is None else carries(comparison, change)
    if carrier is not None:
        yield language.say("one question carries it: {question} ({share} of the difference)", **carrier)


def carries(comparison: Comparison, change: Estimate) -> dict[str, str] | None:
    """Return the question, among at least four, that holds half of a change or more, and its share."""
    energies = [value for value in change.arm_values if value is not None]
    total = sum(energies)
    if len(energies) < 4 or total <= 0 or change.p is None or change.p > LEVEL:
        return None
    largest = max(energies)
    if largest < CARRIES * total:
        return None
    question = comparison.questions[change.arm_values.index(largest)]
    return {"question": question, "share": _percent(min(1.0, largest / total))}


def all_alike(comparison: Comparison, language: Language) -> Iterator[str]:
    """Say where nearly all arms differ in the same direction: then the control may be the one that is different."""
    arms = [claim.arm for claim in comparison.claims if claim.control is not None]
    if len(arms) < MANY:
        return
    for measure, metric, more, less in _DIRECTIONS:
        rows = [row for arm in arms if (row := comparison.find(measure, arm, metric)) is not None and stands(row)]
        for sign, told in ((1, more), (-1, less)):
            count = sum(sign * (row.value or 0.0) > 0 for row in rows)
            if count >= ALIKE * len(arms):
                yield language.say(
                    "{told} ({n} of {total}): look at the control's replies first.",
                    told=language.say(told),
                    n=count,
                    total=len(arms),
                )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f}%"
