"""Write records for all cells of a grid but the last few, as if they had been asked.

python -m benchmarks.clients.fill_run BASE_URL MODEL CAST ASKED SAMPLES RECORDS LEFT
"""

import json
import sys
from pathlib import Path

from persona_batch.config.load import Overrides, load_batch
from persona_batch.plan.grid import Grid
from persona_batch.provider.connect import resolve
from persona_batch.record import Record, Timing
from persona_batch.record.record import encode


def main(base_url: str, model: str, cast: str, asked: str, samples: int, records: Path, left: int) -> None:
    """Replace the records file."""
    overrides = Overrides(base_url=base_url, models=(model,), samples=samples)
    batch = load_batch([cast], questions=[asked], overrides=overrides)
    grid = Grid(batch, endpoint=resolve(batch.run, {}).endpoint, models=[model])
    written = 0
    with records.open("wb") as out:
        for cell in grid:
            if written == len(grid) - left:
                break
            written += 1
            record = Record(
                key=cell.key,
                run_id=records.parent.name,
                persona=cell.persona,
                question=cell.question,
                sample=cell.sample,
                placement=cell.placement,
                provider=cell.endpoint.provider,
                model=cell.model,
                params=cell.params,
                messages=list(cell.messages),
                reply="师父，前面山高路远。",
                status="ok",
                timing=Timing("2026-11-22T06:56:00.123Z", 1.0, 2.0, 5),
            )
            out.write(encode(record) + b"\n")
    print(json.dumps({"written": written}))


if __name__ == "__main__":
    url, model, cast, asked, samples, records, left = sys.argv[1:]
    main(url, model, cast, asked, int(samples), Path(records), int(left))
