import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from persona_batch.asking.ledger import Ledger, Part
from persona_batch.errors import StorageError

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Clock:
    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


def _ledger(tmp_path: Path, clock: Clock | None = None, *, key: str = "k", zone: str = "UTC") -> Ledger:
    return Ledger(tmp_path / "state" / "ledger.sqlite", endpoint="e", key=key, zone=zone, now=clock or Clock())


def test_a_quota_ends_and_the_next_day_brings_it_back(tmp_path: Path) -> None:
    clock = Clock()
    with _ledger(tmp_path, clock) as ledger:
        assert [ledger.reserve(3) for _ in range(5)] == [True, True, True, False, False]
        assert [ledger.reserve(4), ledger.reserve(4)] == [True, False]
        clock.moment += timedelta(days=1)
        assert [ledger.reserve(3) for _ in range(4)] == [True, True, True, False]


def test_the_count_outlives_the_process_and_knows_keys_apart(tmp_path: Path) -> None:
    with _ledger(tmp_path) as ledger:
        ledger.reserve(1)
    with _ledger(tmp_path) as ledger:
        assert not ledger.reserve(1)
        assert ledger.reserve(2)
    with _ledger(tmp_path, key="other") as ledger:
        assert ledger.reserve(1)


def test_the_day_is_the_providers(tmp_path: Path) -> None:
    clock = Clock(datetime(2026, 11, 22, 15, 59, tzinfo=UTC))
    with _ledger(tmp_path, clock, zone="Asia/Shanghai") as ledger:
        assert ledger.reserve(1)
        assert not ledger.reserve(1)
        assert ledger.resets_at() == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
        clock.moment += timedelta(minutes=1)
        assert ledger.reserve(1)


def test_a_quota_of_nothing_lets_nothing_through(tmp_path: Path) -> None:
    with _ledger(tmp_path) as ledger:
        assert not ledger.reserve(0)
        assert ledger.reserve(1)


GREEDY = """
import sys
from pathlib import Path
from persona_batch.asking.ledger import Ledger, Part
with Ledger(Path(sys.argv[1]), endpoint="e", key="k") as ledger:
    print(sum(ledger.reserve(200) for _ in range(150)))
"""


def test_processes_at_once_never_exceed_the_quota_together(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    command = [sys.executable, "-c", GREEDY, str(path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    granted = [int(process.communicate()[0]) for process in processes]
    assert sum(granted) == 200


def test_a_ledger_that_cannot_be_opened_is_a_storage_error_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StorageError, match="PERSONA_BATCH_STATE"):
        _ledger(tmp_path)
    (tmp_path / "broken.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match=r"broken\.sqlite"):
        Ledger(tmp_path / "broken.sqlite", endpoint="e")


OPENING = """
import sys, time
from pathlib import Path
from persona_batch.asking.ledger import Ledger, Part
time.sleep(max(0.0, float(sys.argv[2]) - time.time()))
with Ledger(Path(sys.argv[1]), endpoint="e") as ledger:
    ledger.reserve(100)
"""


def test_processes_that_make_the_ledger_together_wait_for_each_other(tmp_path: Path) -> None:
    for attempt in range(5):
        path = tmp_path / str(attempt) / "ledger.sqlite"
        command = [sys.executable, "-c", OPENING, str(path), str(time.time() + 0.8)]
        processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(5)]
        assert [process.communicate()[1] for process in processes] == [""] * 5
        with Ledger(path, endpoint="e") as ledger:
            assert [ledger.reserve(6), ledger.reserve(6)] == [True, False]


def _of_shard(tmp_path: Path, shard: str, whole: int, clock: Clock | None = None) -> Ledger:
    part = Part(shard, whole)
    return Ledger(tmp_path / "state" / "ledger.sqlite", endpoint="e", key="k", part=part, now=clock or Clock())


def test_a_shard_keeps_to_its_share_and_leaves_the_others_theirs(tmp_path: Path) -> None:
    with _of_shard(tmp_path, "1/2", 5) as one, _of_shard(tmp_path, "2/2", 5) as two:
        assert sum(one.reserve(3) for _ in range(9)) == 3
        assert sum(two.reserve(2) for _ in range(9)) == 2
    with _ledger(tmp_path) as whole:
        assert not whole.reserve(5)
        assert whole.reserve(6)


def test_shards_and_other_runs_together_keep_to_the_whole(tmp_path: Path) -> None:
    with _of_shard(tmp_path, "1/2", 5) as one, _ledger(tmp_path) as other:
        assert sum(other.reserve(5) for _ in range(4)) == 4
        assert sum(one.reserve(3) for _ in range(9)) == 1
        assert not one.reserve(3, 2), "what the whole refuses is not counted as the shard's either"
        other.give_back(2, other.today())
        assert one.reserve(3, 2)


def test_a_shard_gives_back_to_both(tmp_path: Path) -> None:
    with _of_shard(tmp_path, "1/2", 4) as one, _of_shard(tmp_path, "2/2", 4) as two:
        assert one.reserve(2, 2)
        assert two.reserve(2, 2)
        one.give_back(2, one.today())
        assert not two.reserve(2)
        assert one.reserve(2, 2)
        assert not one.reserve(2)


GREEDY_SHARD = """
import sys
from pathlib import Path
from persona_batch.asking.ledger import Ledger, Part
with Ledger(Path(sys.argv[1]), endpoint="e", key="k", part=Part(sys.argv[2], 200)) as ledger:
    print(sum(ledger.reserve(int(sys.argv[3])) for _ in range(150)))
"""


def test_processes_of_shards_have_their_shares_and_never_more_than_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    wanted = [("1/3", "67"), ("2/3", "67"), ("3/3", "66"), ("1/3", "67")]  # the first twice: two runs of that shard
    commands = [[sys.executable, "-c", GREEDY_SHARD, str(path), *words] for words in wanted]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    granted = [int(process.communicate()[0]) for process in processes]
    assert granted[1:3] == [67, 66]
    assert granted[0] + granted[3] == 67
