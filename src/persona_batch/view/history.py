"""A batch over its runs, for the terminal: a line per run with its alarms, then the trends."""

from collections.abc import Iterable, Iterator, Sequence

from persona_batch.comparing.series import Series, Transition, Trend
from persona_batch.verdict.translation import ENGLISH, Language
from persona_batch.verdict.watching import alarm_sentence, step_sentences, verdict_sentences
from persona_batch.view.tables import Column, table
from persona_batch.view.terminal import one_line, prose
from persona_batch.view.transcript import Page
from persona_batch.wording import local_minute

MARK = "!"
BARS = "▁▂▃▄▅▆▇█"
MISSING = "·"


def history_text(series: Series, page: Page, language: Language = ENGLISH) -> str:
    """Return the series as text that ends with a line feed; times are local. Trends that never vary are left out."""
    parts = [_runs(series, page, language)]
    moving = [trend for trend in series.trends if len({value for value in trend.values if value is not None}) > 1]
    if moving:
        parts.append(_trends(moving, page, language))
    parts += [_said(transition, page, language) for transition in series.transitions if _is_told(transition)]
    if series.transitions:
        parts.append(_lines(step_sentences(series, language), page))
    bold, *rest = verdict_sentences(series, language)
    head = "".join(f"{page.palette.bold(line)}\n" for line in _lines([bold], page).splitlines())
    parts.append(head + "".join(f"{page.palette.dim(line)}\n" for line in _lines(rest, page).splitlines()))
    return "\n".join(part for part in parts if part)


def _runs(series: Series, page: Page, language: Language) -> str:
    say = language.say
    columns = [Column(say("started")), Column(say("records"), "right"), Column(say("failed"), "right")]
    columns += [Column("", "left"), Column(say("run"))]
    alarmed = {transition.after for transition in series.drifted}
    rows = [
        [
            local_minute(point.started_at),
            f"{point.records:,}",
            f"{point.failed:,}",
            MARK if point.run in alarmed else "",
            point.run,
        ]
        for point in series.runs
    ]
    return table(columns, rows, page.palette, page.width)


def _trends(trends: Iterable[Trend], page: Page, language: Language) -> str:
    say = language.say
    columns = [Column(say("persona"), shrinks=True), Column(say("measure")), Column(say("trend"))]
    columns += [Column(say("first"), "right"), Column(say("last"), "right"), Column(say("unit"), shrinks=True)]
    rows = []
    for trend in trends:
        present = [value for value in trend.values if value is not None]
        ends = [f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}" for value in (present[0], present[-1])]
        rows.append(
            [trend.persona, language.word(trend.measure), sparkline(trend.values), *ends, language.word(trend.unit)]
        )
    return table(columns, rows, page.palette, page.width)


def _is_told(transition: Transition) -> bool:
    return bool(transition.alarms or transition.edited or transition.fingerprints or transition.ways)


def _said(transition: Transition, page: Page, language: Language) -> str:
    lines = [page.palette.bold(f"{local_minute(transition.started_at)}  {one_line(transition.after)}")]
    for alarm in transition.alarms:
        told = prose(f"  {MARK} {one_line(alarm_sentence(alarm, language))}", page.width, hang="    ")
        lines += [page.palette.bad(line) for line in told]
    for note in _notes(transition, language):
        lines += [page.palette.dim(line) for line in prose(f"    {one_line(note)}", page.width, hang="    ")]
    return "\n".join(lines) + "\n"


def _notes(transition: Transition, language: Language) -> Iterator[str]:
    for persona in transition.edited:
        yield language.say("{arm}: asked otherwise than in the run before; watched anew from here on", arm=persona)
    for model in transition.fingerprints:
        yield language.say("{model}: the endpoint's system fingerprint changed", model=model)
    if transition.ways is not None:
        yield language.again(transition.ways)


def _lines(sentences: Iterable[str], page: Page) -> str:
    return "".join(f"{line}\n" for text in sentences for line in prose(one_line(text), page.width, hang=""))


def sparkline(values: Sequence[float | None]) -> str:
    """Return one bar per value, scaled from the least to the greatest; values that are all alike are half bars."""
    present = [value for value in values if value is not None]
    if not present:
        return MISSING * len(values)
    low, high = min(present), max(present)
    return "".join(MISSING if value is None else _bar(value, low, high) for value in values)


def _bar(value: float, low: float, high: float) -> str:
    # halved first, for the spread of the largest floats is no float
    span = high / 2 - low / 2
    if span <= 0:
        return BARS[len(BARS) // 2 - 1]
    return BARS[min(len(BARS) - 1, int((value / 2 - low / 2) / span * len(BARS)))]
