"""Throw-away environments for the tools that `batch` is compared with; made once per run, or kept in a folder."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import plain_environment

INSTALLED = "installed"  # a file that says so
PROMPTFOO = ("promptfoo@0.121", "@libsql/client")  # later ones need a newer Node.js than many systems have


@dataclass(frozen=True)
class Environment:
    """An installed tool: the folder of its programs, and its version."""

    name: str
    programs: Path
    version: str


def python_environment(folder: Path, name: str, *packages: str) -> Environment:
    """Install packages into a new virtual environment; the version is that of the first."""
    home = folder / name
    python = home / "bin" / "python"
    if not (home / INSTALLED).exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        install([str(python), "-m", "pip", "install", *quiet, *packages])
        (home / INSTALLED).touch()
    code = f"import importlib.metadata as m; print(m.version({packages[0]!r}))"
    version = subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    return Environment(name, home / "bin", version)


def install(command: list[str], folder: Path | None = None) -> None:
    """Run an installer; what it says matters only when it fails.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run(command, check=False, cwd=folder, env=plain_environment(), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")


def promptfoo_environment(folder: Path) -> Environment | None:
    """Install promptfoo with npm; None where there is none."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    home = folder / "promptfoo"
    if not (home / INSTALLED).exists():
        home.mkdir()
        (home / "package.json").write_text(json.dumps({"name": "throw-away", "private": True}))
        install([npm, "install", "--silent", "--no-audit", "--no-fund", *PROMPTFOO], home)
        (home / INSTALLED).touch()
    package = json.loads((home / "node_modules" / "promptfoo" / "package.json").read_text("utf-8"))
    return Environment("promptfoo", home / "node_modules" / ".bin", package["version"])
