"""Six screens in two languages, as they were read sentence by sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from verdict.screens import screens


@pytest.mark.parametrize(("path", "made"), [pytest.param(path, made, id=path.stem) for path, made in screens()])
def test_a_screen_is_as_it_was_read(path: Path, made: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    text = made()
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert text == path.read_text(encoding="utf-8"), "read what changed: PYTHONPATH=tests python -m verdict.screens"
