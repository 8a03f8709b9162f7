"""The page's modules under node's own test runner; each `tests/reporting/page/NAME.test.js` is a test."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "page"
NODE = shutil.which("node")


def _major() -> int:
    if NODE is None:
        return 0
    said = subprocess.run([NODE, "--version"], capture_output=True, encoding="utf-8", check=True).stdout
    found = re.match(r"v(\d+)", said)
    return int(found[1]) if found else 0


@pytest.mark.skipif(_major() < 18, reason="needs node 18 or later")
@pytest.mark.parametrize("path", sorted(HERE.glob("*.test.js")), ids=lambda path: path.name)
def test_the_modules_do_as_they_say(path: Path) -> None:
    assert NODE is not None
    done = subprocess.run([NODE, "--test", str(path)], capture_output=True, encoding="utf-8", timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^(# |ℹ )pass [1-9]", done.stdout, re.MULTILINE), f"no test ran:\n{done.stdout}"
