"""Asking failed cells again without ever losing or doubling a record.

records.jsonl holds one record per cell. Before `--retry-errors` asks the failed ones again, their records move
to errors.jsonl, in three steps that may each be the last: (1) the failed records are appended to errors.jsonl and
synced; (2) records.jsonl without them is written beside it and synced; (3) it is renamed over records.jsonl. A
process killed before (3) leaves records.jsonl as it was, and the next try passes over what errors.jsonl has
already. After (3) the cells are missing like any that were never asked, so a plain `--resume` asks them too.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from persona_batch.record.append import AppendFile, storage_error, sync_folder
from persona_batch.record.keys import KeySet
from persona_batch.record.record import Status
from persona_batch.record.rundir import RunDir
from persona_batch.record.torn import set_torn_aside


class _Outcome(msgspec.Struct):
    status: Status


_decode = msgspec.json.Decoder(_Outcome).decode


def set_errors_aside(run: RunDir) -> int:
    """Move the failed records of a run to its errors.jsonl; return how many. Call it under the run's lock.

    Raises:
        StorageError: it cannot be written; every record is still where it was.
    """
    beside = run.records.with_name(f".{run.records.name}.new")
    try:
        if not run.records.exists() or next(_failed(run.records), None) is None:
            return 0
        moved = _keep(run)
        with run.records.open("rb") as old, beside.open("wb") as new:
            for line in old:
                if not _is_failed(line):
                    new.write(line)
            new.flush()
            os.fsync(new.fileno())
        beside.replace(run.records)
        sync_folder(run.path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise storage_error(run.records, error) from error
    return moved


def _keep(run: RunDir) -> int:
    failed = 0
    kept = KeySet()
    with AppendFile(run.errors) as errors:
        set_torn_aside(run.errors, errors.fileno())
        with run.errors.open("rb") as lines:
            for line in lines:
                kept.add(_digest(line))
        for line in _failed(run.records):
            failed += 1
            if kept.add(_digest(line)):
                errors.write(line)
                errors.flush()
        errors.sync()
    return failed


def _failed(path: Path) -> Iterator[bytes]:
    with path.open("rb") as lines:
        for line in lines:
            if _is_failed(line):
                yield line


def _is_failed(line: bytes) -> bool:
    # Torn and damaged lines stay where they are: the sink and the reader deal with them.
    if not line.endswith(b"\n"):
        return False
    try:
        return _decode(line).status == "error"
    except msgspec.MsgspecError:
        return False


def _digest(line: bytes) -> str:
    return hashlib.blake2b(line, digest_size=16).hexdigest()
