from pathlib import Path

import pytest

from faults.storm import CONCURRENCY, ride_out


@pytest.mark.slow
def test_a_quarter_of_all_requests_failing_costs_time_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storm = ride_out(tmp_path, cells=200)
    with capsys.disabled():
        print(f"\n{storm}")  # noqa: T201  the figures are wanted
    assert storm.ended.code == 0, storm.ended.err
    assert storm.refused > 0
    assert storm.early == 0
    assert storm.most_at_once <= CONCURRENCY
