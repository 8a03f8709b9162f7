"""`python -m persona_batch` is `batch`."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "words",
    [["--help"], ["run", "--help"], ["schedule", "--help"], ["rnu"], ["run", "--no"], ["check", "gone.yaml"], []],
)
def test_it_says_and_does_what_batch_does(words: list[str], tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("batch")
    if not script.exists():
        pytest.skip("persona-batch is not installed here")
    module, command = (
        subprocess.run([*call, *words], cwd=tmp_path, capture_output=True, encoding="utf-8")
        for call in ([sys.executable, "-m", "persona_batch"], [str(script)])
    )
    assert (module.returncode, module.stdout, module.stderr) == (command.returncode, command.stdout, command.stderr)
    assert "__main__" not in module.stdout + module.stderr
    assert "python -m" not in module.stdout + module.stderr
