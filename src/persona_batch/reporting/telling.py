"""The verdict as it stands on top of the page: HTML in both languages, to be read without any script."""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from persona_batch.comparing.comparison import Comparison, Estimate
from persona_batch.comparing.series import Series
from persona_batch.pricing.bill import Cost
from persona_batch.pricing.money import worded
from persona_batch.reporting.data import Run, Sampled
from persona_batch.verdict.told import ToldArm, verdict_of
from persona_batch.verdict.translation import Language
from persona_batch.verdict.watching import alarm_sentence, step_sentences, verdict_sentences
from persona_batch.wording import listed

MOST = 12  # arms that are in sight at once; the others fold
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MOST_MODELS = 3
_LEAST, _GREATEST = 0.5, 1.0  # of the scale on which odds are drawn


def verdict_html(
    *,
    title: str,
    runs: Sequence[Run],
    models: Sequence[str],
    cost: Cost | None,
    sampled: Sampled | None,
    comparison: Comparison | None,
    history: Series | None,
    languages: Sequence[Language],
) -> str:
    """Return the head of the page: what was asked, what is missing, and the verdict with its limits.

    Args:
        title: of the page.
        runs: what the page holds.
        models: that were asked.
        cost: what the runs cost; None: nobody was paid.
        sampled: what of it, where it is not all.
        comparison: told where there is one.
        history: told where there is one.
        languages: one section each; styles show that of the page.
    """
    parts = []
    for language in languages:
        notices = "".join(f'<p class="notice">{_text(line)}</p>\n' for line in _notices(runs, sampled, language))
        told = "" if comparison is None else _compared(comparison, language)
        told += "" if history is None else _followed(history, language)
        head = f'<h1>{_text(title)}</h1>\n<p class="about">{_text(_about(runs, models, cost, language))}</p>\n'
        parts.append(f'<section lang="{language.name}">\n{head}{notices}{told}</section>\n')
    return f'<header class="verdict">\n{"".join(parts)}</header>\n'


def _about(runs: Sequence[Run], models: Sequence[str], cost: Cost | None, language: Language) -> str:
    """Return runs, endpoints, models and what they cost on one line."""
    shown = [run.id for run in runs] if len(runs) < 3 else [runs[0].id, "…", runs[-1].id]
    endpoints = dict.fromkeys(run.endpoint for run in runs if run.endpoint)
    paid = [] if cost is None else [_cost(cost, language)]
    return " · ".join([*shown, *endpoints, listed(models, _MOST_MODELS), *paid])


def _cost(cost: Cost, language: Language) -> str:
    template, amount = worded(cost)
    said = {
        "at least {amount}": language.say("at least {amount}", amount=amount),
        "at most {amount}": language.say("at most {amount}", amount=amount),
        "about {amount}": language.say("about {amount}", amount=amount),
        "unknown": language.say("unknown"),
        "free": language.say("free"),
    }
    return language.say("cost: {amount}", amount=said.get(template, amount))


def _notices(runs: Sequence[Run], sampled: Sampled | None, language: Language) -> Iterator[str]:
    """Yield why not everything is here."""
    for run in runs:
        done, cells = run.records, run.cells or 0
        if run.state == "running":
            yield language.say(
                "{run} was still going when this page was made: {n} of {total} cells were there.",
                run=run.id,
                n=done,
                total=max(done, cells),
            )
        elif run.state in ("stopped", "interrupted"):
            yield language.say(
                "{run} is unfinished: {n} of {total} cells are there.", run=run.id, n=done, total=max(done, cells)
            )
    if sampled is not None:
        yield language.say(
            "This page holds {n} of {total} records: {questions} whole questions, drawn from {all}. The verdict is of "
            "all records.",
            n=sampled.records,
            total=sampled.of_records,
            questions=sampled.questions,
            all=sampled.of_questions,
        )


def _compared(comparison: Comparison, language: Language) -> str:
    verdict = verdict_of(comparison, language)
    parts = [f'<p class="summary">{_text(line)}</p>\n' for line in verdict.summary]
    # Before the claims, that they are in sight however many claims there are.
    parts += [_list("limits", verdict.limits), _list("advice", verdict.advice)]
    parts.append(_list("changes", verdict.changes))
    arms = [*verdict.claims, *verdict.yardsticks]
    if arms:
        parts.append(f'<ol class="claims">\n{"".join(map(_arm, arms[:MOST]))}</ol>\n')
    if rest := arms[MOST:]:
        more = language.count("{n} more", "{n} more", len(rest))
        parts.append(
            f"<details><summary>{_text(more)}</summary>\n"
            f'<ol class="claims">\n{"".join(map(_arm, rest))}</ol>\n</details>\n'
        )
    parts.append(_list("levels", verdict.people))
    parts.append(_list("levels", verdict.factors))
    return "".join(parts)


def _arm(told: ToldArm) -> str:
    sentence = _text(told.sentence)
    head = f"<strong>{sentence}</strong>" if told.holds else sentence
    return f"<li><p>{head}</p>\n{_bar(told.odds)}{_list('effects', told.effects)}</li>\n"


def _bar(odds: Estimate | None) -> str:
    """Return how easily an arm is told, with its interval, on a scale from chance to always; what is beyond is cut."""
    if odds is None or odds.value is None or odds.interval is None:  # of one question nothing can be drawn
        return ""
    ends = _line(odds.interval.low, odds.interval.high)
    return (
        '<svg class="odds" viewBox="-22 0 252 12" aria-hidden="true"><text x="-8" y="10" text-anchor="end">50</text>'
        '<text x="208" y="10">100</text><line class="scale" x1="0" y1="6" x2="200" y2="6"/>'
        f'{ends}<circle cx="{_place(odds.value)}" cy="6" r="4"/></svg>\n'
    )


def _line(low: float, high: float) -> str:
    return f'<line class="interval" x1="{_place(low)}" y1="6" x2="{_place(high)}" y2="6"/>'


def _place(value: float) -> str:
    share = (min(max(value, _LEAST), _GREATEST) - _LEAST) / (_GREATEST - _LEAST)
    return f"{200 * share:.1f}"


def _followed(history: Series, language: Language) -> str:
    first, *rest = verdict_sentences(history, language)
    alarms = [
        f"{transition.after}: {alarm_sentence(alarm, language)}"
        for transition in history.transitions
        for alarm in transition.alarms
    ]
    steps = list(step_sentences(history, language)) if history.transitions else []
    return (
        f'<p class="summary">{_text(first)}</p>\n'
        + _list("limits", rest)
        + _list("changes", alarms)
        + _list("levels", steps)
    )


def _list(name: str, sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(sentence)}</li>\n" for sentence in sentences)
    return f'<ul class="{name}">\n{items}</ul>\n' if items else ""


def _text(text: str) -> str:
    """Return a text as HTML; what would be obeyed instead of read is shown by its number."""
    return escape(_CONTROL.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", text))
