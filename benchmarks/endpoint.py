"""Builds the mock endpoint and runs it on a core of its own."""

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "mock"
LISTED = (
    "mock-n1",
    "mock-n1-w5000",
    "mock-n5",
    "mock-n50",
    "mock-n50-w200",
    "mock-n500",
)  # models that `batch run` asks for
MOCK_CORE = 0
CLIENT_CORE = 1


@dataclass(frozen=True)
class Endpoint:
    """A running mock. `base_url` ends with `/v1`."""

    base_url: str

    def stats(self) -> dict[str, Any]:
        """Return the counters (benchmarks/mock/README.md)."""
        return self._call("/stats", "GET")

    def reset(self) -> None:
        """Clear the counters."""
        self._call("/reset", "POST")

    def _call(self, path: str, method: str) -> dict[str, Any]:
        request = urllib.request.Request(self.base_url + path, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            result: dict[str, Any] = json.load(answer)
        return result


def build(folder: Path) -> Path:
    """Compile the mock into `folder` with the system's C compiler."""
    program = folder / "mock-endpoint"
    sources = sorted(str(path) for path in SOURCE.glob("*.c"))
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", str(program), *sources], check=True)
    return program


@contextmanager
def serve(program: Path, *options: str) -> Iterator[Endpoint]:
    """Run the mock, pinned to its core where the machine has two, until the block ends.

    `options` are those of benchmarks/mock/README.md.
    """
    with on_core(MOCK_CORE):
        process = subprocess.Popen([str(program), *options, *LISTED], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield Endpoint(f"http://127.0.0.1:{port}/v1")
        finally:
            process.terminate()


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Let processes that are started inside the block run on one core only (None: on all), where there are more.

    They run before the machine's other work (which is not measured), in turns, where the system allows it.
    """
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, (everywhere if core is None else {core} & everywhere) or everywhere)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, everywhere)
