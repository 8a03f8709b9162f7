"""Cells and endpoints for tests of the engine."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from persona_batch.chat import Message, Params, Usage
from persona_batch.checks import Check
from persona_batch.errors import ProviderError
from persona_batch.plan.cell import Cell, Endpoint
from persona_batch.plan.key import cell_key
from persona_batch.provider.contract import Burst, Chunk, Request, StreamInfo


def make_cell(
    number: int = 0, *, model: str = "m", params: Params | None = None, checks: tuple[Check, ...] = ()
) -> Cell:
    """Return a cell; its number makes it unlike any other."""
    messages = (Message("system", "你是孙悟空"), Message("user", f"question {number}"))
    return Cell(
        key=cell_key(messages=messages, model=model, params=params or {}, endpoint="test", sample=0),
        persona=f"p{number % 3}",
        variant=0,
        question=f"q{number}",
        speaker=None,
        sample=0,
        placement="system",
        endpoint=Endpoint("test", "test"),
        model=model,
        params=params or {},
        messages=messages,
        checks=checks,
        attributes={"world": "西游记"},
    )


def make_cells(count: int) -> Iterator[Cell]:
    """Yield so many cells, lazily."""
    return (make_cell(number) for number in range(count))


def keyed(cells: Iterable[Cell]) -> Iterator[tuple[str, Callable[[], Cell]]]:
    """Yield cells as a grid yields them to `pending`."""
    return ((cell.key, partial(replace, cell)) for cell in cells)


class TimedProvider:
    """An endpoint in virtual time: each answer takes `first` seconds to begin and `rest` to end.

    `fate`, given the number of the request (from 0), may name a failure that ends it after `first` seconds.
    `arrivals` are the moments of sending on the loop's clock; `most` the greatest number under way at once.
    """

    name = "test"
    identity = "test"

    def __init__(
        self,
        *,
        first: float = 0.5,
        rest: float = 0.5,
        fate: Callable[[int], ProviderError | None] = lambda _: None,
        usage: Usage | None = None,
        headers: Callable[[int], dict[str, str]] = lambda _: {},
    ) -> None:
        self._first = first
        self._rest = rest
        self._fate = fate
        self._usage = usage
        self._headers = headers
        self.arrivals: list[float] = []
        self.keys: list[str] = []
        self.under_way = 0
        self.most = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def models(self) -> list[str]:
        return ["m"]

    async def stream(self, request: Request, info: StreamInfo) -> AsyncIterator[Burst]:
        number = len(self.arrivals)
        self.arrivals.append(asyncio.get_running_loop().time())
        self.keys.append(request.messages[-1].content)
        info.sent_ns = time.perf_counter_ns()
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self._first)
            info.headers = self._headers(number)
            failure = self._fate(number)
            if failure is not None:
                raise failure
            yield Burst(time.perf_counter_ns(), [Chunk(content="俺老孙", model=request.model)])
            await asyncio.sleep(self._rest)
            yield Burst(time.perf_counter_ns(), [Chunk(finish_reason="stop", usage=self._usage)])
        finally:
            self.under_way -= 1
