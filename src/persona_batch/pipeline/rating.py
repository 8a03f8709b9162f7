"""`batch rate`: a sheet of replies for people to rate, and their ratings into the run."""

import csv
import io
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from persona_batch.errors import UsageError
from persona_batch.pipeline.rating_rows import Given, RatingRows, once
from persona_batch.record import Record
from persona_batch.record.rating import ratings_held, read_ratings, write_ratings
from persona_batch.record.reader import read_records
from persona_batch.record.rundir import RunDir, list_runs
from persona_batch.tables.spreadsheet import harmless_cell
from persona_batch.wording import counted, listed

SHEET = ("run", "key", "question", "reply", "rater", "score")


@dataclass(slots=True)
class Rated:
    """What came of files of ratings.

    Those that are new, took the place of others, or stood there already; rows without a score; by rater what was taken
    over, and by run what is of other runs.
    """

    new: int = 0
    replaced: int = 0
    known: int = 0
    blank: int = 0
    raters: Counter[str] = field(default_factory=Counter)
    elsewhere: Counter[str] = field(default_factory=Counter)


def sheet(run: RunDir, count: int, seed: int = 0) -> tuple[str, int]:
    """Return about `count` replies as CSV to rate, and how many they are.

    They are blind, in random order, and spread as the correction needs them.

    Questions are drawn at random, and of each one reply of every persona and control: ratings of twenty questions say
    more than twenty ratings of one (docs/statistics.md).

    Raises:
        UsageError: the run has no reply.
    """
    chance = random.Random(seed)  # noqa: S311  # no secret
    cells: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in read_records(run.records):
        if record.usable and record.reply:
            cells[record.question][record.persona].append(record)
    questions = sorted(cells)
    chance.shuffle(questions)
    drawn: list[Record] = []
    while len(drawn) < count and any(cells.values()):
        for question in questions:
            for persona in sorted(cells[question]):
                replies = cells[question][persona]
                drawn.append(replies.pop(chance.randrange(len(replies))))
                if not replies:
                    del cells[question][persona]
            if len(drawn) >= count:
                break
    if not drawn:
        raise UsageError(f"{run.path}: there is no reply to rate")
    chance.shuffle(drawn)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(SHEET)
    for record in drawn:
        asked = record.messages[-1].content if record.messages and record.placement != "user" else record.question
        writer.writerow([run.id, record.key, harmless_cell(asked), harmless_cell(record.reply), "", ""])
    return out.getvalue(), len(drawn)


def rate(run: RunDir, *paths: Path, rater: str | None = None, rubric: str = "") -> Rated:
    """Take over the ratings of files (CSV, TSV, JSON, JSONL or Parquet); a rater's later word replaces the earlier.

    Rows that say they are of another run are left to it: runs of one batch have the same keys, and other replies.

    Args:
        run: the run.
        paths: the files, with the columns `key`, `rater` and `score`, or `key`, `other_key`, `rater` and `choice`; of
            several raters, or several files of one: in any order, as they may not contradict each other.
        rater: who rated, where a file has no such column.
        rubric: the id of the rubric they rated by, where a file has no such column.

    Raises:
        UsageError: something is wrong with a row; nothing is taken over then.
        StorageError: the ratings cannot be written.
    """
    rows = RatingRows()
    for path in paths:
        rows.read(path, rater, rubric)
    questions: dict[str, str] = {}
    homes: dict[str, str] = {}  # by key: of which run the record says it is, which a merged run is not
    for record in read_records(run.records):
        questions[record.key], homes[record.key] = record.question, record.run_id
    mine, done = list[Given](), Rated(blank=rows.blank)
    for given in rows.given:
        if given.run in ("", run.id, homes.get(given.rating.key)):
            mine.append(given)
        else:
            done.elsewhere[given.run] += 1
    named = listed([str(path) for path in paths])
    if done.elsewhere and not mine:
        raise UsageError(f"{named}: no rating is of {run.path}: {_told_elsewhere(done.elsewhere)}")
    _check(run, mine, questions, named)
    with ratings_held(run.path):
        known = {rating.of: rating for rating in read_ratings(run.path)}
        for rating in once(mine):
            before = known.get(rating.of)
            if before is None:
                done.new += 1
            elif before.word != rating.word:
                done.replaced += 1
            else:
                done.known += 1
            done.raters[rating.rater] += 1
            known[rating.of] = rating
        write_ratings(run.path, known.values())
    return done


def told(done: Rated, run: RunDir) -> list[str]:
    """Return what came of files of ratings in words, a sentence a line."""
    raters = ", ".join(f"{name} {count:,}" for name, count in sorted(done.raters.items()))
    parts = [f"{counted(done.new, 'rating')} taken over, {done.replaced:,} replaced"]
    parts += [f"{done.known:,} there already"] if done.known else []
    said = f"{', '.join(parts)} ({raters})" if raters else ", ".join(parts)
    said += f"; {done.blank:,} rows have none" if done.blank else ""
    lines = [said]
    if done.elsewhere:
        lines.append(f"not of {run.id}, and left out: {_told_elsewhere(done.elsewhere)}")
    return lines


def _told_elsewhere(elsewhere: Counter[str]) -> str:
    runs = [f"{counted(count, 'rating')} of {name}" for name, count in sorted(elsewhere.items())]
    return f"{listed(runs)} (`batch rate {min(elsewhere)} FILE` takes those over)"


def _check(run: RunDir, given: Sequence[Given], questions: Mapping[str, str], named: str) -> None:
    """Refuse ratings of replies that the run does not have, and pairs that are no pair."""
    unknown = [key for one in given for key in one.rating.keys if key not in questions]
    if unknown:
        count = sum(any(key not in questions for key in one.rating.keys) for one in given)
        raise UsageError(
            f"{named}: {counted(count, 'rating')} of records that {run.path} does not have: "
            f"{listed([*dict.fromkeys(unknown)])}{_home(run, set(unknown))}"
        )
    for one in given:
        asked = dict.fromkeys(questions[key] for key in one.rating.keys)
        if len(asked) > 1:
            raise UsageError(
                f"{one.place}: replies to different questions ({listed([*asked])}) are no pair; rate replies to one"
            )


def _home(run: RunDir, keys: set[str]) -> str:
    """Return in which run beside this one such replies stand; an empty text where none has them."""
    for other in reversed(list_runs(run.path.parent)):
        if other.path.resolve() == run.path.resolve():
            continue
        with suppress(UsageError):  # what is wrong with another run is no matter of this call
            if any(record.key in keys for record in read_records(other.records)):
                return f"; {other.id} has such: `batch rate {other.id} FILE`"
    return ""
