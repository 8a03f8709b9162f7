"""A child process that serves us, and is watched: one that is stopped or hangs must not keep a run for ever.

It gives a sign of life on its standard output twice a second. When none has come for some seconds it is killed, so
that a process that hangs is, like one that was killed, a process that is gone.
"""

import asyncio
import os
import subprocess
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from persona_batch.provider.contract import Timeouts

_EVERY: Final = 0.5  # seconds between two signs of life
_TICK: Final = 1.0  # seconds; what is counted are ticks of our own loop, so that our own sleep is not held against it
_LEAST: Final = 4.0  # seconds of silence; a busy machine may keep a process waiting
_MOST: Final = 15.0
_BEGINNING: Final = 60  # ticks until the first sign


class ChildProcess:
    """One process, from its start to its end.

    Args:
        silence: after so many seconds without a sign of life it is killed.

    Attributes:
        over: set once the process has ended.
    """

    def __init__(self, silence: float) -> None:
        self.over = asyncio.Event()
        self._silence = silence
        self._fell_silent = False
        self._process: Process
        self._watching: asyncio.Task[None]

    async def start(
        self, module: str, *arguments: str, stdin: int = PIPE, env: Mapping[str, str] | None = None
    ) -> None:
        """Start a module of ours.

        Raises:
            OSError: no process can be made.
        """
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            module,
            *arguments,
            stdin=stdin,
            stdout=PIPE,
            stderr=DEVNULL,
            env=None if env is None else {**os.environ, **env},
            # Of its own, as Ctrl-C is for us, who end it ourselves.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    async def first_line(self) -> bytes:
        """Return the line that the process says first; b"" if it ends without. Call it before `watch`."""
        assert self._process.stdout is not None
        return await self._process.stdout.readline()

    def tell(self, line: bytes) -> None:
        """Write to the process's standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(line)

    def watch(self) -> None:
        """Begin to watch for signs of life."""
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        assert self._process.stdout is not None
        ticks, most = 0, float(_BEGINNING)
        while ticks < most:
            try:
                async with asyncio.timeout(_TICK):
                    signs = await self._process.stdout.read(1024)
            except TimeoutError:
                ticks += 1
                continue
            if not signs:
                break
            ticks, most = 0, self._silence
        else:
            self._fell_silent = True
            self.kill()
        await self._process.wait()
        self.over.set()

    async def ends_within(self, seconds: float) -> bool:
        """Whether the process has ended, or does so in a moment: its connections are gone before it is."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()
        return self.over.is_set()

    def end(self) -> str:
        """Return in words how it ended."""
        code = self._process.returncode
        if self._fell_silent:
            return f"no sign of life for {self._silence:g} s"
        return "still there" if code is None else f"signal {-code}" if code < 0 else f"exit code {code}"

    def kill(self) -> None:
        """Kill it, if it is there."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def wait(self) -> int:
        """Wait for its end and return its exit code, negative for a signal."""
        return await self._process.wait()

    async def stop(self, leave: float) -> None:
        """Close its standard input, give it `leave` seconds to go by itself, and see to it that it is gone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(leave):
                    await self._process.wait()
        finally:
            self.kill()
            await self._process.wait()


def silence_within(timeouts: Timeouts) -> float:
    """Return how many seconds of silence are too many where replies have these time-outs."""
    return max(_LEAST, min(_MOST, timeouts.first_token / 2))


def give_signs_of_life() -> None:
    """Write a line to standard output twice a second, from a thread of its own, until nobody reads them.

    For the child: then it ends, for who reads them is whom it serves.
    """

    def give() -> None:
        pause = threading.Event()
        while True:
            try:
                sign_of_life()
            except OSError:
                os._exit(0)
            pause.wait(_EVERY)

    threading.Thread(target=give, name="signs of life", daemon=True).start()


def sign_of_life() -> None:
    """Write one line to standard output: the descriptor itself, so that nothing is held back."""
    os.write(1, b"\n")


async def keep_giving_signs_of_life() -> None:
    """As `give_signs_of_life`, from the event loop: so a loop that hangs gives none."""
    while True:
        sign_of_life()
        await asyncio.sleep(_EVERY)
