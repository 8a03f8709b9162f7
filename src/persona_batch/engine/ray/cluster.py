"""Ray as it is needed here: a cluster that is joined, or started on this machine, and actors placed on its nodes."""

import asyncio
import os
import signal
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, Final, Self

from persona_batch.engine.ray.actor import AskingActor
from persona_batch.engine.ray.messages import Report, Setup, Started
from persona_batch.errors import UsageError
from persona_batch.loading import left_as_it_was
from persona_batch.record import Record

NAMESPACE: Final = "persona-batch"
_STORE = 100 << 20  # bytes of shared memory of a Ray that is started here; next to nothing is kept in it
_CALLS = 64  # to one actor at a time


class ActorLost(Exception):
    """An actor died, or its machine did, or nobody can reach it."""


class Cluster(AbstractContextManager["Cluster"]):
    """A connection to Ray; entered, it is there. Leaving it ends a Ray that was started here.

    Raises:
        UsageError: Ray is not installed, or the cluster that RAY_ADDRESS names is not there.
    """

    def __init__(self) -> None:
        try:
            with left_as_it_was():
                import ray
        except ImportError as error:
            raise UsageError(
                "--engine ray needs Ray: pip install 'persona-batch[ray]'; without a cluster that runs it, "
                "--engine local is faster"
            ) from error
        self._ray: Any = ray
        self._ours = False

    def __enter__(self) -> Self:
        if self._ray.is_initialized():
            return self
        self._ours = True
        main = threading.current_thread() is threading.main_thread()
        before = signal.getsignal(signal.SIGTERM)
        try:
            with left_as_it_was():
                self._connect()
        finally:
            if main and before is not None:
                signal.signal(signal.SIGTERM, before)  # Ray sets its own
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours:
            self._ray.shutdown()

    @property
    def nodes(self) -> list[str]:
        """The ids of the nodes that are alive."""
        return [node["NodeID"] for node in self._ray.nodes() if node["Alive"]]

    def place(self, name: str, node: str) -> "Actor":
        """Start an actor, on a node if that is still there."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        kind = self._ray.remote(AskingActor)
        where = NodeAffinitySchedulingStrategy(node_id=node, soft=True)
        options = {"num_cpus": 0, "max_restarts": 0, "max_concurrency": _CALLS, "scheduling_strategy": where}
        return Actor(self._ray, kind.options(name=name, namespace=NAMESPACE, **options).remote(name), name)

    def _connect(self) -> None:
        quiet = {"namespace": NAMESPACE, "log_to_driver": False, "configure_logging": False}
        named = os.environ.get("RAY_ADDRESS")
        try:
            self._ray.init(address="auto", **quiet)
        except ConnectionError as error:
            if named is not None:
                raise UsageError(f"RAY_ADDRESS={named}: no Ray cluster answers there") from error
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            self._ray.init(address="local", include_dashboard=False, object_store_memory=_STORE, **quiet)


class Actor:
    """One actor of the run; `name` is also its journal's."""

    def __init__(self, ray: Any, handle: Any, name: str) -> None:
        self._ray = ray
        self._handle = handle
        self.name = name
        self._under_way: set[asyncio.Task[None]] = set()

    async def start(self, setup: Setup) -> Started:
        """See `AskingActor.start`."""
        started: Started = await self._call("start", setup)
        return started

    async def left(self) -> Sequence[Record]:
        """See `AskingActor.left`."""
        records: Sequence[Record] = await self._call("left")
        return records

    async def report(self) -> Report:
        """See `AskingActor.report`."""
        report: Report = await self._call("report")
        return report

    async def close(self, *, finished: bool) -> None:
        """See `AskingActor.close`; then it is gone."""
        try:
            await self._call("close", finished=finished)
        finally:
            self.kill()

    def send(self, method: str, *arguments: object) -> None:
        """Call `give`, `answer`, `stop` or `cancel`, and do not wait: if the actor is gone, its report tells."""
        sent = asyncio.create_task(self._sent(method, *arguments))
        self._under_way.add(sent)
        sent.add_done_callback(self._under_way.discard)

    def kill(self) -> None:
        """End it at once."""
        self._ray.kill(self._handle)

    async def _sent(self, method: str, *arguments: object) -> None:
        with suppress(ActorLost):
            await self._call(method, *arguments)

    async def _call(self, method: str, *arguments: object, **named: object) -> Any:
        """Call a method, and wait for what it returns.

        Raises:
            ActorLost: it, or its machine, is gone.
        """
        from ray.exceptions import RayActorError

        try:
            return await getattr(self._handle, method).remote(*arguments, **named)
        except RayActorError as error:
            raise ActorLost(_told(error)) from error


def _told(error: Exception) -> str:
    """Return the first and the last line of what Ray says of a dead actor: that it died, and why."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    text = " ".join(dict.fromkeys([lines[0], lines[-1]]))
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
