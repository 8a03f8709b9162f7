"""`batch rate`: a sheet of replies for people to rate, and their ratings into the run."""

import csv
import io
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import msgspec

from persona_batch.errors import UsageError
from persona_batch.record import Record
from persona_batch.record.rating import Rating, read_ratings, write_ratings
from persona_batch.record.reader import read_records
from persona_batch.record.rundir import RunDir
from persona_batch.tables.reading import READERS, read_table
from persona_batch.tables.table import Row, TableFlaw
from persona_batch.view.comparison_export import harmless_cell
from persona_batch.wording import counted, listed, meant

SHEET = ("key", "question", "reply", "rater", "score")
_KNOWN = {*SHEET, "other_key", "choice", "rubric"}
_CHOICES = ("a", "b", "tie")


@dataclass(slots=True)
class Rated:
    """What came of a file of ratings: new ones, those that took the place of others, and rows without a score."""

    new: int = 0
    replaced: int = 0
    blank: int = 0
    raters: Counter[str] = field(default_factory=Counter)


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
        writer.writerow([record.key, harmless_cell(asked), harmless_cell(record.reply), "", ""])
    return out.getvalue(), len(drawn)


def rate(run: RunDir, path: Path, rater: str | None = None, rubric: str = "") -> Rated:
    """Take over the ratings of a file (CSV, TSV, JSON, JSONL or Parquet); a rater's later word replaces the earlier.

    Args:
        run: the run.
        path: the file, with the columns `key`, `rater` and `score`, or `key`, `other_key`, `rater` and `choice`.
        rater: who rated, where the file has no such column.
        rubric: the id of the rubric they rated by, where the file has no such column.

    Raises:
        UsageError: something is wrong with a row; nothing is taken over then.
        StorageError: the ratings cannot be written.
    """
    given, done = _read(path, rater, rubric)
    keys = {record.key for record in read_records(run.records)}
    unknown = [rating.key for rating in given if rating.key not in keys or rating.other_key not in {None, *keys}]
    if unknown:
        raise UsageError(
            f"{path}: {counted(len(unknown), 'rating')} of records that {run.path} does not have: {listed(unknown)}"
        )
    alone = [rating.key for rating in given if rating.key == rating.other_key]
    if alone:
        raise UsageError(f"{path}: a pair has two replies; `key` and `other_key` are the same: {listed(alone)}")
    known = {rating.of: rating for rating in read_ratings(run.path)}
    for rating in given:
        if rating.of in known:
            done.replaced += known[rating.of] != rating
        else:
            done.new += 1
        done.raters[rating.rater] += 1
        known[rating.of] = rating
    write_ratings(run.path, known.values())
    return done


def _read(path: Path, rater: str | None, rubric: str) -> tuple[list[Rating], Rated]:
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise UsageError(f"{path}: expected a table that ends in {listed([*READERS], 9)}")
    rows: list[tuple[Row, int]] = []
    try:
        table = read_table(path.read_bytes(), suffix, lambda row, line: rows.append((row, line)))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except TableFlaw as flaw:
        raise UsageError(f"{path}:{flaw.line}: {flaw}") from flaw
    if "key" not in table.columns:
        raise UsageError(f"{path}: there is no column `key`; {meant('key', list(table.columns))}")
    done, given, seen = Rated(), list[Rating](), dict[tuple[str, str | None, str, str], int]()
    for row, line in rows:
        rating = _rating(row, rater, rubric, f"{path}:{line}")
        if rating is None:
            done.blank += 1
            continue
        if rating.of in seen:
            raise UsageError(f"{path}:{line}: {rating.rater} rated this in line {seen[rating.of]} already; keep one")
        seen[rating.of] = line
        given.append(rating)
    return given, done


def _rating(row: Row, rater: str | None, rubric: str, place: str) -> Rating | None:
    said = {name: _text(row.get(name)) for name in _KNOWN}
    said["rubric"] = said["rubric"] or rubric
    if not said["score"] and not said["choice"]:
        return None
    who = said["rater"] or rater
    if not who:
        raise UsageError(f"{place}: who rated this? fill in the column `rater`, or name them by --rater")
    choice = said["choice"].casefold()
    if choice:
        if choice not in _CHOICES or not said["other_key"]:
            raise UsageError(f"{place}: a choice is `a`, `b` or `tie`, between `key` and `other_key`")
        plain = {"key": said["key"], "other_key": said["other_key"], "rater": who, "choice": choice}
        return msgspec.convert({**plain, "rubric": said["rubric"]}, Rating)
    try:
        score = float(said["score"])
    except ValueError:
        raise UsageError(f"{place}: the score `{said['score']}` is no number") from None
    if not isfinite(score):
        raise UsageError(f"{place}: the score `{said['score']}` is no number")
    return Rating(key=said["key"], rater=who, score=score, rubric=said["rubric"])


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
