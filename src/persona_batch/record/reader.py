"""Reading records.jsonl: a plain binary loop, twice as fast as a general JSON Lines reader.

A last line without its newline is torn (the process was killed, or is writing right now): it is never trusted
and here passed over; `sink.Sink` sets it aside before anything is appended. Any other line that is no record
means that the file was edited or the disk damaged, and is an error that names the line.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from persona_batch.chat import Usage
from persona_batch.errors import UsageError
from persona_batch.record.keys import KeySet
from persona_batch.record.record import Record, Status, decode


class Scan(NamedTuple):
    """What resuming needs to know of a records file.

    `counts` are records by status; tokens are sums of what was reported; `torn` is the length in bytes of a
    torn last line.
    """

    keys: KeySet
    counts: Counter[Status]
    prompt_tokens: int
    completion_tokens: int
    torn: int


class _Head(msgspec.Struct):
    key: str
    status: Status
    usage: Usage | None = None


_decode_head = msgspec.json.Decoder(_Head).decode


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of a file, in the order they finished.

    Raises:
        UsageError: the file cannot be read, or a line that is not the torn last one is no record.
    """
    for number, line in _lines(path):
        try:
            yield decode(line)
        except msgspec.MsgspecError as error:
            raise _corrupt(path, number, error) from error


def scan(path: Path) -> Scan:
    """Return the finished keys and the sums of a file; a missing file is an empty one.

    Raises:
        UsageError: as for `read_records`; also a key that occurs twice.
    """
    keys = KeySet()
    counts: Counter[Status] = Counter()
    prompt = completion = torn = 0
    if not path.exists():
        return Scan(keys, counts, 0, 0, 0)
    for number, line in _lines(path, keep_torn=True):
        if not line.endswith(b"\n"):
            torn = len(line)
            break
        try:
            head = _decode_head(line)
            new = keys.add(head.key)
        except (msgspec.MsgspecError, ValueError) as error:
            raise _corrupt(path, number, error) from error
        if not new:
            raise UsageError(f"{path}:{number}: the key {head.key} occurs twice; remove one of the two lines")
        counts[head.status] += 1
        if head.usage is not None:
            prompt += head.usage.prompt_tokens or 0
            completion += head.usage.completion_tokens or 0
    return Scan(keys, counts, prompt, completion, torn)


def _lines(path: Path, *, keep_torn: bool = False) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if keep_torn or line.endswith(b"\n"):
                    yield number, line
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _corrupt(path: Path, number: int, error: Exception) -> UsageError:
    return UsageError(
        f"{path}:{number}: not a record ({error}); the file was edited or damaged: "
        "remove the line, and its cell is asked again when the run is resumed"
    )
