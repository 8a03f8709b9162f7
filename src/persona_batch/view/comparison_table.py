"""A comparison on the terminal: a sentence per persona first, the strongest first, then what stands behind it."""

from collections.abc import Iterable, Iterator

from persona_batch.comparing import Comparison
from persona_batch.comparing.between_runs import RunChanges
from persona_batch.comparing.comparison import Arm, Claim, Interval
from persona_batch.verdict.claimed import claim_sentence, yardstick_sentence
from persona_batch.verdict.effects import all_alike, effects_of
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
    page = _Page(comparison, palette, width, language, unicode)
    parts = [page.summary()]
    if comparison.changes is not None:
        parts.append(page.lines(page.changes(comparison.changes)))
    parts.append(page.claims())
    parts.append(page.lines(page.factors()))
    parts.append(page.lines(equivalence_lines(comparison, language)))
    parts.append(plan_table(comparison, language, palette, width))
    parts.append(page.below())
    if details:
        parts.extend(detail_tables(comparison, palette, width))
    return "\n".join(part for part in parts if part)


class _Page:
    """The screen of one comparison in one language."""

    def __init__(self, comparison: Comparison, palette: Palette, width: int, language: Language, unicode: bool) -> None:
        self._comparison, self._palette, self._width = comparison, palette, width
        self._language, self._unicode = language, unicode
        self._arms = {arm.name: arm for arm in comparison.arms}

    def lines(self, sentences: Iterable[str], indent: str = "") -> str:
        """Return sentences folded to the width, each on lines of its own."""
        room = self._width - len(indent)
        return "".join(f"{indent}{line}\n" for text in sentences for line in prose(one_line(text), room))

    def summary(self) -> str:
        """Return what was compared, and how many of the claims hold."""
        claims, say = self._comparison.claims, self._language
        first = say.count("{n} question", "{n} questions", len(self._comparison.questions))
        replies = say.say("{n} replies", n=sum(arm.used for arm in self._comparison.arms))
        samples = self._samples()
        told = [say.say(", ").join([first, *([samples] if samples else []), replies])]
        tested = [claim for claim in claims if claim.holds is not None]
        if len(claims) > 1:
            n = sum(claim.holds is True for claim in tested)
            total, missing = len(tested), len(claims) - len(tested)
            told.append(say.say("{n} of {total} change the replies beyond luck.", n=n, total=total))
            if missing:
                told[-1] += say.count(" {n} could not be tested.", " {n} could not be tested.", missing)
        identified = self._comparison.find("identifiability", self._among())
        if len(claims) > 1 and identified is not None and identified.value is not None:
            shares = [f"{100 * (share or 0):.0f}" for share in (identified.value, identified.reference_value)]
            message = "Which of them gave a reply is told right in {n} of 100 cases (chance is {chance})."
            told.append(say.say(message, n=shares[0], chance=shares[1]))
        return self.lines(told)

    def _samples(self) -> str:
        """Return how many samples a question has in an arm."""
        each = [
            count / row.questions
            for row in self._comparison.estimates
            if row.measure in ("told_apart", "shift") and row.questions
            for count in (row.samples, row.reference_samples)
        ]
        if not each:
            return ""
        low, high = round(min(each)), round(max(each))
        if low == high:
            return self._language.say("{n} samples each", n=low)
        return self._language.say("{low} to {high} samples each", low=low, high=high)

    def _among(self) -> str:
        """Return the name of the row of all personas together."""
        rows = [row.arm for row in self._comparison.estimates if row.measure == "identifiability"]
        return rows[0] if rows else ""

    def claims(self) -> str:
        """Return the arms, the strongest first; of many the first ones, and the rest counted."""
        ordered = sorted(self._comparison.claims, key=self._strength)
        parts = [self._claim(claim) for claim in ordered[:MOST]]
        rest = ordered[MOST:]
        if rest:
            holding = sum(claim.holds is True for claim in rest)
            parts.append(
                self.lines(
                    [
                        self._language.say(
                            "… and {n} more: {holding} of them change the replies, {others} could not be told or "
                            "tested (all: --details).",
                            n=len(rest),
                            holding=holding,
                            others=len(rest) - holding,
                        )
                    ]
                )
            )
        yardsticks = [arm for arm in self._comparison.arms if arm.role in ("placebo", "control") and arm.reference]
        parts.extend(part for arm in yardsticks[:MOST] if (part := self._yardstick(arm)))
        return "\n".join(parts)

    def _strength(self, claim: Claim) -> tuple[int, float, str]:
        row = self._comparison.find("told_apart", claim.arm)
        value = 0.0 if row is None or row.value is None else row.value
        return {True: 0, False: 1, None: 2}[claim.holds], -value, claim.arm

    def _claim(self, claim: Claim) -> str:
        told = self.lines([claim_sentence(self._comparison, claim, self._language)])
        head = "".join(self._palette.bold(line) + "\n" if claim.holds else line + "\n" for line in told.splitlines())
        arm = self._arms[claim.arm]
        return head + self._bar(arm) + self.lines(effects_of(self._comparison, arm, self._language), _INDENT)

    def _yardstick(self, arm: Arm) -> str:
        sentence = yardstick_sentence(self._comparison, arm, self._language)
        if sentence is None:
            return ""
        effects = (
            list(effects_of(self._comparison, arm, self._language)) if self._comparison.settings.by == "run" else []
        )
        return self.lines([sentence]) + self._bar(arm) + self.lines(effects, _INDENT)

    def _bar(self, arm: Arm) -> str:
        row = self._comparison.find("told_apart", arm.name)
        if row is None or row.value is None:
            return ""
        drawn = bar(row.value, row.interval, low=0.5, high=1.0, unicode=self._unicode)
        return f"{_INDENT}50 {drawn} 100\n"

    def factors(self) -> Iterator[str]:
        """Yield a sentence per level of each factor of the run."""
        say = self._language.say
        for row in self._comparison.factors:
            if row.told_apart.value is None:
                continue
            n, p = round(100 * row.told_apart.value), row.change.p
            who = say("over all personas") if row.persona is None else row.persona
            names = {
                "factor": self._language.word(row.factor),
                "level": row.level,
                "other": row.reference,
                "who": who,
                "n": n,
            }
            if p is None or p > 1 - self._comparison.settings.level:
                yield say("{factor}: {level} could not be told from {other} ({who}): {n} of 100 cases.", **names)
            else:
                yield say("{factor}: {level} is told from {other} ({who}) in {n} of 100 cases.", **names)

    def below(self) -> str:
        """Return what limits the claims, and what is advised."""
        comparison, again = self._comparison, self._language.again
        notes = [f"! {note}" for note in all_alike(comparison, self._language)]
        notes += [f"! {again(note)}" for note in comparison.notes]
        notes += [f"→ {again(advice.text)}" for advice in comparison.advice]
        return "".join(f"{self._palette.dim(line)}\n" for line in self.lines(notes).splitlines())

    def changes(self, changes: RunChanges) -> Iterator[str]:
        """Yield what differs between two runs besides the replies: prompts, models, failures."""
        language, say = self._language, self._language.say
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
        for message, personas in (
            ("only before: {personas}", changes.only_before),
            ("only after: {personas}", changes.only_after),
        ):
            if personas:
                yield say(message, personas=language.listed(personas))


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
