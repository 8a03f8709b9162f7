"""A comparison on the terminal: a sentence per persona first, the strongest first, then what stands behind it."""

from collections.abc import Iterable

from persona_batch.comparing import Comparison
from persona_batch.comparing.comparison import Estimate, Interval
from persona_batch.verdict.told import ToldArm, Verdict, rest_sentence, verdict_of
from persona_batch.verdict.translation import ENGLISH, Language
from persona_batch.view.comparison_details import detail_tables, equivalence_lines, plan_table
from persona_batch.view.palette import Palette
from persona_batch.view.terminal import one_line, prose

MOST = 12  # arms that are told one by one
_INDENT = "    "
CELLS = 25
_DRAWN = {True: ("·", "─", "●"), False: (".", "-", "o")}  # background, interval, value; with Unicode and without


def render(
    comparison: Comparison,
    palette: Palette,
    width: int,
    language: Language = ENGLISH,
    *,
    details: bool = False,
    unicode: bool = True,
) -> str:
    """Return the comparison as text of at most `width` cells a line, ending with a line feed.

    Args:
        comparison: what to show.
        palette: colours.
        width: cells.
        language: of the sentences; the tables of `details` are in English.
        details: a table per measure with every number, p-values and intervals.
        unicode: whether the terminal can draw more than ASCII.
    """
    page, verdict = _Page(palette, width, unicode), verdict_of(comparison, language)
    parts = [page.lines(verdict.summary), page.lines(verdict.changes)]
    parts.append(page.claims(verdict, language))
    parts.append(page.lines(verdict.people))
    parts.append(page.lines(verdict.factors))
    parts.append(page.lines(equivalence_lines(comparison, language)))
    parts.append(plan_table(comparison, language, palette, width))
    below = [f"! {limit}" for limit in verdict.limits] + [f"→ {advice}" for advice in verdict.advice]
    parts.append("".join(f"{palette.dim(line)}\n" for line in page.lines(below).splitlines()))
    if details:
        parts.extend(detail_tables(comparison, palette, width))
    return "\n".join(part for part in parts if part)


class _Page:
    """How the screen lays sentences out."""

    def __init__(self, palette: Palette, width: int, unicode: bool) -> None:
        self._palette, self._width, self._unicode = palette, width, unicode

    def lines(self, sentences: Iterable[str], indent: str = "") -> str:
        """Return sentences folded to the width, each on lines of its own."""
        room = self._width - len(indent)
        return "".join(f"{indent}{line}\n" for text in sentences for line in prose(one_line(text), room))

    def claims(self, verdict: Verdict, language: Language) -> str:
        """Return the arms, the strongest first; of many the first ones, and the rest counted."""
        rest = verdict.claims[MOST:]
        parts = [self._arm(claim) for claim in verdict.claims[:MOST]]
        parts += [self.lines([rest_sentence(rest, language)])] if rest else []
        parts += [self._arm(yardstick) for yardstick in verdict.yardsticks[:MOST]]
        return "\n".join(parts)

    def _arm(self, told: ToldArm) -> str:
        lines = self.lines([told.sentence]).splitlines()
        head = "".join(self._palette.bold(line) + "\n" if told.holds else line + "\n" for line in lines)
        return head + self._bar(told.odds) + self.lines(told.effects, _INDENT)

    def _bar(self, odds: Estimate | None) -> str:
        if odds is None or odds.value is None or odds.interval is None:  # of one question nothing can be drawn
            return ""
        drawn = bar(odds.value, odds.interval, low=0.5, high=1.0, unicode=self._unicode)
        return f"{_INDENT}50 {drawn} 100\n"


def bar(value: float, interval: Interval | None, *, low: float, high: float, unicode: bool = True) -> str:
    """Return `CELLS` cells with the value and its interval between `low` and `high`; what is beyond is cut."""
    background, line, point = _DRAWN[unicode]
    cells = [background] * CELLS
    if interval is not None:
        for place in range(_place(interval.low, low, high), _place(interval.high, low, high) + 1):
            cells[place] = line
    cells[_place(value, low, high)] = point
    return "".join(cells)


def _place(value: float, low: float, high: float) -> int:
    share = (min(max(value, low), high) - low) / (high - low)
    return min(CELLS - 1, round(share * (CELLS - 1)))
