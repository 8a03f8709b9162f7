"""ratings.jsonl: what people gave some replies, one JSON object a line.

Unlike records and judgments these are not appended while something runs: the file is replaced as a whole, so that a
rater may change their mind. A pair has no first and second: rated the other way round it is the same pair.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from filelock import FileLock, Timeout

from persona_batch.errors import RunLocked, UsageError
from persona_batch.record.durable import replace_file, storage_error

Choice: TypeAlias = Literal["a", "b", "tie"]
_PATIENCE = 30.0  # seconds that one call waits for another to have written its ratings


class Rating(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rater's word on a reply (`score`), or on two (`choice`: `a` is the reply of `key`).

    `rubric` says what was rated, where a run has several; "": what all its judges were asked.
    """

    key: str
    rater: str
    score: float | None = None
    other_key: str | None = None
    choice: Choice | None = None
    rubric: str = ""

    @property
    def of(self) -> tuple[str, str | None, str, str]:
        """What there is one rating of, whichever reply of a pair is named first."""
        first, second = self.key, self.other_key
        if second is not None and second < first:
            first, second = second, first
        return first, second, self.rater, self.rubric

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of what was rated: one, or two."""
        return (self.key,) if self.other_key is None else (self.key, self.other_key)

    @property
    def word(self) -> float | str | None:
        """What was said: a score, or the key of the reply that was preferred ("tie": neither)."""
        return {None: self.score, "a": self.key, "b": self.other_key, "tie": "tie"}[self.choice]


_decode = msgspec.json.Decoder(Rating).decode
_encode = msgspec.json.Encoder().encode


def ratings_path(run: Path) -> Path:
    """Return the file of a run's ratings."""
    return run / "ratings.jsonl"


def read_ratings(run: Path) -> Iterator[Rating]:
    """Yield the ratings of a run's folder, of several by one rater of one thing the last; none where there is no file.

    Raises:
        UsageError: a line is no rating.
    """
    path = ratings_path(run)
    if not path.exists():
        return
    found: dict[tuple[str, str | None, str, str], Rating] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                rating = _decode(line)
            except msgspec.MsgspecError as error:
                raise UsageError(f"{path}:{number}: not a rating ({error}); remove the line") from error
            found[rating.of] = rating
    yield from found.values()


@contextmanager
def ratings_held(run: Path) -> Iterator[None]:
    """Keep other calls off the ratings of a run between reading and writing them; they wait.

    Raises:
        RunLocked: another call has been at it for long.
        StorageError: the folder cannot be written.
    """
    path = ratings_path(run)
    lock = FileLock(path.with_suffix(".lock"), timeout=_PATIENCE)
    try:
        lock.acquire()
    except Timeout as error:
        raise RunLocked(f"{path}: another process is writing it; call again when it has ended") from error
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        yield
    finally:
        lock.release()


def write_ratings(run: Path, ratings: Iterable[Rating]) -> None:
    """Replace the ratings of a run.

    Raises:
        StorageError: they cannot be written; the old ones are untouched.
    """
    path = ratings_path(run)
    try:
        replace_file(path, [_encode(rating) + b"\n" for rating in ratings])
    except OSError as error:
        raise storage_error(path, error) from error
