"""What work costs, counted, not timed: the same on a busy machine."""

import gc
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

TESTS = Path(__file__).parent.parent


def bytecodes(work: Callable[[], object]) -> int:
    """Return how many bytecode instructions run in this thread while `work` does; C code counts as its call."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        if event == "opcode":
            count += 1
        else:
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
        return trace

    before = sys.gettrace()  # coverage, a debugger
    gc.collect()
    gc.disable()  # the finalizers of others' garbage would be counted too
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


def instructions(module: str, *arguments: object) -> int:
    """Return how many machine instructions a Python module takes, from start to end, by callgrind.

    Raises:
        FileNotFoundError: there is no valgrind.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise FileNotFoundError("valgrind")
    work = [sys.executable, "-m", module, *map(str, arguments)]
    env = {"PYTHONPATH": str(TESTS), "PYTHONHASHSEED": "0", "PATH": os.environ["PATH"]}
    subprocess.run(work, env=env, capture_output=True, check=True)  # what is compiled once must not be counted
    counted_by = [valgrind, "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
    done = subprocess.run([*counted_by, *work], env=env, capture_output=True, text=True, check=True)
    counted = re.search(r"Collected : (\d+)", done.stderr)
    assert counted is not None, done.stderr
    return int(counted[1])
