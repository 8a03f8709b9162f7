"""Kill `batch run` (SIGKILL) at random moments, resume it, and count what was lost, doubled or asked twice.

The long form: `PYTHONPATH=tests python -m faults.kills --kills 200 --cells 2000`
"""

import argparse
import random
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from faults.grids import Grid, asked
from servers.act import Act, Script
from servers.faulty import FaultyServer, serving

_SLOW = Script(default=Act(latency=0.03, pause=0.005))
_FIRST_SECONDS = 1.5  # of a process: it starts, reads, repairs


@dataclass
class Figures:
    """What came of it; the last four must be 0."""

    cells: int
    kills: int = 0
    kills_before_a_request: int = 0
    requests: int = 0
    records: int = 0
    lost: int = 0
    doubled: int = 0
    missing: int = 0
    asked_though_on_disk: int = 0

    def __str__(self) -> str:
        return "\n".join(f"{name.replace('_', ' '):<24}{value:>8}" for name, value in asdict(self).items())


def kill_and_resume(folder: Path, *, cells: int, kills: int, seed: int) -> Figures:
    """Run a grid with so many kills, then to its end."""
    chance = random.Random(seed)
    figures = Figures(cells=cells)
    with serving(_SLOW) as server:
        grid = Grid.make(folder, cells, server.base_url)
        before: list[bytes] = []
        for left in range(kills, 0, -1):
            # Kills spread over the whole grid: each session gets its share of what is left, more or less.
            requests = chance.randint(0, 2 * max(1, (cells - len(before)) // (left + 1)))
            _run_until_killed(grid, server, chance, requests, figures)
            before = _compare(grid, server, before, figures)
        ended = grid.run("--continue")
        if ended.code != 0:
            raise RuntimeError(f"the last session exited {ended.code}: {ended.err}")
        _compare(grid, server, before, figures)
        figures.requests = len(server.chats)
    records = grid.records()
    figures.records = len(records)
    figures.doubled = len(records) - len({record["key"] for record in records})
    figures.missing = cells - len({record["question"] for record in records})
    return figures


def _run_until_killed(grid: Grid, server: FaultyServer, chance: random.Random, requests: int, figures: Figures) -> None:
    """Start a process and kill it after so many requests; one in ten at any moment of its first seconds."""
    process = grid.start("--continue")
    already = len(server.chats)
    early = chance.random() < 0.1
    deadline = time.monotonic() + (chance.uniform(0, _FIRST_SECONDS) if early else 120)
    while time.monotonic() < deadline and process.poll() is None:
        if not early and len(server.chats) - already >= requests:
            time.sleep(chance.uniform(0, 0.05))
            break
        time.sleep(0.002)
    process.kill()
    _, errors = process.communicate()
    if process.returncode not in (0, -9):
        raise RuntimeError(f"a session exited {process.returncode} by itself: {errors}")
    figures.kills += process.returncode == -9
    figures.kills_before_a_request += len(server.chats) == already


def _compare(grid: Grid, server: FaultyServer, before: list[bytes], figures: Figures) -> list[bytes]:
    """Count records that were there and are gone, and cells asked since although their record was there."""
    after = grid.lines()
    figures.lost += len(set(before) - set(after))
    on_disk = {line.split(b'"content":"question ')[1].split(b'"')[0].decode() for line in before}
    since = server.chats[figures.requests :]
    figures.asked_though_on_disk += sum(asked(request).removeprefix("question ") in on_disk for request in since)
    figures.requests = len(server.chats)
    return after


def main() -> None:
    """Run the long form and print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cells", type=int, default=2000)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        figures = kill_and_resume(Path(folder), cells=chosen.cells, kills=chosen.kills, seed=chosen.seed)
    print(figures)  # noqa: T201  the result
    print(f"{'seconds':<24}{time.monotonic() - started:>8.0f}")  # noqa: T201  the result
    bad = figures.lost or figures.doubled or figures.missing or figures.asked_though_on_disk
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
