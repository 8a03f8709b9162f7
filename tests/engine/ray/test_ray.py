"""The engine on a real Ray, which runs in a network namespace of its own: the tests are in `scenes.py`."""

import sys
import tempfile
from pathlib import Path

import pytest

from engine.ray.namespace import namespace, run_inside

SCENES = Path(__file__).with_name("scenes.py")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_engine_on_a_real_ray() -> None:
    if why := namespace()[1]:
        pytest.skip(why)
    with tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as folder:
        pytest_ = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--durations=0"]
        done = run_inside([*pytest_, "--basetemp", f"{folder}/t", str(SCENES)], Path(folder), timeout=280)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
