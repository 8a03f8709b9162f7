"""Run `batch run` against an endpoint that fails a quarter of all requests, and check its log for bad manners.

The long form: `PYTHONPATH=tests python -m faults.storm --cells 2000 --rpm 1200`
"""

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from faults.grids import Ended, Grid, asked
from servers.act import Act, Logged, Script, Share, error_body
from servers.faulty import serving

RETRY_AFTER = 1
CONCURRENCY = 64
FAULTS = {
    "429": Act(status=429, headers={"Retry-After": str(RETRY_AFTER)}, body=error_body("Too many requests")),
    "500": Act(status=500, body=error_body("Internal error", kind="server_error")),
    "reset": Act(reset_after=0),
    "cut": Act(cut_after=300),
    "stall": Act(stall_after=300),
}


@dataclass
class Storm:
    """What came of it. `early` are retries before the endpoint's Retry-After was over."""

    ended: Ended
    seconds: float
    requests: int = 0
    refused: int = 0
    early: int = 0
    most_at_once: int = 0
    most_a_minute: int = 0
    attempts: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"exit code {self.ended.code}, {self.seconds:.0f} s, {self.requests} requests, {self.refused} refused "
            f"(429), {self.early} retries before Retry-After, at most {self.most_at_once} at once and "
            f"{self.most_a_minute} in any minute\nattempts per cell: {dict(sorted(self.attempts.items()))}"
        )


def ride_out(folder: Path, *, cells: int, rpm: int | None = None, seed: int = 5) -> Storm:
    """Ask every cell of a grid in the storm."""
    script = Script(shares=[Share(0.05, act) for act in FAULTS.values()], default=Act(latency=0.02), seed=seed)
    options = ["-j", str(CONCURRENCY), "--timeout", "2", *(("--rpm", str(rpm)) if rpm else ())]
    with serving(script) as server:
        grid = Grid.make(folder, cells, server.base_url)
        started = time.monotonic()
        storm = Storm(grid.run(*options), time.monotonic() - started)
        _judge(server.chats, storm)
    if storm.ended.code == 0:
        grid.assert_complete()
        storm.attempts.update(record["attempts"] for record in grid.records())
    return storm


def _judge(log: Sequence[Logged], storm: Storm) -> None:
    storm.requests = len(log)
    by_question: dict[str, list[Logged]] = defaultdict(list)
    for request in log:
        by_question[asked(request)].append(request)
    for requests in by_question.values():
        for refused, retry in pairwise(requests):
            if refused.status == 429:
                storm.refused += 1
                storm.early += retry.at < refused.at + RETRY_AFTER
    starts = [request.at for request in log]
    storm.most_a_minute = _most_within(starts, 60.0)
    changes = sorted([(request.at, 1) for request in log] + [(request.ended, -1) for request in log])
    under_way = 0
    for _, change in changes:
        under_way += change
        storm.most_at_once = max(storm.most_at_once, under_way)


def _most_within(moments: Sequence[float], span: float) -> int:
    first = most = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - span:
            first += 1
        most = max(most, last - first + 1)
    return most


def main() -> None:
    """Run the long form and print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cells", type=int, default=2000)
    options.add_argument("--rpm", type=int)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        storm = ride_out(Path(folder), cells=chosen.cells, rpm=chosen.rpm)
    print(storm)  # noqa: T201  the result
    too_many = storm.most_at_once > CONCURRENCY or (chosen.rpm and storm.most_a_minute > chosen.rpm)
    raise SystemExit(1 if storm.ended.code or storm.early or too_many else 0)


if __name__ == "__main__":
    main()
