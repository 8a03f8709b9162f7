"""A batch over its runs, for the terminal: a line per run with its alarms, then the trends."""

from persona_batch.compare.series import Series, Transition, Trend
from persona_batch.view.sparkline import sparkline
from persona_batch.view.tables import Column, table
from persona_batch.view.terminal import one_line
from persona_batch.view.transcript import Page

_RUNS = (
    Column("started"),
    Column("records", "right"),
    Column("failed", "right"),
    Column("", "left"),
    Column("run", shrinks=True),
)
_TRENDS = (
    Column("persona", shrinks=True),
    Column("measure"),
    Column("trend"),
    Column("first", "right"),
    Column("last", "right"),
    Column("unit", shrinks=True),
)
MARK = "!"


def history_text(series: Series, page: Page) -> str:
    """Return the series as text that ends with a line feed. Trends that never vary are left out."""
    by_run = {transition.after: transition for transition in series.transitions}
    rows = [
        [
            point.started_at[:16].replace("T", " "),
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
    parts += [f"{one_line(note)}\n" for note in series.notes]
    if series.transitions:
        parts.append(_verdict(series, page))
    return "\n".join(parts)


def _trend_row(trend: Trend) -> list[str]:
    present = [value for value in trend.values if value is not None]
    ends = [f"{value:.4g}" for value in (present[0], present[-1])]
    return [trend.persona, trend.metric, sparkline(trend.values), *ends, trend.unit]


def _said(transition: Transition, page: Page) -> str:
    lines = [page.palette.bold(f"{transition.started_at[:16].replace('T', ' ')}  {one_line(transition.after)}")]
    for alarm in transition.alarms:
        p = "" if alarm.p_adjusted is None else f" (p {alarm.p_adjusted:.2g}, corrected for the whole series)"
        lines.append(page.palette.bad(f"  {MARK} {one_line(alarm.text)}{p}"))
    lines += [page.palette.dim(f"    {one_line(note)}") for note in transition.notes]
    return "\n".join(lines) + "\n"


def _verdict(series: Series, page: Page) -> str:
    count = len(series.drifted)
    said = (
        f"{count} of {len(series.transitions)} transitions drifted."
        if count
        else f"Nothing moved beyond noise in {len(series.transitions)} transitions."
    )
    chance = f"Where nothing changes, at most {series.level:.0%} of such series show an alarm that was tested."
    return f"{page.palette.bold(said)}\n{page.palette.dim(chance)}\n"
