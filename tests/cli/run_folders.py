"""Run folders that tests of commands read."""

from collections.abc import Sequence
from pathlib import Path

from persona_batch.record import Record
from persona_batch.record.record import encode

RUN = "20261122T065600Z-wukong"


def write_run(folder: Path, records: Sequence[Record], name: str = RUN) -> Path:
    """Write `folder/runs/name` with these records and no manifest."""
    run = folder / "runs" / name
    run.mkdir(parents=True)
    (run / "records.jsonl").write_bytes(b"".join(encode(record) + b"\n" for record in records))
    return run
