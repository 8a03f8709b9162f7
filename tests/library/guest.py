"""A program with settings of its own that calls the library, from a script's top and from a running loop.

    PYTHONPATH=tests python -W error -m library.guest BASE_URL

Prints one JSON object: what the calls came to, and what of the process was not afterwards as it was before.
"""

import asyncio
import csv
import gc
import json
import locale
import logging
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import persona_batch

BASE_URL = sys.argv[1] if len(sys.argv) > 1 else ""
CALLS: dict[str, Callable[[], object]] = {
    "run": lambda: persona_batch.run("from-table.yaml", {"q": "Who are you?"}, base_url=BASE_URL, out="runs").state,
    "ask": lambda: persona_batch.ask({"a": "You are A."}, "Hi", base_url=BASE_URL).status,
    "compare": lambda: len(persona_batch.compare(permutations=99).arms),
    "report": lambda: persona_batch.report().name,
    "table": lambda: len(persona_batch.table()["key"]),
    "read_records": lambda: len(list(persona_batch.read_records())),
    "dry_run": lambda: persona_batch.dry_run({"a": "You are A."}, ["Hi"], base_url=BASE_URL).requests,
}


def state() -> dict[str, Any]:
    """Return what belongs to the process."""
    return {
        "signals": [signal.getsignal(number) for number in sorted(signal.valid_signals())],
        "wakeup": _wakeup(),
        "collector": (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count(), list(gc.callbacks)),
        "filters": list(warnings.filters),
        "files": _files(),
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook, sys.displayhook, warnings.showwarning),
        "streams": (sys.stdout, sys.stderr, sys.stdin),
        "logging": (logging.root.level, list(logging.root.handlers), logging.root.manager.disable),
        "policy": asyncio.get_event_loop_policy(),
        "loop": _loop(),
        "csv": csv.field_size_limit(),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "recursion": sys.getrecursionlimit(),
        "switching": sys.getswitchinterval(),
        "locale": locale.setlocale(locale.LC_ALL),
        "random": random.getstate(),
        "umask": _umask(),
    }


def _wakeup() -> int:
    before = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(before)
    return before


def _umask() -> int:
    before = os.umask(0)
    os.umask(before)
    return before


def _files() -> object:
    try:
        import resource
    except ImportError:
        return None
    return [resource.getrlimit(limit) for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]


def _loop() -> object:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.get_event_loop_policy().get_event_loop()  # what `set_event_loop` was told


def changes(calls: dict[str, Callable[[], object]]) -> tuple[dict[str, object], list[str]]:
    """Make the calls, and say what each came to and what of the process it changed."""
    results, changed = {}, []
    for name, call in calls.items():
        before = state()
        results[name] = call()
        after = state()
        changed += [f"{name}: {key}: {before[key]} → {after[key]}" for key in before if before[key] != after[key]]
    return results, changed


def main() -> None:
    """Make the calls at the top of the program, then in a running loop."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    gc.set_threshold(701, 11, 9)
    csv.field_size_limit(1_234)
    asyncio.set_event_loop(loop := asyncio.new_event_loop())
    for file, text in (
        ("personas.csv", "name,prompt\na,You are A.\nb,You are B.\n"),
        ("from-table.yaml", "personas: [{from: personas.csv, id: '{{ name }}', system: '{{ prompt }}'}]\n"),
        (".env", "SOME_VARIABLE=read\n"),
    ):
        Path(file).write_text(text, encoding="utf-8")
    alone, first = changes(CALLS)

    async def within() -> tuple[dict[str, object], list[str]]:
        return changes(CALLS)

    looped, second = loop.run_until_complete(within())
    loop.close()
    print(json.dumps({"alone": alone, "looped": looped, "changed": first + second}))  # noqa: T201  the result


if __name__ == "__main__":
    main()
