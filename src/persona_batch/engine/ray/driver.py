"""The engine of a cluster: hands out ranges of cells to actors, and yields the records that come back.

The run's process owns the run: its records, its limits, its log. An actor that dies is replaced; what it had answered
is read from its journal, and the rest of its range is asked anew, so that nothing is asked twice but what was on its
way. If the run's process dies, Ray ends the actors, and the next call on the run takes over their journals.
"""

import asyncio
import pickle
import secrets
import uuid
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path

from persona_batch.asking.breaker import Halt
from persona_batch.engine.engines import Job
from persona_batch.engine.ray.cluster import Actor, ActorLost, Cluster
from persona_batch.engine.ray.gauges import Gauges
from persona_batch.engine.ray.lending import Lender, needs_leases
from persona_batch.engine.ray.messages import Report, Setup
from persona_batch.engine.ray.ranges import Ranges
from persona_batch.engine.stopping import Stopping
from persona_batch.errors import BatchError, StoppedEarly, UsageError
from persona_batch.plan.cell import Cell
from persona_batch.record import Record
from persona_batch.record.actor_journals import SIGN, clear, left_behind, tell_elsewhere
from persona_batch.record.durable import storage_error
from persona_batch.wording import counted

_RANGE = 50  # cells, at least, that are handed out at once
_IN_VAIN = 5  # actors in a row that ended without any record
_CLOSING = 5.0  # seconds for an actor to close


class _Place:
    """One of the run's actors, and the next one there when it is gone: `cells` are those that it was given."""

    def __init__(self, node: str, concurrency: int) -> None:
        self.node = node
        self.concurrency = concurrency
        self.cells: dict[str, Cell] = {}
        self.actor: Actor | None = None


class RayEngine:
    """Runs a job on a Ray cluster; see `engines.Engine`. `grace`: seconds that running requests get after `stop`."""

    def __init__(self, job: Job, *, grace: float = 5.0) -> None:
        if job.site is None:
            raise ValueError("actors need to know where the run lives")
        self.job, self._site = job, job.site
        self._cluster = Cluster()
        self._halt = Halt()
        self._lender = Lender(job.limits, halt=self._halt, ledger=job.ledger, log=job.log, patience=job.policy.total)
        self._gauges = Gauges(job.progress, self._lender.gauge)
        self._finished: asyncio.Queue[Record | None] = asyncio.Queue()
        self._places: list[_Place] = []
        self._attending: list[asyncio.Task[None]] = []
        self._stopping = Stopping(job, halt=self._halt.set, cancel=self._cancel, grace=grace)
        self._in_vain = 0
        self._failure: BaseException | None = None
        self._halt.on_set(self._stop_all)

    async def run(self, blocks: Iterable[Iterable[Cell]]) -> AsyncGenerator[Record, None]:
        """Yield a record per cell, as it finishes."""
        with self._cluster as cluster:
            self._ranges = Ranges(blocks)
            self._setup = self._prepare()
            nodes, limits = cluster.nodes, self.job.limits
            count = min(limits.concurrency, self._site.workers if self._site.workers > 1 else len(nodes))
            shares = [limits.concurrency // count + (number < limits.concurrency % count) for number in range(count)]
            self._site.note(f"Ray: {counted(count, 'actor')} on {counted(min(count, len(nodes)), 'node')}")
            self._places = [_Place(nodes[number % len(nodes)], share) for number, share in enumerate(shares)]
            try:
                async with aclosing(self._records()) as records:
                    async for record in records:
                        yield record
                        self.job.progress.finish(record)  # not before it is on disk
                if all(not task.cancelled() and task.exception() is None for task in self._attending):
                    await self._close(finished=True)
                    clear(self._site.run.actors)
            finally:
                await self._close(finished=False)
        if self._failure is not None:
            raise self._failure
        self._stopping.end(self._halt.reason)

    def stop(self, reason: BatchError) -> None:
        """Stop the run gently; called again, at once."""
        self._stopping.stop(reason)

    async def _records(self) -> AsyncGenerator[Record, None]:
        ready = asyncio.Barrier(len(self._places))  # what they find on their machines is known before anything is asked
        self._attending = [asyncio.create_task(self._attend(place, ready)) for place in self._places]
        supervisor = asyncio.create_task(self._supervise())
        with self._stopping.timed():
            try:
                while (record := await self._finished.get()) is not None:
                    yield record
            finally:
                supervisor.cancel()
                await asyncio.gather(supervisor, return_exceptions=True)

    async def _supervise(self) -> None:
        """Wait for all places; the first that breaks takes the others with it."""
        try:
            done, _ = await asyncio.wait(self._attending, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                if not task.cancelled() and self._failure is None:
                    self._failure = task.exception()
        finally:
            self._give_up()
            await asyncio.gather(*self._attending, return_exceptions=True)
            self._finished.put_nowait(None)

    async def _attend(self, place: _Place, ready: asyncio.Barrier) -> None:
        """Keep an actor at a place until nothing is left to ask."""
        first = True
        while True:
            actor = place.actor = self._cluster.place(f"{self._setup.run_id}-{uuid.uuid4().hex[:12]}", place.node)
            try:
                await self._begin(place, actor)
                if first:
                    first = False
                    await ready.wait()
                await self._serve(place, actor)
            except ActorLost as error:
                await self._lost(place, actor, error)
            else:
                return

    async def _begin(self, place: _Place, actor: Actor) -> None:
        limits = replace(self.job.limits, concurrency=place.concurrency)
        started = await actor.start(replace(self._setup, limits=limits))
        if started.error is not None:
            raise started.error if not self.job.progress.done else StoppedEarly(str(started.error))
        if not started.shared:
            tell_elsewhere(self._site.run, started.host)
        while records := await actor.left():
            for record in records:
                self._recover(place, record)

    async def _serve(self, place: _Place, actor: Actor) -> None:
        """Give an actor work, and take what comes of it, until there is none."""
        if self._halt.reason is not None:
            actor.send("stop", self._halt.reason)
        if place.cells:
            actor.send("give", list(place.cells.values()))
        while True:
            await self._refill(place, actor)
            report = await actor.report()
            self._take(place, actor, report)
            over = self._halt.reason is not None or (self._ranges.exhausted and not place.cells)
            if over and report.idle:
                return

    def _take(self, place: _Place, actor: Actor, report: Report) -> None:
        self._gauges.update(actor.name, report.counts)
        for event, fields in report.events:
            self.job.log.write(event, **fields)
        for word in report.words:
            self._lender.hear(actor.name, word, lambda answer: actor.send("answer", [answer]))
        if self.job.on_text is not None:
            for key, piece in report.texts:
                if (cell := place.cells.get(key)) is not None:
                    self.job.on_text(cell, piece)
        for record in report.records:
            self._in_vain = 0
            if place.cells.pop(record.key, None) is not None:
                self._finished.put_nowait(record)
        if report.stopped is not None and self._halt.reason is None:
            blames_input = isinstance(report.stopped, UsageError) and self.job.progress.done > 0
            self._halt.set(StoppedEarly(str(report.stopped)) if blames_input else report.stopped)

    async def _refill(self, place: _Place, actor: Actor) -> None:
        """Hand out the next range when the last one comes to its end."""
        size = max(_RANGE, place.concurrency)
        if len(place.cells) > size // 2 + place.concurrency or self._finished.qsize() > 4 * size:
            return
        if self._halt.reason is not None:
            return
        cells, answered = await self._ranges.next(size)
        place.cells |= {cell.key: cell for cell in cells}
        for record in answered:
            self._gauges.recover(record)
            self._finished.put_nowait(record)
        if cells:
            actor.send("give", cells)

    def _recover(self, place: _Place, record: Record) -> None:
        """Take a record from a journal: of a cell that the dead actor was given, or of one that is not drawn yet."""
        if place.cells.pop(record.key, None) is not None:
            self._finished.put_nowait(record)
        else:
            self._ranges.add(record)

    async def _lost(self, place: _Place, actor: Actor, error: ActorLost) -> None:
        """Settle what an actor leaves that is gone."""
        actor.kill()
        self._gauges.forget(actor.name)
        self._lender.forget(actor.name)
        before = len(place.cells)
        journal = self._site.run.actors / f"{actor.name}.jsonl"
        if journal.exists():
            for record in await asyncio.to_thread(_read, journal, frozenset(place.cells)):
                del place.cells[record.key]
                self._finished.put_nowait(record)
        said = self.job.log.clean(str(error))
        self.job.log.write("actor_lost", actor=actor.name, message=said, again=len(place.cells))
        self._in_vain = 0 if len(place.cells) < before else self._in_vain + 1
        if self._in_vain >= _IN_VAIN:
            raise StoppedEarly(f"{self._in_vain} actors in a row ended without a record: {said}")

    def _prepare(self) -> Setup:
        """Make the folder of journals, and say what every actor has to know."""
        job, site = self.job, self._site
        sign = secrets.token_hex(16)
        folder = site.run.actors
        try:
            folder.mkdir(exist_ok=True)
            (folder / SIGN).write_text(sign, encoding="utf-8")
        except OSError as error:
            raise storage_error(folder, error) from error
        return Setup(
            target=pickle.dumps(site.target),
            timeouts=site.timeouts,
            limits=job.limits,
            policy=job.policy,
            run_id=job.run_id,
            folder=str(folder.resolve()),
            sign=sign,
            keep_thinking=job.keep_thinking,
            custom_checks=site.custom_checks,
            leased=needs_leases(job.limits),
            live=job.on_text is not None,
        )

    async def _close(self, *, finished: bool) -> None:
        """End the actors; once all their records are the run's, their journals go too."""
        actors = [place.actor for place in self._places if place.actor is not None]
        self._places = []
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING):
                closing = (actor.close(finished=finished) for actor in actors)
                await asyncio.gather(*closing, return_exceptions=True)
        for actor in actors:
            actor.kill()

    def _stop_all(self) -> None:
        reason = self._halt.reason
        if reason is not None and self._halt.ends_all:
            self._send_all("stop", reason)

    def _cancel(self) -> None:
        self._send_all("cancel")
        asyncio.get_running_loop().call_later(2.0, self._give_up)

    def _give_up(self) -> None:
        for task in self._attending:
            task.cancel()

    def _send_all(self, method: str, *arguments: object) -> None:
        for place in self._places:
            if place.actor is not None:
                place.actor.send(method, *arguments)


def _read(journal: Path, wanted: frozenset[str]) -> list[Record]:
    """Return the records of these keys in the journal of an actor that is gone."""
    with left_behind(journal) as records:
        return [record for record in records if record.key in wanted]
