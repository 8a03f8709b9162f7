"""What is tested on a real Ray: run inside a namespace by `test_ray.py`, with one cluster for all of it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import ray

from faults.grids import KEY, Grid
from persona_batch.engine.ray.cluster import NAMESPACE
from servers.act import Act, Script
from servers.faulty import FaultyServer, serving

SLOW = Script(default=Act(latency=0.05, pause=0.005))
AT_ONCE = 8
RAY = ("--engine", "ray", "--workers", "2", "-j", str(AT_ONCE))


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """A cluster that all drivers join; its actors have the key in their environment."""
    os.environ["TEST_KEY"] = KEY
    context = ray.init(
        address="local",
        namespace=NAMESPACE,
        num_cpus=1,
        include_dashboard=False,
        object_store_memory=100 << 20,
        log_to_driver=False,
        configure_logging=False,
    )
    os.environ["RAY_ADDRESS"] = context.address_info["gcs_address"]
    yield
    ray.shutdown()


def actors() -> list[str]:
    found = ray.util.list_named_actors(all_namespaces=True)
    return sorted(one["name"] for one in found if one["namespace"] == NAMESPACE)


def _asked(server: FaultyServer, requests: int) -> bool:
    return len(server.chats) >= requests


def wait_until(holds: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while not holds():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            out, err = process.communicate()
            pytest.fail(f"it ended with {process.returncode}: {out}\n{err}")
        time.sleep(0.01)


def kill_an_actor(server: FaultyServer, process: "subprocess.Popen[str]", after: int) -> None:
    """Kill an actor once so many requests have come."""
    wait_until(lambda: len(server.chats) >= after, process)
    ray.kill(ray.get_actor(actors()[0], namespace=NAMESPACE))


def said(record: dict[str, Any]) -> tuple[object, ...]:
    return record["key"], json.dumps(record["messages"]), record["status"], record["reply"], record["run_id"] != ""


def journals(grid: Grid) -> list[str]:
    return [path.name for path in grid.only_run.glob("ray/*")]


def test_a_run_says_what_the_local_engine_says(tmp_path: Path) -> None:
    with serving(Script()) as server:
        here, there = (
            Grid.make(tmp_path / "here", 120, server.base_url),
            Grid.make(tmp_path / "there", 120, server.base_url),
        )
        assert here.run().code == 0
        ended = there.run(*RAY)
        assert ended.code == 0, ended.err
        assert len(server.chats) == 240
    there.assert_complete()
    assert sorted(map(said, here.records())) == sorted(map(said, there.records()))
    assert journals(there) == []
    assert there.manifest()["sessions"][-1]["lost"] == 0


def test_conversations_are_played_by_actors_too(tmp_path: Path) -> None:
    with serving(Script()) as server:
        grid = Grid.make(tmp_path, 0, server.base_url)
        text = "id: wukong\nsystem: s\ncontrols: []\nquestions:\n  - {id: q0, turns: [one, two, three]}\n"
        (tmp_path / "wukong.yaml").write_text(text, encoding="utf-8")
        ended = grid.run(*RAY, "--max-requests", "3")
        assert ended.code == 0, ended.err
        assert len(server.chats) == 3
    (record,) = grid.records()
    assert [turn["status"] for turn in record["turns"]] == ["ok"] * 3


def test_killed_actors_lose_nothing_and_only_what_was_on_its_way_is_asked_twice(tmp_path: Path) -> None:
    with serving(SLOW) as server:
        grid = Grid.make(tmp_path, 300, server.base_url)
        process = grid.start(*RAY)
        for after in (60, 150):
            kill_an_actor(server, process, after)
        out, err = process.communicate(timeout=90)
        assert process.returncode == 0, out + err
        assert 300 <= len(server.chats) <= 300 + 2 * AT_ONCE // 2
    grid.assert_complete()
    events = [json.loads(line)["event"] for line in (grid.only_run / "run.log").read_text().splitlines()]
    assert events.count("actor_lost") == 2
    assert journals(grid) == []


def test_after_the_death_of_the_driver_any_engine_goes_on_with_what_actors_left(tmp_path: Path) -> None:
    with serving(SLOW) as server:
        grid = Grid.make(tmp_path, 500, server.base_url)
        for _ in range(2):
            wanted = len(server.chats) + 60
            process = grid.start(*RAY, "--continue")
            wait_until(partial(_asked, server, wanted), process)
            process.send_signal(signal.SIGSTOP)  # it no longer takes what its actors hand over
            wait_until(partial(_asked, server, len(server.chats) + 3 * AT_ONCE), process)
            process.kill()
            process.communicate()
            assert len(grid.lines()) + AT_ONCE < len(server.chats) < 500  # records lie with actors, and cells are left
        ended = grid.run("--resume", "latest", "--engine", "local")
        assert ended.code == 0, ended.err
        assert "taken over from actors" in ended.err
        assert len(server.chats) <= 500 + 2 * AT_ONCE
    grid.assert_complete()
    assert journals(grid) == []


def test_two_actors_keep_the_day_together(tmp_path: Path) -> None:
    with serving(Script()) as server:
        grid = Grid.make(tmp_path, 100, server.base_url)
        ended = grid.run(*RAY, "--per-day", "30")
        assert ended.code == 3, ended.err
        assert "the day's 30 requests (--per-day) are used up" in ended.err
        assert len(server.chats) == 30
    assert len(grid.records()) == 30


def test_a_key_that_actors_have_not_is_missed_in_their_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sk-driver-0123456789abcdef")
    with serving(Script()) as server:
        grid = Grid.make(tmp_path, 5, server.base_url)
        ended = grid.run(*RAY, "--api-key-env", "MY_KEY")
        assert ended.code == 2
        assert "the actor on " in ended.err
        assert "MY_KEY is not set" in ended.err
        assert server.chats == []
    assert not list((tmp_path / "runs").glob("*/records.jsonl"))


def test_a_signal_lets_what_is_running_finish(tmp_path: Path) -> None:
    with serving(SLOW) as server:
        grid = Grid.make(tmp_path, 300, server.base_url)
        process = grid.start(*RAY)
        wait_until(lambda: len(server.chats) >= 50, process)
        process.send_signal(signal.SIGTERM)  # for which Ray has a handler of its own
        out, err = process.communicate(timeout=60)
        assert process.returncode == 130, out + err
        assert len(grid.records()) == len(server.chats) < 300
    assert grid.manifest()["sessions"][-1]["lost"] == 0
    assert journals(grid) == []
