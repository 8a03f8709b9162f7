"""A folder to work in, and a state folder of its own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the test works."""
    monkeypatch.setenv("PERSONA_BATCH_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path
