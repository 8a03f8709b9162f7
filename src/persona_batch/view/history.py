"""A batch over its runs, for the terminal: a line per run with its alarms, then the trends."""

from collections.abc import Sequence

from persona_batch.comparing.series import Series, Transition, Trend
from persona_batch.view.tables import Column, table
from persona_batch.view.terminal import one_line, prose
from persona_batch.view.transcript import Page
from persona_batch.wording import counted, local_minute

_RUNS = (Column("started"), Column("records", "right"), Column("failed", "right"), Column("", "left"), Column("run"))
_TRENDS = (
    Column("persona", shrinks=True),
    Column("measure"),
    Column("trend"),
    Column("first", "right"),
    Column("last", "right"),
    Column("unit", shrinks=True),
)
MARK = "!"
BARS = "▁▂▃▄▅▆▇█"
MISSING = "·"


def history_text(series: Series, page: Page) -> str:
    """Return the series as text that ends with a line feed; times are local. Trends that never vary are left out."""
    by_run = {transition.after: transition for transition in series.transitions}
    rows = [
        [
            local_minute(point.started_at),
            f"{point.records:,}",
            f"{point.failed:,}",
            MARK if point.run in by_run and by_run[point.run].alarms else "",
            point.run,
        ]
        for point in series.runs
    ]
    parts = [table(_RUNS, rows, page.palette, page.width)]
    moving = [trend for trend in series.trends if len({value for value in trend.values if value is not None}) > 1]
    if moving:
        parts.append(table(_TRENDS, [_trend_row(trend) for trend in moving], page.palette, page.width))
    parts += [_said(transition, page) for transition in series.transitions if transition.alarms or transition.notes]
    parts += ["\n".join(prose(one_line(note), page.width)) + "\n" for note in series.notes]
    if series.transitions:
        parts.append(_verdict(series, page))
    return "\n".join(parts)


def _trend_row(trend: Trend) -> list[str]:
    present = [value for value in trend.values if value is not None]
    ends = [f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}" for value in (present[0], present[-1])]
    return [trend.persona, trend.metric, sparkline(trend.values), *ends, trend.unit]


def _said(transition: Transition, page: Page) -> str:
    lines = [page.palette.bold(f"{local_minute(transition.started_at)}  {one_line(transition.after)}")]
    for alarm in transition.alarms:
        p = "" if alarm.p_adjusted is None else f" (p {alarm.p_adjusted:.2g}, corrected for the whole series)"
        told = prose(f"  {MARK} {one_line(alarm.text)}{p}", page.width, hang="    ")
        lines += [page.palette.bad(line) for line in told]
    for note in transition.notes:
        lines += [page.palette.dim(line) for line in prose(f"    {one_line(note)}", page.width, hang="    ")]
    return "\n".join(lines) + "\n"


def _verdict(series: Series, page: Page) -> str:
    count, tested = len(series.drifted), sum(transition.tested for transition in series.transitions)
    if count:
        said = f"{count:,} of {counted(len(series.transitions), 'transition')} drifted."
    elif tested:
        said = f"Nothing moved beyond noise in {counted(tested, 'transition')}."
    else:
        said = "No transition could be tested."
    if tested and tested < len(series.transitions):
        said += f" {counted(len(series.transitions) - tested, 'transition')} could not be tested."
    chance = f"Where nothing changes, at most {series.level:.0%} of such series show an alarm that was tested."
    lines = [page.palette.bold(line) for line in prose(said, page.width, hang="")]
    lines += [page.palette.dim(line) for line in prose(chance, page.width, hang="")]
    return "\n".join(lines) + "\n"


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
