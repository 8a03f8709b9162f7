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

_NEWLINE = ord("\n")
_BUFFER = 1 << 20  # bytes; a record has some thousands


class Scan(NamedTuple):
    """What resuming needs to know of a records file.

    `counts` are records by status; tokens are sums of what was reported (0: nothing was); `torn` is the length in
    bytes of a torn last line.
    """

    keys: KeySet
    counts: Counter[Status]
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
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
    for number, line in enumerate(_lines(path), 1):
        if line[-1] != _NEWLINE:
            return
        try:
            record = decode(line)
        except msgspec.MsgspecError as error:
            raise _corrupt(path, number, error) from error
        yield record


def scan(path: Path) -> Scan:
    """Return the finished keys and the sums of a file; a missing file is an empty one.

    Raises:
        UsageError: as for `read_records`; also a key that occurs twice.
    """
    keys = KeySet()
    counts: Counter[Status] = Counter()
    prompt = completion = total = torn = 0
    if not path.exists():
        return Scan(keys, counts, 0, 0, 0, 0)
    number = 0
    try:
        for number, line in enumerate(_lines(path), 1):
            if line[-1] != _NEWLINE:
                torn = len(line)
                break
            head = _decode_head(line)
            if not keys.add(head.key):
                raise UsageError(f"{path}:{number}: the key {head.key} occurs twice; remove one of the two lines")
            counts[head.status] += 1
            if head.usage is not None:
                prompt += head.usage.prompt_tokens or 0
                completion += head.usage.completion_tokens or 0
                total += head.usage.together or 0
    except (msgspec.MsgspecError, ValueError) as error:
        raise _corrupt(path, number, error) from error
    return Scan(keys, counts, prompt, completion, total, torn)


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb", buffering=_BUFFER) as file:
            yield from file
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _corrupt(path: Path, number: int, error: Exception) -> UsageError:
    return UsageError(
        f"{path}:{number}: not a record ({error}); the file was edited or damaged: "
        "remove the line, and its cell is asked again when the run is resumed"
    )
