"""Runs over several replicas, real servers that stall, die and lie; and their one identity, whatever they are."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch import dry_run
from persona_batch.config.batch import Batch, Persona, Question, RunSettings
from persona_batch.config.load import Overrides
from persona_batch.config.rubrics import load_rubric
from persona_batch.errors import UsageError
from persona_batch.pipeline.call import prepare, prepare_run
from persona_batch.pipeline.judge import JudgeOptions, judge
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.run import run_batch
from persona_batch.pipeline.sealing import Summary
from persona_batch.provider.connect import resolve
from persona_batch.record import Record
from persona_batch.record.manifest import read_manifest
from persona_batch.record.reader import read_records
from persona_batch.record.rundir import RunDir
from pipeline.workshop import Notes
from servers.act import Act, Script, Share, error_body
from servers.faulty import FaultyServer

CELLS = 120
FAST = Overrides(concurrency=16)
WELL = Act(latency=0.01)
LIE = Act(status=500, body=error_body("Internal error", kind="server_error"))
SICK = {
    "stalls": Script(acts=[WELL] * 8, default=Act(silent=True)),
    "dies": Script(acts=[*[WELL] * 8, Act(cut_after=300)], default=Act(reset_after=300)),
    "lies": Script(shares=[Share(0.05, LIE)], default=WELL, seed=3),
}


def persona(urls: Sequence[str], *, identity: str = "mine", more: str = "") -> str:
    where = f"base_urls: [{', '.join(urls)}]" if len(urls) > 1 else f"base_url: '{urls[0]}'"
    questions = "".join(f"  - {{id: q{number}, text: question {number}}}\n" for number in range(CELLS))
    block = f"run: {{model: test-model, provider: {{name: vllm, id: {identity}, {where}{more}}}}}\n"
    return f"id: wukong\nsystem: 你是孙悟空\ncontrols: []\n{block}questions:\n{questions}"


@dataclass
class Closing(Notes):
    """An observer that closes a server once so many cells are finished."""

    server: FaultyServer | None = None
    after: int = CELLS // 4
    closing: list[asyncio.Task[None]] = field(default_factory=list)

    def record(self, record: Record) -> None:
        super().record(record)
        if self.server is not None and len(self.records) == self.after:
            self.closing.append(asyncio.create_task(self.server.__aexit__(None, None, None)))

    async def end(self) -> None:
        await asyncio.gather(*self.closing)


def ask(
    folder: Path, servers: Sequence[FaultyServer], seen: "Closing | None" = None, *, more: str = "", **options: Any
) -> "Asked":
    """Run the batch against these servers, which are started and ended here."""

    async def served() -> Summary:
        async with AsyncExitStack() as stack:
            for server in servers:
                await stack.enter_async_context(server)
            written = persona([one.base_url for one in servers], more=more)
            (folder / "wukong.yaml").write_text(written, encoding="utf-8")
            asked = RunOptions(files=(str(folder / "wukong.yaml"),), out=folder / "runs", overrides=FAST)
            try:
                return await run_batch(replace(asked, **options), notes)
            finally:
                await notes.end()

    notes = seen or Closing()
    return Asked(asyncio.run(served()), notes)


@dataclass
class Asked:
    summary: Summary
    seen: Notes

    @property
    def records(self) -> list[Record]:
        return list(read_records(Path(self.summary.path) / "records.jsonl"))

    @property
    def log(self) -> list[dict[str, object]]:
        lines = (Path(self.summary.path) / "run.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state folder of each test's own."""
    monkeypatch.setenv("PERSONA_BATCH_STATE", str(tmp_path / "state"))


@pytest.fixture(scope="module")
def keys_of_one(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The keys of the same batch at a single endpoint with the same id."""
    done = ask(tmp_path_factory.mktemp("one"), [FaultyServer(Script(default=WELL))])
    return {record.key for record in done.records}


@pytest.mark.parametrize("sick", [names for count in (1, 2, 3) for names in combinations(SICK, count)], ids="+".join)
def test_whatever_replicas_do_the_run_is_complete_and_nothing_doubled(
    tmp_path: Path, sick: tuple[str, ...], keys_of_one: set[str]
) -> None:
    scripts = [SICK[name] for name in sick] + [Script(default=WELL)] * (3 - len(sick))
    servers = [FaultyServer(script) for script in scripts]
    dying = servers[sick.index("dies")] if "dies" in sick else None
    done = ask(tmp_path, servers, Closing(server=dying))
    assert (done.summary.exit_code, done.summary.message) == (0, None)
    records = done.records
    assert len(records) == CELLS
    assert {record.key for record in records} == keys_of_one
    assert {record.status for record in records} == {"ok"}
    rested = {str(line["replica"]) for line in done.log if line["event"] == "rested"}
    assert rested >= {servers[sick.index(name)].base_url for name in sick if name != "lies"}
    assert not rested & {server.base_url for server in servers[len(sick) :]}


@dataclass
class Reopening(Closing):
    """Closes a server, and opens it again later on the same port."""

    again: FaultyServer | None = None

    def record(self, record: Record) -> None:
        super().record(record)
        if self.server is not None and len(self.records) == 2 * self.after:
            self.again = FaultyServer(Script(default=WELL), port=self.server.port)
            self.closing.append(asyncio.create_task(self._open(self.again)))

    async def _open(self, server: FaultyServer) -> None:
        await server.__aenter__()

    async def end(self) -> None:
        await super().end()
        if self.again is not None:
            await self.again.__aexit__(None, None, None)


def test_one_that_comes_back_on_its_port_is_asked_again(tmp_path: Path) -> None:
    slow = Script(default=Act(latency=0.06))
    dying, staying = FaultyServer(slow), FaultyServer(slow)
    seen = Reopening(server=dying, after=12)
    done = ask(tmp_path, [dying, staying], seen, overrides=Overrides(concurrency=4))
    assert (done.summary.exit_code, len(done.records)) == (0, CELLS)
    assert seen.again is not None
    assert len(seen.again.chats) > 5
    told = [line for line in done.log if line["event"] in ("rested", "returned")]
    assert [told[0]["event"], told[-1]["event"]] == ["rested", "returned"]
    assert [told[0]["well"], told[-1]["well"]] == ["1 of 2", "all"]


def test_a_run_goes_on_with_other_replicas(tmp_path: Path) -> None:
    first = [FaultyServer(Script(default=WELL)) for _ in range(2)]
    begun = ask(tmp_path, first, max_requests=50)
    assert (begun.summary.exit_code, begun.summary.asked) == (3, 50)
    others = [FaultyServer(Script(default=WELL)) for _ in range(3)]
    done = ask(tmp_path, others, continue_newest=True)
    assert (done.summary.run_id, done.summary.asked, done.summary.skipped) == (begun.summary.run_id, CELLS - 50, 50)
    assert len({record.key for record in done.records}) == len(done.records) == CELLS
    alone = ask(tmp_path, others[:1], resume=done.summary.path)
    assert (alone.summary.asked, alone.summary.set_aside) == (0, 0)


def test_a_request_that_was_passed_on_is_counted_once(tmp_path: Path) -> None:
    servers = [FaultyServer(Script(default=LIE)), FaultyServer(Script(default=WELL))]
    done = ask(tmp_path, servers, max_requests=CELLS)
    assert (done.summary.exit_code, len(done.records)) == (0, CELLS)
    assert {record.attempts for record in done.records} == {1}
    assert len(servers[0].chats) == sum(line["event"] == "passed_over" for line in done.log) >= 3
    manifest = read_manifest(Path(done.summary.path) / "run.json")
    assert [session.lost for session in manifest.sessions] == [0]


def test_a_manifest_knows_the_pool_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "zZ9-odd.key+Shape42")
    servers = [FaultyServer(Script(default=WELL)) for _ in range(2)]
    done = ask(tmp_path, servers, more=", api_key_env: MINE", limit=2)
    manifest = read_manifest(Path(done.summary.path) / "run.json")
    assert (manifest.provider, manifest.endpoint) == ("vllm", "mine")
    run = manifest.config["run"]
    assert (run["endpoint_id"], run["base_urls"]) == ("mine", [one.base_url for one in servers])
    kept = "".join(path.read_text(encoding="utf-8") for path in Path(done.summary.path).iterdir())
    assert "zZ9" not in kept
    assert {one.chats[0].headers["authorization"] for one in servers} == {"Bearer zZ9-odd.key+Shape42"}


@pytest.mark.parametrize("workers", [1, 2])
def test_one_that_is_down_at_the_start_is_told_of_and_no_matter(tmp_path: Path, workers: int) -> None:
    servers = [FaultyServer(Script(default=WELL)) for _ in range(2)]
    gone = "http://127.0.0.1:1/v1"

    async def served() -> Summary:
        async with servers[0], servers[1]:
            file = tmp_path / "wukong.yaml"
            file.write_text(persona([gone, *(one.base_url for one in servers)]), encoding="utf-8")
            return await run_batch(
                RunOptions(files=(str(file),), out=tmp_path / "runs", overrides=FAST, workers=workers), seen
            )

    seen = Notes()
    summary = asyncio.run(served())
    assert (summary.exit_code, len(seen.records)) == (0, CELLS)
    assert [note for note in seen.loud if note.startswith(f"2 of 3 replicas answer; not asked for now: {gone} (")]
    assert min(len(one.chats) for one in servers) > CELLS // 4


def test_worker_processes_leave_one_that_stalls(tmp_path: Path) -> None:
    servers = [FaultyServer(SICK["stalls"]), FaultyServer(Script(default=WELL))]
    done = ask(tmp_path, servers, workers=2)
    assert (done.summary.exit_code, len(done.records)) == (0, CELLS)
    assert servers[0].disconnected.is_set()
    assert [line["event"] for line in done.log].count("rested") >= 1


def test_where_all_are_down_it_is_the_usual_error(tmp_path: Path) -> None:
    file = tmp_path / "wukong.yaml"
    file.write_text(persona(["http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"]), encoding="utf-8")
    with pytest.raises(UsageError, match=r"refused by http://127\.0\.0\.1:1/v1; is the server running"):
        asyncio.run(run_batch(RunOptions(files=(str(file),), out=tmp_path / "runs"), Notes()))
    assert not list((tmp_path / "runs").glob("2*"))


def test_all_that_die_stop_the_run_as_one_endpoint_does(tmp_path: Path) -> None:
    class Both(Closing):
        def record(self, record: Record) -> None:
            super().record(record)
            if len(self.records) == self.after:
                self.closing += [asyncio.create_task(one.__aexit__(None, None, None)) for one in servers]

    servers = [FaultyServer(Script(default=WELL)) for _ in range(2)]
    done = ask(tmp_path, servers, Both(), overrides=Overrides(concurrency=4, retries=0), limit=60)
    assert done.summary.exit_code == 1
    assert done.summary.counts["error"] > 0
    assert {record.error.kind for record in done.records if record.error is not None} == {"connection"}


def test_every_host_of_a_pool_that_gets_a_key_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "zZ9-odd.key+Shape42")
    block = "base_urls: ['http://a.test/v1', 'http://b.test/v1', 'http://b.test:81/v1'], api_key_env: MINE"
    file = tmp_path / "p.yaml"
    file.write_text(f"system: x\nquestions: [Hi]\nrun: {{provider: {{id: mine, {block}}}}}\n", encoding="utf-8")
    told: list[str] = []
    prepare_run(RunOptions(files=(str(file),))).connect(told.append)
    assert [line.partition(" sends ")[2] for line in told] == [
        f"the key in MINE to host {host}.test (said once)" for host in "ab"
    ]


RUBRIC = 'id: role\ntext: "{{ reply }}"\nscore: {min: 0, max: 3}\n'


def test_the_judge_of_a_run_is_asked_where_the_run_was(tmp_path: Path) -> None:
    servers = [FaultyServer(Script(default=Act(reply="Score: 1"))) for _ in range(2)]
    ask(tmp_path, servers, limit=6)
    (path,) = (tmp_path / "runs").glob("2*")
    (tmp_path / "rubric.yaml").write_text(RUBRIC, encoding="utf-8")
    again = [FaultyServer(Script(default=Act(reply="Score: 1")), port=one.port) for one in servers]

    async def judged() -> int:
        async with again[0], again[1]:
            asked = JudgeOptions(
                run=RunDir(path, path / "records.jsonl"),
                rubric=load_rubric(str(tmp_path / "rubric.yaml")),
                overrides=Overrides(),
            )
            return (await judge(asked, note=lambda _: None, tell=lambda *_: None)).judged

    assert asyncio.run(judged()) == 6
    assert [len(one.chats) for one in again] == [3, 3]


HOSTS = st.sampled_from([f"http://gpu{number}:8000/v1" for number in range(5)] + ["https://api.openai.com/v1"])


def keys(settings: RunSettings) -> list[str]:
    batch = Batch("b", [Persona("p", ("你是孙悟空",), (Question("q", "你好"),))], settings, ())
    return list(prepare(RunOptions(), batch, need_key=False).grid(["m"]).all_keys())


@given(
    replicas=st.lists(HOSTS, min_size=1, max_size=6, unique=True),
    others=st.lists(HOSTS, min_size=1, max_size=6, unique=True),
    provider=st.sampled_from([None, "vllm", "openai", "ollama"]),
)
def test_adding_moving_or_removing_a_replica_changes_no_key(
    replicas: list[str], others: list[str], provider: str | None
) -> None:
    def at(urls: list[str]) -> RunSettings:
        single = urls[0] if len(urls) == 1 else None
        several = () if single else tuple(urls)
        return RunSettings(provider=provider, endpoint_id="mine", base_url=single, base_urls=several)

    assert keys(at(replicas)) == keys(at(others))
    assert keys(at(replicas)) != keys(replace(at(replicas), endpoint_id="yours"))


def test_a_single_url_with_an_id_is_known_by_it() -> None:
    target = resolve(RunSettings(provider="vllm", endpoint_id="mine", base_url="http://gpu/v1/"), {})
    assert (target.identity, target.base_url, target.base_urls) == ("mine", "http://gpu/v1", ("http://gpu/v1",))


@pytest.mark.parametrize("name", ["openai", "OpenAI", "custom", "local", "scripted"])
def test_an_id_is_no_provider_s_name(name: str) -> None:
    settings = RunSettings(endpoint_id=name, base_urls=("http://a/v1", "http://b/v1"), sources={"endpoint_id": "p:3:5"})
    with pytest.raises(UsageError, match=f"^p:3:5: `{name}` is the name of a provider"):
        resolve(settings, {})


def test_a_pool_can_be_said_in_python() -> None:
    provider = {"id": "mine", "base_urls": ["http://a/v1", "http://b/v1"]}
    planned = dry_run({"id": "p", "system": "x", "questions": ["Hi"], "run": {"provider": provider, "model": "m"}})
    assert planned.endpoint == "mine"
