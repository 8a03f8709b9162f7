"""The path of every chunk may not become dearer unnoticed.

What is compared is the slope (so that start-up does not count), as a ratio to a yardstick that never changes (so that
the machine does not count; the figures are those of Python 3.11). When a change is worth its price, raise the figure
here, in the commit that makes it.
"""

import shutil
import subprocess
import sys

import pytest

from performance import counting
from performance.per_chunk import WORKS, reads_of

pytestmark = pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the figures are those of Python 3.11")

SLACK = 1.25
BYTECODES = 2.79
INSTRUCTIONS = 1.32
FEW = 200


def bytecodes_per_chunk(name: str) -> float:
    few, many = (counting.bytecodes(WORKS[name](reads_of(chunks))) for chunks in (FEW, 1200))
    return (many - few) / (1200 - FEW)


def instructions_per_chunk(name: str) -> float:
    few, many = (counting.instructions("performance.per_chunk", name, chunks) for chunks in (FEW, 8200))
    return (many - few) / (8200 - FEW)


def test_a_chunk_takes_no_more_bytecode_than_it_did() -> None:
    ratio = bytecodes_per_chunk("ours") / bytecodes_per_chunk("yardstick")
    assert BYTECODES / SLACK < ratio < BYTECODES * SLACK, f"{ratio:.2f} times the yardstick's"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_a_chunk_takes_no_more_machine_instructions_than_it_did() -> None:
    ratio = instructions_per_chunk("ours") / instructions_per_chunk("yardstick")
    assert INSTRUCTIONS / SLACK < ratio < INSTRUCTIONS * SLACK, f"{ratio:.2f} times the yardstick's"


def test_counting_bytecode_is_repeatable() -> None:
    assert bytecodes_per_chunk("ours") == bytecodes_per_chunk("ours")


def test_reading_a_reply_needs_no_part_of_the_sdk() -> None:
    code = (
        "import sys, performance.per_chunk; heavy = {'openai', 'pydantic', 'aiohttp', 'numpy'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(counting.TESTS)}, capture_output=True)
    assert done.returncode == 0, done.stderr
