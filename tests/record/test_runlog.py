import re
from pathlib import Path

import msgspec
import pytest

from persona_batch.errors import StorageError
from persona_batch.record.runlog import RunLog, utc_now


def test_an_event_is_a_line_and_every_text_in_it_is_clean(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    with RunLog(path, lambda text: text.replace("sk-secret", "[key]")) as log:
        log.write("retry", message="bad key sk-secret", wait=1.5, key="k", status=None)
        log.write("pause", seconds=2)
    first, second = (msgspec.json.decode(line) for line in path.read_bytes().splitlines())
    assert first.pop("at").endswith("Z")
    assert first == {"event": "retry", "message": "bad key [key]", "wait": 1.5, "key": "k", "status": None}
    assert second["event"] == "pause"


def test_a_resumed_run_goes_on_in_the_same_log(tmp_path: Path) -> None:
    for event in ("one", "two"):
        with RunLog(tmp_path / "run.log") as log:
            log.write(event)
    assert len((tmp_path / "run.log").read_bytes().splitlines()) == 2


def test_without_a_file_events_go_nowhere() -> None:
    with RunLog() as log:
        log.write("retry", message="x")


def test_a_log_that_cannot_be_opened_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        RunLog(tmp_path / "gone" / "run.log")


def test_times_are_utc_with_milliseconds() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", utc_now())
