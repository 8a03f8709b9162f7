"""Draws the picture for the README, with matplotlib in a throw-away environment."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.environments import python_environment
from benchmarks.measure import ROOT
from benchmarks.result import Section

PICTURE = ROOT / "docs" / "img" / "benchmark.svg"
SCRIPT = Path(__file__).parent / "plot_script.py"


def draw(sections: Sequence[Section], tools: Path) -> None:
    """Draw the whole-process comparison, if it was measured."""
    walls = next((section.plotted for section in sections if section.name == "peers"), {})
    if not walls:
        return
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    python = python_environment(tools, "plot", "matplotlib").programs / "python"
    subprocess.run([str(python), str(SCRIPT), str(PICTURE)], input=json.dumps(walls), text=True, check=True)
