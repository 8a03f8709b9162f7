"""The main points of a report in Firefox, where it is installed: `tests/reporting/page/firefox.js`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reporting.browsing import node_module

FIREFOX = "/usr/bin/firefox-esr"


@pytest.mark.skipif(not Path(FIREFOX).exists(), reason=f"needs Debian's package firefox-esr ({FIREFOX})")
@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_main_points_hold_in_firefox(example_report: Path) -> None:
    node_module("puppeteer-core")
    script = Path(__file__).parent / "page" / "firefox.js"
    env = {**os.environ, "REPORT": str(example_report), "FIREFOX": FIREFOX}
    done = subprocess.run(["node", "--test", script], env=env, capture_output=True, encoding="utf-8", timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
