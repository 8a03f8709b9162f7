"""A program with signal handlers, warnings filters and a loop of its own that has runs made in it.

    PYTHONPATH=tests python -m pipeline.guest FILE BASE_URL OUT

First in a thread's loop, then in the running loop of the main thread. Prints one JSON object: what the runs came to,
and what of the process was not afterwards as it was before each.
"""

import asyncio
import gc
import json
import logging
import os
import resource
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

from persona_batch.config.load import Overrides
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.run import run_batch
from pipeline.workshop import Notes

WANTED = 300  # requests at a time: more than the open files that the program allows itself


def state(loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
    """Return what belongs to the process and its loop."""
    return {
        "signals": [signal.getsignal(number) for number in sorted(signal.valid_signals())],
        "frozen": gc.get_freeze_count(),
        "collector": (gc.isenabled(), gc.get_threshold(), list(gc.callbacks)),
        "filters": list(warnings.filters),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE),
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning),
        "logging": (logging.root.level, list(logging.root.handlers)),
        "policy": type(asyncio.get_event_loop_policy()),
        "loop": (loop.get_exception_handler(), loop.get_debug(), loop.get_task_factory()),
    }


async def main() -> None:
    """Make the runs."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    loop.set_exception_handler(lambda _, context: print(context, file=sys.stderr))  # noqa: T201
    warnings.simplefilter("error")
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    file, base_url, out = sys.argv[1:]
    overrides = Overrides(base_url=base_url, concurrency=WANTED, samples=2)
    options = RunOptions(files=(file,), out=Path(out), overrides=overrides)
    summaries, changed = [], []
    for in_a_thread in (True, False):
        before, seen = state(loop), Notes()
        run = run_batch(options, seen)
        summary = await (asyncio.to_thread(asyncio.run, run) if in_a_thread else run)
        after = state(loop)
        summaries.append((summary.state, summary.exit_code, summary.asked, len(seen.records), seen.notes))
        changed += [f"{name}: {before[name]} → {after[name]}" for name in before if before[name] != after[name]]
    print(json.dumps({"runs": summaries, "changed": changed}))  # noqa: T201  the result


if __name__ == "__main__":
    asyncio.run(main())
