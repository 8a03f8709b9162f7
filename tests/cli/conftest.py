"""The command line called in the test's own process, for tests that need no terminal and no pipe."""

from collections.abc import Mapping
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from cli.calling import Call, Called
from persona_batch.cli.main import run_command


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call `batch` with arguments, in `tmp_path` as working folder and home."""
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_STATE_HOME", "PERSONA_BATCH_STATE"):
        monkeypatch.setenv(name, str(tmp_path))

    def run(*args: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Called:
        capsys.readouterr()
        monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(stdin.encode()), encoding="utf-8"))
        for name, value in (env or {}).items():
            monkeypatch.setenv(name, value)
        code = run_command(args)
        return Called(code, *capsys.readouterr())

    return run
