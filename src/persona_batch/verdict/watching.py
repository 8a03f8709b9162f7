"""What a watch says: alarms, the newest run beside others, and what could not have alarmed."""

from collections.abc import Iterator

from persona_batch.comparing.series import Alarm, Series, Step
from persona_batch.verdict.translation import Language

MOST_STEPS = 8


def alarm_sentence(alarm: Alarm, language: Language) -> str:
    """Return what is no noise."""
    if alarm.kind == "model_returned":
        return language.say("another model answers: {now}, before {before}", now=alarm.now, before=alarm.before)
    return language.say(
        "{arm}: {measure} is not where it was: {before} in the runs before, {now} in this one ({unit}); "
        "watched anew from here on",
        arm=alarm.persona,
        measure=language.word(alarm.measure or ""),
        before=alarm.before,
        now=alarm.now,
        unit=language.word(alarm.unit or ""),
    )


def step_sentences(series: Series, language: Language) -> Iterator[str]:
    """Yield the newest run against the one before and the baseline: what differs most, as estimates."""
    newest = series.transitions[-1]
    for against, message in (
        ("before", "The newest run against the one before:"),
        ("baseline", "The newest run against {baseline}:"),
    ):
        apart = [step for step in newest.steps if step.against == against and _is_apart(step)]
        if not any(step.against == against for step in newest.steps):
            continue
        head = language.say(message, baseline=series.baseline)
        if not apart:
            yield head + language.say(" no interval lies off 0 (all: --json).")
            continue
        told = [_step(step, language) for step in apart]
        yield head + " " + language.listed(told, MOST_STEPS) + language.say(" (an estimate each, no alarm).")


def _is_apart(step: Step) -> bool:
    return step.interval is not None and (step.interval.low > 0 or step.interval.high < 0)


def _step(step: Step, language: Language) -> str:
    assert step.interval is not None
    return language.say(
        "{arm} {measure} {value} ({low} to {high})",
        arm=step.persona,
        measure=language.word(step.measure),
        value=f"{step.value:+.3g}",
        low=f"{step.interval.low:.3g}",
        high=f"{step.interval.high:.3g}",
    )


def verdict_sentences(series: Series, language: Language) -> Iterator[str]:
    """Yield the verdict, then what it is worth: never that nothing moved, where nothing could have alarmed."""
    runs, alarms = len(series.runs), len(series.drifted)
    if runs < 2:
        yield language.say("One finished run: nothing to compare yet.")
        return
    if alarms:
        yield language.count(
            "{n} run with an alarm, of {total}.", "{n} runs with an alarm, of {total}.", alarms, total=runs
        )
    else:
        yield language.count("No alarm in {n} run.", "No alarm in {n} runs.", runs)
    possible = [trend.possible_from for trend in series.trends]
    first = min((number for number in possible if number is not None), default=None)
    if first is None:
        yield language.say("No alarm is possible with these questions: add questions or samples.")
    elif not alarms and all(number is None or number > series.seen for number in possible):
        yield language.say(
            "None was possible yet: {total} series are watched, and the first that could alarm needs {n} runs; there "
            "are {runs}.",
            total=len(series.trends),
            n=first,
            runs=series.seen,
        )
    elif any(number is None or number > series.seen for number in possible):
        late = sorted({trend.persona for trend in series.trends if _late(trend.possible_from, series.seen)})
        yield language.say("Not yet possible for some measures of {arms}.", arms=language.listed(late))
    yield language.say(
        "If nothing changes, the chance of any false alarm in a year of nightly runs is at most {level}.",
        level=f"{series.level:.0%}",
    )


def _late(first: int | None, runs: int) -> bool:
    return first is None or first > runs
