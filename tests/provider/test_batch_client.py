"""The batch API over HTTP, against a real endpoint in each provider's dialect."""

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from persona_batch import errors
from persona_batch.config.batch import RunSettings
from persona_batch.provider.batches import BatchApi, BatchState
from persona_batch.provider.connect import resolve
from persona_batch.provider.contract import Timeouts
from persona_batch.provider.openai import OpenAIProvider
from persona_batch.provider.presets import PRESETS
from persona_batch.provider.transfer import FileTransfer
from provider.batching import KEY, URL, converse, target_at, write_requests
from servers.batch_plan import Dialect, Fate, Plan, Trouble
from servers.batches import BatchServer, batches

DIALECTS: list[tuple[str, Dialect]] = [
    ("openai", "openai"),
    ("dashscope", "openai"),
    ("moonshot", "openai"),
    ("siliconflow", "siliconflow"),
    ("together", "together"),
    ("zhipu", "zhipu"),
    ("custom", "openai"),
]


def names_in(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def made(api: BatchApi, path: Path, *, name: str = "openai", count: int = 4) -> BatchState:
    """Upload so many requests and have a batch made of them."""
    facts = PRESETS[name].batch if name in PRESETS else None
    url, windows = (URL, ["24h"]) if facts is None else (facts.url, list(facts.windows))
    write_requests(path, count, url=url)
    file = await api.upload(path)
    return await api.create(file, url=url, window=next(iter(windows), None), metadata={"run": "r-1"})


@pytest.mark.parametrize(("name", "dialect"), DIALECTS)
@pytest.mark.parametrize("redirects", [False, True])
def test_a_batch_goes_up_and_its_results_come_back(
    tmp_path: Path, name: str, dialect: Dialect, *, redirects: bool
) -> None:
    async def conversation(api: BatchApi, server: BatchServer) -> None:
        path, out, bad = tmp_path / "a.requests.jsonl", tmp_path / "out.jsonl", tmp_path / "bad.jsonl"
        first = await made(api, path, name=name)
        assert (first.phase, first.known) == ("going", True)
        assert first.input_file is not None
        assert (server.account.folder / first.input_file).read_bytes() == path.read_bytes()
        assert first.metadata == ({} if name == "together" else {"run": "r-1"})
        assert first.created_at == pytest.approx(server.state.batches[0].at, abs=1.0)
        assert first.expires_at == pytest.approx(server.state.batches[0].at + 86_400, abs=1.0)
        under_way = await api.state(first.id)
        assert (under_way.phase, under_way.output_file) == ("going", None)
        ended = await api.state(first.id)
        assert ended.phase == "completed"
        if name != "together":
            assert (ended.total, ended.done, ended.failed) == (4, 3, 1)
        assert ended.output_file is not None
        assert ended.error_file is not None
        await api.download(ended.output_file, out)
        await api.download(ended.error_file, bad)
        assert [json.loads(line)["custom_id"] for line in out.read_bytes().splitlines()] == ["key-0", "key-2", "key-3"]
        assert [json.loads(line)["custom_id"] for line in bad.read_bytes().splitlines()] == ["key-1"]
        assert names_in(tmp_path) == ["a.requests.jsonl", "bad.jsonl", "out.jsonl"]
        assert [state.id async for state in api.listed()] == [first.id]

    plan = Plan(looks=2, dialect=dialect, default=Fate(failing={1: 400}), redirects=redirects)
    converse(plan, conversation, name=name)


@pytest.mark.parametrize("phase", ["completed", "expired", "failed", "cancelled"])
@pytest.mark.parametrize(("name", "dialect"), [("openai", "openai"), ("together", "together")])
def test_each_end_is_known(tmp_path: Path, name: str, dialect: Dialect, phase: str) -> None:
    async def conversation(api: BatchApi, _: BatchServer) -> None:
        state = await api.state((await made(api, tmp_path / "a.jsonl", name=name)).id)
        assert state.phase == phase
        assert state.known
        reasons = ("the file is empty" if name == "together" else "line 1: the file is empty",)
        assert state.errors == (reasons if phase == "failed" else ())

    fate = Fate(phase=phase, reasons=["the file is empty"])  # type: ignore[arg-type]  # one of its values
    converse(Plan(default=fate, dialect=dialect), conversation, name=name)


def test_a_status_that_nobody_knows_is_taken_for_one_under_way_and_said(tmp_path: Path) -> None:
    async def conversation(api: BatchApi, _: BatchServer) -> None:
        state = await api.state((await made(api, tmp_path / "a.jsonl")).id)
        assert (state.phase, state.known, state.said) == ("going", False, "resting")

    converse(Plan(looks=-1, default=Fate(word="resting")), conversation)


def test_a_list_is_read_page_by_page_the_newest_first(tmp_path: Path) -> None:
    async def conversation(api: BatchApi, server: BatchServer) -> None:
        ids = [(await made(api, tmp_path / "a.jsonl", count=1)).id for _ in range(5)]
        assert [state.id async for state in api.listed()] == ids[::-1]
        assert len(server.asked("list")) == 3
        async for state in api.listed():
            assert state.id == ids[-1]
            break
        assert len(server.asked("list")) == 4

    converse(Plan(page=2), conversation)


def test_an_endpoint_without_a_list_says_so(tmp_path: Path) -> None:
    async def conversation(api: BatchApi, _: BatchServer) -> None:
        with pytest.raises(errors.BadRequest) as caught:
            assert [state async for state in api.listed()]
        assert caught.value.http_status == 404

    converse(Plan(lists=False), conversation)


def test_what_is_cancelled_has_results_for_what_was_done(tmp_path: Path) -> None:
    async def conversation(api: BatchApi, _: BatchServer) -> None:
        batch = await made(api, tmp_path / "a.jsonl")
        assert (await api.cancel(batch.id)).phase == "going"
        state = await api.state(batch.id)
        assert state.phase == "cancelled"
        assert state.output_file is not None
        await api.download(state.output_file, tmp_path / "out.jsonl")
        assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 2
        with pytest.raises(errors.ServerFailed, match="the batch is cancelled"):
            await api.cancel(batch.id)

    converse(Plan(looks=-1), conversation)


def test_what_is_refused_or_lost_is_asked_once_and_told_apart(tmp_path: Path) -> None:
    async def conversation(api: BatchApi, server: BatchServer) -> None:
        expected: list[tuple[type[errors.ProviderError], int | None, int]] = [
            (errors.RateLimited, 429, 0),
            (errors.ServerFailed, 500, 0),
            (errors.ConnectionFailed, None, 0),
            (errors.ConnectionFailed, None, 1),
        ]
        path = tmp_path / "a.jsonl"
        write_requests(path, 2)
        file = await api.upload(path)
        for number, (kind, status, existing) in enumerate(expected):
            with pytest.raises(kind) as caught:
                await api.create(file, url=URL, window="24h", metadata={})
            assert caught.value.http_status == status
            assert (caught.value.retry_after == 7.0) is (status == 429)
            assert len(server.submitted) == existing
            assert len(server.asked("create")) == number + 1
        await api.create(file, url=URL, window="24h", metadata={})
        assert len(server.submitted) == 1, "the endpoint knows the key of the request"
        assert len({one.headers["idempotency-key"] for one in server.asked("create")}) == 1

    lost = [
        Trouble(status=429, headers={"Retry-After": "7"}),
        Trouble(status=500),
        Trouble(unmade=True),
        Trouble(lost=True),
    ]
    converse(Plan(troubles={"create": lost}, idempotent=True), conversation)


@pytest.mark.parametrize(("window", "sent"), [("24h", "24h"), ("7d", "168h"), (None, None), ("soon", "soon")])
def test_a_window_is_said_in_hours(tmp_path: Path, window: str | None, sent: str | None) -> None:
    async def conversation(api: BatchApi, server: BatchServer) -> None:
        write_requests(tmp_path / "a.jsonl", 1)
        await api.create(await api.upload(tmp_path / "a.jsonl"), url=URL, window=window, metadata={})
        assert server.state.batches[0].window == sent

    converse(Plan(dialect="zhipu"), conversation)  # which wants none


@pytest.mark.parametrize("redirects", [False, True])
def test_a_download_that_breaks_off_leaves_what_was_there(tmp_path: Path, *, redirects: bool) -> None:
    async def conversation(api: BatchApi, _: BatchServer) -> None:
        out = tmp_path / "out.jsonl"
        out.write_bytes(b"before")
        state = await api.state((await made(api, tmp_path / "a.jsonl")).id)
        assert state.output_file is not None
        with pytest.raises(errors.StreamCut):
            await api.download(state.output_file, out)
        assert out.read_bytes() == b"before"
        await api.download(state.output_file, out)
        assert len(out.read_bytes().splitlines()) == 4
        assert names_in(tmp_path) == ["a.jsonl", "out.jsonl"]
        with pytest.raises(errors.BadRequest, match="no such file"):
            await api.download("file-99", out)

    troubles = [*[Trouble()] * redirects, Trouble(cut=100)]
    converse(Plan(troubles={"download": troubles}, redirects=redirects), conversation)


@pytest.mark.parametrize("status", [307, 308])
def test_an_upload_that_is_sent_elsewhere_is_sent_whole_again(tmp_path: Path, status: int) -> None:
    moved = Trouble(status=status, headers={"Location": "/v1/files"})

    async def conversation(api: BatchApi, server: BatchServer) -> None:
        state = await made(api, tmp_path / "a.jsonl", count=3000)
        assert len(server.submitted[state.id]) == 3000
        assert [one.status for one in server.asked("upload")] == [status, 200]

    converse(Plan(troubles={"upload": [moved]}), conversation)


def test_an_upload_goes_to_another_origin_whole_but_without_the_key(tmp_path: Path) -> None:
    write_requests(tmp_path / "a.jsonl", 3000)
    with batches(folder=tmp_path / "there") as there:
        moved = Trouble(status=307, headers={"Location": f"{there.base_url}/files"})

        async def conversation(api: BatchApi, _: BatchServer) -> None:
            file = await api.upload(tmp_path / "a.jsonl")
            assert (there.account.folder / file).read_bytes() == (tmp_path / "a.jsonl").read_bytes()
            assert KEY not in str(there.state.asked[0].headers)

        converse(Plan(troubles={"upload": [moved]}), conversation)


@pytest.mark.parametrize(("name", "dialect"), [("openai", "openai"), ("together", "together")])
def test_files_go_through_a_proxy_as_all_else_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, dialect: Dialect
) -> None:
    with batches(Plan(dialect=dialect), folder=tmp_path / "state") as server:

        async def run() -> None:
            target = replace(target_at(server, name), base_url="http://name.invalid/v1")
            async with OpenAIProvider(target, concurrency=1) as provider:
                api = provider.batches()
                state = await api.state((await made(api, tmp_path / "a.jsonl", name=name)).id)
                assert state.output_file is not None
                await api.download(state.output_file, tmp_path / "out.jsonl")

        for variable in ("http_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("HTTP_PROXY", server.base_url.removesuffix("/v1"))
        asyncio.run(run())
        assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 4
        assert {one.path[:20] for one in server.state.asked} == {"http://name.invalid/"}


def test_where_files_are_put_and_fetched_by_signed_addresses_no_key_goes(tmp_path: Path) -> None:
    async def conversation(api: BatchApi, server: BatchServer) -> None:
        state = await api.state((await made(api, tmp_path / "a.jsonl", name="together")).id)
        assert state.output_file is not None
        await api.download(state.output_file, tmp_path / "out.jsonl")
        signed = [one for one in server.state.asked if one.path.startswith(("/stored/", "/v1/stored/"))]
        assert [one.method for one in signed] == ["PUT", "GET"]
        assert signed[0].headers["content-length"] == str((tmp_path / "a.jsonl").stat().st_size)
        assert "transfer-encoding" not in signed[0].headers
        assert not [one for one in signed if KEY in str(one.headers)]

    converse(Plan(dialect="together", redirects=True), conversation, name="together")


@pytest.mark.parametrize("name", ["", "a/b", "../files", "..", ".", "a\nb", "a\x1b[2Jb", "批 次\u2028"], ids=repr)
def test_what_cannot_be_an_id_is_not_asked_for(tmp_path: Path, name: str) -> None:
    async def conversation(api: BatchApi, server: BatchServer) -> None:
        for asked in (api.state(name), api.cancel(name), api.download(name, tmp_path / "out")):
            with pytest.raises(errors.BadRequest):
                await asked
        assert server.state.asked == []

    converse(Plan(), conversation)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        "{}",
        '{"id": "b-1"}',
        '{"id": null, "status": "completed"}',
        '{"id": "a/../b", "status": "completed"}',
        '{"id": "..", "status": "completed"}',
        '{"id": "a b", "status": "completed"}',
        '{"id": "a\\u001b[2J", "status": "completed"}',
        '{"id": "b-1", "status": "completed", "output_file_id": "../../etc/passwd"}',
        f'{{"id": "{KEY}", "status": "completed"}}',
        '{"id": "b-1", "status": 5}',
        "<html><title>Sign in</title></html>",
        '{"a": ' + "[" * 100_000,
    ],
)
def test_an_answer_that_is_no_batch_is_malformed_and_shows_no_key(said: str) -> None:
    async def conversation(api: BatchApi, _: BatchServer) -> None:
        with pytest.raises(errors.MalformedReply) as caught:
            await api.state("b-1")
        assert KEY not in caught.value.message
        assert caught.value.message.isprintable()

    converse(Plan(troubles={"state": [Trouble(status=200, body=said or " ")]}), conversation)


def test_what_an_endpoint_tells_can_be_shown(tmp_path: Path) -> None:
    said = {
        "id": 12,
        "status": f"\x1b[31mfailed {KEY}",
        "metadata": {"a": "b\n\x07", "n": 5},
        "errors": {"data": [{"message": f"no {KEY}\x1b[0m", "line": 3}, "plain", None, {"code": "odd"}]},
        "created_at": "soon",
        "expires_at": 1e300,
        "request_counts": {"total": True, "completed": -1, "failed": "x"},
    }

    async def conversation(api: BatchApi, _: BatchServer) -> None:
        state = await api.state("12")
        assert state.id == "12"
        assert (state.created_at, state.total, state.done, state.failed) == (None, None, None, None)
        assert [one[:11] for one in state.errors] == ["line 3: no ", "plain", "odd"]
        for text in (state.said, *state.errors, *state.metadata.values()):
            assert text.isprintable()
            assert KEY not in text

    converse(Plan(troubles={"state": [Trouble(status=200, body=json.dumps(said))]}), conversation)


def test_silence_has_a_limit_but_a_long_file_has_none(tmp_path: Path) -> None:
    """A file comes with pauses that are shorter than the limit, and takes longer than it in all."""
    pieces, limit = 6, 0.5

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % pieces)
        with contextlib.closing(writer):
            if b"/silent/" in head:
                await reader.read()  # until the client has had enough
                return
            for _ in range(pieces):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(limit / 4)

    async def run() -> None:
        from persona_batch.config.batch import RunSettings
        from persona_batch.provider.connect import resolve

        server = await asyncio.start_server(slow, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        target = resolve(RunSettings(base_url=f"http://127.0.0.1:{port}/v1"), {})
        open_provider = OpenAIProvider(target, concurrency=1, timeouts=Timeouts(gap=limit))
        async with server, open_provider as provider:
            await provider.batches().download("f-1", tmp_path / "whole")
            assert (tmp_path / "whole").read_bytes() == b"x" * pieces
            with pytest.raises(errors.TimedOut):
                await provider.batches().download("silent", tmp_path / "never")

    asyncio.run(run())
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


_CARRIED = """
import asyncio, resource, sys
from pathlib import Path
from persona_batch.config.batch import RunSettings
from persona_batch.provider.connect import resolve
from persona_batch.provider.openai import OpenAIProvider

async def run():
    target = resolve(RunSettings(base_url=sys.argv[1]), {})
    async with OpenAIProvider(target, concurrency=1) as provider:
        api = provider.batches()
        file = await api.upload(Path(sys.argv[2]))  # the first one, small: what is loaded once is loaded
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        file = await api.upload(Path(sys.argv[3]))
        await api.download(file, Path(sys.argv[4]))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

asyncio.run(run())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts kilobytes as Linux does")
def test_a_file_of_any_size_is_never_in_memory(tmp_path: Path) -> None:
    small, large, back = tmp_path / "small", tmp_path / "large", tmp_path / "back"
    small.write_bytes(b"{}\n")
    size = 96 << 20
    with large.open("wb") as file:
        for _ in range(size >> 20):
            file.write((b"x" * 1023 + b"\n") * 1024)
    with batches(folder=tmp_path / "state") as server:
        arguments = [sys.executable, "-c", _CARRIED, server.base_url, str(small), str(large), str(back)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert back.stat().st_size == size
    assert int(done.stdout) < 16 << 10, "kilobytes more than before"


def test_a_file_that_is_too_long_or_cannot_be_written_is_not_kept(tmp_path: Path) -> None:
    with batches(Plan(looks=1), folder=tmp_path / "state") as server:

        async def run() -> None:
            async with OpenAIProvider(target_at(server), concurrency=1) as provider:
                api = provider.batches()
                state = await api.state((await made(api, tmp_path / "a.jsonl")).id)
                assert state.output_file is not None
                with pytest.raises(errors.StorageError, match="nowhere"):
                    await api.download(state.output_file, tmp_path / "nowhere" / "out.jsonl")
                with pytest.raises(errors.StorageError, match=r"b\.jsonl"):
                    await api.upload(tmp_path / "b.jsonl")
                url = provider.url(f"/files/{state.output_file}/content")
            transfer = FileTransfer(
                target_at(server), timeouts=Timeouts(), proxy=None, translate=lambda error, **_: error, most=100
            )
            with pytest.raises(errors.MalformedReply, match="a file of more than"):
                await transfer.fetch(url, tmp_path / "out.jsonl")
            await transfer.close()

        asyncio.run(run())
    assert names_in(tmp_path) == ["a.jsonl", "state"]


class _Echoing(BaseHTTPRequestHandler):
    """Gives a file in pieces of seven bytes, with the key that it was sent in every line."""

    protocol_version = "HTTP/1.1"
    lines = 50

    def do_GET(self) -> None:
        key = self.headers["Authorization"].removeprefix("Bearer ")
        body = f'{{"custom_id": "a", "echo": "so it was {key}!"}}\n'.encode() * self.lines + key.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for at in range(0, len(body), 7):
            self.wfile.write(body[at : at + 7])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_key_that_the_endpoint_sends_back_is_in_no_file(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echoing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        settings = RunSettings(base_url=url, api_key_env="BATCH_KEY")
        target = resolve(settings, {"BATCH_KEY": KEY})

        async def run() -> None:
            transfer = FileTransfer(target, timeouts=Timeouts(), proxy=None, translate=lambda error, **_: error)
            await transfer.fetch(f"{url}/files/out/content", out)
            await transfer.close()

        asyncio.run(run())
        server.shutdown()
    text = out.read_text(encoding="utf-8")
    assert text == '{"custom_id": "a", "echo": "so it was [key]!"}\n' * _Echoing.lines + "[key]"
