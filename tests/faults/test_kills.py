from pathlib import Path

import pytest

from faults.kills import kill_and_resume


@pytest.mark.slow
def test_ten_kills_lose_nothing_and_ask_nothing_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = kill_and_resume(tmp_path, cells=200, kills=10, seed=7)
    with capsys.disabled():
        print(f"\n{figures}")  # noqa: T201  the figures are wanted
    assert figures.kills >= 8
    assert figures.records == 200
    assert (figures.lost, figures.doubled, figures.missing, figures.asked_though_on_disk) == (0, 0, 0, 0)
