"""ratings.jsonl: what people gave some replies, one JSON object a line.

Unlike records and judgments these are not appended while something runs: the file is replaced as a whole, so that a
rater may change their mind.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from persona_batch.errors import UsageError
from persona_batch.record.durable import replace_file, storage_error


class Rating(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rater's word on a reply (`score`), or on two (`choice`: `a` is the reply of `key`).

    `rubric` says what was rated, where a run has several; "": what all its judges were asked.
    """

    key: str
    rater: str
    score: float | None = None
    other_key: str | None = None
    choice: Literal["a", "b", "tie"] | None = None
    rubric: str = ""

    @property
    def of(self) -> tuple[str, str | None, str, str]:
        """What there is one rating of."""
        return self.key, self.other_key, self.rater, self.rubric


_decode = msgspec.json.Decoder(Rating).decode
_encode = msgspec.json.Encoder().encode


def ratings_path(run: Path) -> Path:
    """Return the file of a run's ratings."""
    return run / "ratings.jsonl"


def read_ratings(run: Path) -> Iterator[Rating]:
    """Yield the ratings of a run's folder; none where there is no file.

    Raises:
        UsageError: a line is no rating.
    """
    path = ratings_path(run)
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield _decode(line)
            except msgspec.MsgspecError as error:
                raise UsageError(f"{path}:{number}: not a rating ({error}); remove the line") from error


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
