"""Files of ratings → ratings, each with its place: tables, and the JSON that a report's blind rating exports."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import NamedTuple, get_args

from persona_batch.errors import UsageError
from persona_batch.record.rating import Choice, Rating
from persona_batch.tables.reading import READERS, read_table
from persona_batch.tables.table import Row, TableFlaw
from persona_batch.wording import listed, meant

_CELLS = ("run", "key", "other_key", "rater", "score", "choice", "rubric")


class Given(NamedTuple):
    """A rating, the run that it says it is of ("": it does not say), and where it stands: `ratings.json:3`."""

    rating: Rating
    run: str
    place: str


@dataclass(slots=True)
class RatingRows:
    """What files hold: ratings, and how many rows have none."""

    given: list[Given] = field(default_factory=list)
    blank: int = 0

    def read(self, path: Path, rater: str | None, rubric: str) -> None:
        """Take in a file.

        Args:
            path: CSV, TSV, JSON, JSONL or Parquet, by its ending.
            rater: who rated, where a row does not say.
            rubric: the id of the rubric they rated by, where a row does not say.

        Raises:
            UsageError: it cannot be read, or a row is no rating.
        """
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
        for row, line in rows:
            self._take(row, rater, rubric, f"{path}:{line}")

    def _take(self, row: Row, rater: str | None, rubric: str, place: str) -> None:
        cells = {name: _text(row.get(name), name, place) for name in _CELLS}
        if not cells["score"] and not cells["choice"]:
            self.blank += 1
            return
        cells["rater"] = cells["rater"] or rater or ""
        cells["rubric"] = cells["rubric"] or rubric
        self.given.append(Given(_rating(cells, place), cells["run"], place))


def once(given: Iterable[Given]) -> Iterator[Rating]:
    """Yield the ratings, each once, however often it stands there and whichever reply of a pair is named first.

    Raises:
        UsageError: a rater contradicts themselves.
    """
    first: dict[tuple[object, ...], Given] = {}
    for one in given:
        seen = first.setdefault(one.rating.of, one)
        if seen is one:
            yield one.rating
        elif seen.rating.word != one.rating.word:
            where = _beside(seen.place, one.place)
            raise UsageError(f"{one.place}: {one.rating.rater} rated this otherwise in {where} already; keep one")


def _rating(cells: dict[str, str], place: str) -> Rating:
    key, other, who = cells["key"], cells["other_key"], cells["rater"]
    if not key:
        raise UsageError(f"{place}: of which reply? `key` is empty")
    if not who:
        raise UsageError(f"{place}: who rated this? fill in the column `rater`, or name them by --rater")
    if cells["choice"] and cells["score"]:
        raise UsageError(f"{place}: a reply has a score, a pair a choice; this row has both")
    if cells["choice"]:
        choice = _choice(cells["choice"].casefold())
        if choice is None or not other:
            raise UsageError(f"{place}: a choice is `a`, `b` or `tie`, between `key` and `other_key`")
        if key == other:
            raise UsageError(f"{place}: a pair has two replies; `key` and `other_key` are the same: {key}")
        return Rating(key=key, other_key=other, rater=who, choice=choice, rubric=cells["rubric"])
    if other:
        raise UsageError(f"{place}: a pair has a `choice` (`a`, `b` or `tie`), no score")
    try:
        score = float(cells["score"])
    except ValueError:
        score = float("nan")
    if not isfinite(score):
        raise UsageError(f"{place}: the score `{cells['score']}` is no number")
    return Rating(key=key, rater=who, score=score, rubric=cells["rubric"])


def _choice(text: str) -> Choice | None:
    choices: Sequence[Choice] = get_args(Choice)
    return next((choice for choice in choices if choice == text), None)


def _text(value: object, name: str, place: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise UsageError(f"{place}: `{name}` is neither a text nor a number")
    return "" if value is None else str(value).strip()


def _beside(place: str, here: str) -> str:
    """Return a place as it is told from another: `line 2` in the same file."""
    file, _, line = place.rpartition(":")
    return f"line {line}" if here.rpartition(":")[0] == file else place
