"""A batch of many different questions, and the real `batch` process on it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers.act import Logged

KEY = "sk-faults-0123456789abcdef"


@dataclass(frozen=True)
class Grid:
    """A folder with one persona that is asked `cells` questions, each unlike any other, without controls."""

    folder: Path
    cells: int
    base_url: str

    @classmethod
    def make(cls, folder: Path, cells: int, base_url: str) -> "Grid":
        """Write the persona file."""
        folder.mkdir(parents=True, exist_ok=True)
        questions = "".join(f"  - {{id: q{number}, text: question {number}}}\n" for number in range(cells))
        text = f"id: wukong\nsystem: 你是孙悟空\ncontrols: []\nquestions:\n{questions}"
        (folder / "wukong.yaml").write_text(text, encoding="utf-8")
        return cls(folder, cells, base_url)

    def start(self, *options: str, key: str = KEY, wrapped_by: Sequence[str] = ()) -> "subprocess.Popen[str]":
        """Start `batch run`, with a home of its own."""
        command = [*wrapped_by, sys.executable, "-m", "persona_batch", "run", "wukong.yaml"]
        command += ["--base-url", self.base_url, "--api-key-env", "TEST_KEY", "-m", "test-model", "--no-progress"]
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "PERSONA_BATCH_STATE": str(self.folder / "state"),
            "TEST_KEY": key,
        }
        return subprocess.Popen(
            [*command, *options],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, *options: str, key: str = KEY, wrapped_by: Sequence[str] = ()) -> "Ended":
        """Run `batch run` to its end."""
        process = self.start(*options, key=key, wrapped_by=wrapped_by)
        out, err = process.communicate(timeout=600)
        return Ended(process.returncode, out, err)

    @property
    def only_run(self) -> Path:
        """The folder of the one run (a process killed at its very start may leave an empty one beside it)."""
        found = [path.parent for path in (self.folder / "runs").glob("*/records.jsonl")]
        (path,) = {path.resolve() for path in found}
        return path

    def lines(self) -> list[bytes]:
        """Return the whole lines of the records file; empty before there is a run."""
        runs = self.folder / "runs"
        if not runs.is_dir() or not any(runs.glob("*/records.jsonl")):
            return []
        content = (self.only_run / "records.jsonl").read_bytes()
        return [line for line in content.splitlines(keepends=True) if line.endswith(b"\n")]

    def records(self) -> list[dict[str, Any]]:
        """Return the records, in the order they finished."""
        return [json.loads(line) for line in self.lines()]

    def manifest(self) -> dict[str, Any]:
        """Return the manifest."""
        found: dict[str, Any] = json.loads((self.only_run / "run.json").read_bytes())
        return found

    def assert_complete(self) -> None:
        """Assert that every cell has exactly one record, and that it is ok."""
        records = self.records()
        assert sorted(record["question"] for record in records) == sorted(f"q{n}" for n in range(self.cells))
        assert len({record["key"] for record in records}) == self.cells
        assert {record["status"] for record in records} == {"ok"}


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


def asked(request: Logged) -> str:
    """Return the question of a chat request."""
    text: str = request.body["messages"][-1]["content"]
    return text
