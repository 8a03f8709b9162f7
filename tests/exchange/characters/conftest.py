"""Fixtures of the characters' tests."""

from pathlib import Path

import pytest

from pipeline.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """An empty folder to work in, and a state folder of its own."""
    monkeypatch.setenv("PERSONA_BATCH_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return Workshop(tmp_path)
