"""Kill `batch run --engine batch` (SIGKILL) before every thing it does to files, or at random moments; then go on.

A process is forked for each session, with everything imported; the endpoint is a process of its own, whose log says how
often each key was handed over. Answers that are lost on their way are in tests/engine/batches.

The long form: `PYTHONPATH=tests python -m faults.batch_kills --kills 200`
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import persona_batch.cli.parser
import persona_batch.cli.run
import persona_batch.cli.run_display
import persona_batch.engine.batches.engine
import persona_batch.pipeline.run
import persona_batch.provider.openai  # noqa: F401  all of these before the forks, so that each is quick
from faults.steps import _become
from persona_batch.cli.main import run_command
from persona_batch.engine.batches import creating

_ARRIVED = 0.3  # seconds: nothing of a process on this machine arrives later
_SESSIONS = 12  # that a run may take to its end


@dataclass
class Figures:
    """What came of it; the last four must be 0."""

    runs: int = 0
    cells: int = 0
    kills: int = 0
    sessions: int = 0
    missing: int = 0
    doubled_records: int = 0
    submitted_twice: int = 0
    unfinished: int = 0

    @property
    def bad(self) -> int:
        """What must not be."""
        return self.missing + self.doubled_records + self.submitted_twice + self.unfinished

    def __str__(self) -> str:
        return "\n".join(f"{name.replace('_', ' '):<24}{value:>8}" for name, value in asdict(self).items())


@contextmanager
def endpoint(folder: Path, plan: dict[str, Any]) -> Iterator[str]:
    """Run the fake endpoint as a process; yield its base URL."""
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    command = [sys.executable, "-m", "servers.batches", "--state", str(folder / "server")]
    process = subprocess.Popen(
        [*command, "--plan", str(folder / "plan.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield str(json.loads(process.stdout.readline())["base_url"])
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def handed_over(base_url: str) -> Counter[str]:
    """Return in how many batches each key was."""
    with urllib.request.urlopen(f"{base_url}/_state") as answer:
        state = json.load(answer)
    return Counter(key for one in state["batches"] for key in one["keys"])


class Run:
    """A run of its own questions, asked of several models: a file of requests for each."""

    def __init__(self, folder: Path, base_url: str, *, name: str, cells: int, models: int) -> None:
        folder.mkdir()
        questions = "".join(f"  - {{id: q{number}, text: {name} {number}}}\n" for number in range(cells))
        text = f"id: wukong\nsystem: 你是孙悟空\ncontrols: []\nquestions:\n{questions}"
        (folder / "wukong.yaml").write_text(text, encoding="utf-8")
        self.folder, self.cells = folder, cells * models
        self._command = ["run", "wukong.yaml", "--engine", "batch", "--continue", "--base-url", base_url, "--quiet"]
        for number in range(models):
            self._command += ["-m", f"model-{number}"]

    def start(self, *, kill_at: int = 0) -> tuple[int, int]:
        """Start a session; return its process and where its steps are told."""
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ours)
            os.environ["PERSONA_BATCH_STATE"] = str(self.folder / "state")
            creating.ARRIVED = _ARRIVED  # type: ignore[misc]
            _become(self.folder, theirs, kill_at)
            os._exit(run_command(self._command))
        os.close(theirs)
        return child, ours

    def session(self, *, kill_at: int = 0) -> int:
        """Return the exit code of a session (-9: killed)."""
        child, told = self.start(kill_at=kill_at)
        with os.fdopen(told, "rb") as pipe:
            pipe.read()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def killed_within(self, seconds: float) -> bool:
        """Kill a session after so long; return False if it ended before."""
        child, told = self.start()
        os.set_blocking(told, True)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            done, _ = os.waitpid(child, os.WNOHANG)
            if done:
                os.close(told)
                return False
            time.sleep(0.002)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)
        return True

    def finish(self, figures: Figures, base_url: str) -> None:
        """Go on to the end, and count what is wrong then."""
        figures.runs += 1
        figures.cells += self.cells
        codes: list[int] = []
        while not self.complete and len(codes) < _SESSIONS:
            codes.append(self.session())
        figures.sessions += len(codes)
        figures.unfinished += not self.complete or any(code not in (0, 3) for code in codes)
        keys = [json.loads(line)["key"] for path in self._records() for line in path.read_bytes().splitlines()]
        times = handed_over(base_url)
        figures.missing += self.cells - len(set(keys))
        figures.doubled_records += len(keys) - len(set(keys))
        figures.submitted_twice += sum(times[key] > 1 for key in set(keys))

    @property
    def complete(self) -> bool:
        """Whether the run is sealed with nothing left: another session would begin a new one."""
        sealed = (json.loads(path.read_bytes()) for path in (self.folder / "runs").glob("2*/run.json"))
        return any(manifest["state"] == "complete" for manifest in sealed)

    def _records(self) -> Sequence[Path]:
        return sorted((self.folder / "runs").glob("2*/records.jsonl"))


def kill_at_steps(folder: Path, *, every: int = 1, first: int = 1) -> Figures:
    """Kill a session at every n-th step of it, and go on; first one that submits, then one that collects."""
    figures = Figures()
    with endpoint(folder, {"looks": 3}) as base_url:
        for before in (0, 1):
            step = first
            while True:
                name = f"before{before}step{step}"
                run = Run(folder / name, base_url, name=name, cells=3, models=2)
                for _ in range(before):
                    run.session()
                if run.session(kill_at=step) != -signal.SIGKILL:
                    break
                figures.kills += 1
                run.finish(figures, base_url)
                step += every
    return figures


def kill_at_random(folder: Path, *, kills: int, seed: int) -> Figures:
    """Kill sessions after random times, five of each run."""
    chance, figures = random.Random(seed), Figures()
    with endpoint(folder, {"looks": 4}) as base_url:
        while figures.kills < kills:
            name = f"run{figures.runs}"
            run = Run(folder / name, base_url, name=name, cells=40, models=4)
            for _ in range(5):
                if not run.complete:
                    figures.kills += run.killed_within(chance.uniform(0.02, 0.4))
            run.finish(figures, base_url)
    return figures


def main() -> None:
    """Run the long form and print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    bad = 0
    for what, harness in (
        ("killed at every step", kill_at_steps),
        ("killed at random", lambda folder: kill_at_random(folder, kills=chosen.kills, seed=chosen.seed)),
    ):
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            figures = harness(Path(folder))
        print(f"{what}\n{figures}\n{'seconds':<24}{time.monotonic() - started:>8.0f}")  # noqa: T201  the result
        bad += figures.bad
    raise SystemExit(1 if bad else 0)


if __name__ == "__main__":
    main()
