"""Kill `batch run` (SIGKILL) before every single thing it does to files, then finish the run; no chance involved.

A process is forked for each step, with everything imported, and counts what Python's audit hooks tell it.

    PYTHONPATH=tests python -m faults.steps FOLDER [OPTIONS OF batch run]

FOLDER is copied for every step; it holds wukong.yaml, and perhaps a run. Prints one JSON object a step.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import persona_batch.cli.merge
import persona_batch.cli.parser
import persona_batch.cli.run
import persona_batch.cli.run_display
import persona_batch.pipeline.merging
import persona_batch.pipeline.run
import persona_batch.provider.scripted  # noqa: F401  all of these before the forks, so that each is quick
from persona_batch.cli.main import run_command

STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.truncate", "os.symlink", "shutil.rmtree"}
RUN = ("run", "wukong.yaml", "--provider", "scripted", "--quiet")


def run(folder: Path, options: Sequence[str], *, kill_at: int = 0) -> tuple[int, str]:
    """Run `batch run` in a child; return its exit code (-9: killed) and the last step it came to."""
    return call(folder, [*RUN, *options], kill_at=kill_at)


def call(folder: Path, words: Sequence[str], *, kill_at: int = 0) -> tuple[int, str]:
    """Run any command of `batch` in a child; return its exit code (-9: killed) and the last step it came to."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _become(folder, theirs, kill_at)
        os._exit(run_command(list(words)))
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as told:
        steps = told.read().splitlines()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), steps[-1] if steps else ""


def _become(folder: Path, tell: int, kill_at: int) -> None:
    os.chdir(folder)
    os.environ["HOME"] = str(folder)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    seen = 0

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in STEPS and any("runs" in str(argument) for argument in arguments[:2]):
            seen += 1
            names = [Path(str(argument)).name for argument in arguments[:2] if isinstance(argument, str | Path)]
            os.write(tell, f"{event} {' '.join(names)}\n".encode())
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def lines(run: Path, name: str) -> list[str]:
    """Return the whole lines of a run's file."""
    file = run / name
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return [line for line in text.splitlines(keepends=True) if line.endswith("\n")]


def last_run(folder: Path) -> Path | None:
    """Return the newest run that has a manifest."""
    found = sorted((folder / "runs").glob("2*/run.json"))
    return found[-1].parent if found else None


def kill_at_every_step(folder: Path, options: Sequence[str]) -> None:
    """Print, for every step, what was there before, after the kill, and at the end."""
    step = 0
    code = -9
    while code == -9:
        step += 1
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name) / "work"
            shutil.copytree(folder, copy, symlinks=True)
            before = last_run(copy)
            had = lines(before, "records.jsonl") if before else []
            code, at = run(copy, options, kill_at=step)
            killed = last_run(copy)
            kept = [*lines(killed, "records.jsonl"), *lines(killed, "errors.jsonl")] if killed else []
            finished, _ = run(copy, options)
            ended = last_run(copy)
            records = [json.loads(line) for line in lines(ended, "records.jsonl")] if ended else []
            told = {
                "step": at,
                "killed": code == -9,
                "lost": len(set(had) - set(kept)),
                "lost_later": len(
                    set(kept) - {*lines(ended, "records.jsonl"), *lines(ended, "errors.jsonl")} if ended else kept
                ),
                "runs": len(list((copy / "runs").glob("2*/run.json"))),
                "exit_code": finished,
                "statuses": sorted(record["status"] for record in records),
                "keys": len({record["key"] for record in records}),
            }
            print(json.dumps(told), flush=True)  # noqa: T201  the result


if __name__ == "__main__":
    kill_at_every_step(Path(sys.argv[1]), sys.argv[2:])
