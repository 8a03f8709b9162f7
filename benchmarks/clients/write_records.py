"""Write records of about 3.4 KB in one of several ways.

python -m benchmarks.clients.write_records WAY COUNT FOLDER
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from persona_batch.chat import Message, Usage
from persona_batch.record import Record, Timing
from persona_batch.record.journal import Sink

REPLY = "师父，前面山高路远，俺老孙先去探一探。八戒，看好行李！" * 36


def records(count: int) -> Iterator[Record]:
    """Yield records that differ in their keys."""
    messages = [Message("system", "你是孙悟空"), Message("user", "你对取经怎么看？")]
    for number in range(count):
        yield Record(
            key=hashlib.blake2b(b"%d" % number, digest_size=16).hexdigest(),
            run_id="20261122T065600Z-wukong",
            persona="wukong",
            question="view",
            placement="system",
            provider="mock",
            model="mock",
            params={"temperature": 0.7},
            messages=messages,
            reply=REPLY,
            status="ok",
            finish_reason="stop",
            usage=Usage(22, 180, 202),
            timing=Timing("2026-11-22T06:56:00.123Z", 412.0, 2210.5, 180),
        )


def write_plainly(path: Path, count: int, *, sync: bool) -> None:
    """Write as scripts do: json.dumps and a newline."""
    with path.open("w", encoding="utf-8") as out:
        for record in records(count):
            out.write(json.dumps(msgspec.to_builtins(record), ensure_ascii=False) + "\n")
            if sync:
                out.flush()
                os.fsync(out.fileno())


def main(way: str, count: int, folder: Path) -> None:
    """Write, and print what it took beyond making the records."""
    path = folder / "records.jsonl"
    cpu, wall = time.process_time(), time.perf_counter()
    for record in records(count):
        if way != "sink":
            msgspec.to_builtins(record)
    spent_cpu, spent_wall = time.process_time() - cpu, time.perf_counter() - wall
    cpu, wall = time.process_time(), time.perf_counter()
    if way == "sink":
        with Sink(path) as sink:
            for record in records(count):
                sink.append(record)
    else:
        write_plainly(path, count, sync="fsync" in way)
    print(
        json.dumps(
            {
                "cpu": time.process_time() - cpu - spent_cpu,
                "wall": time.perf_counter() - wall - spent_wall,
                "bytes": path.stat().st_size / count,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
