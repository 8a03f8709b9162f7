"""The engine of batch files: every call looks once, records what came, and hands over what nobody has yet.

In the order of one call: what a crash left is settled; the batches under way are asked for, and the results of those
that ended fetched; one pass over the cells makes records of the results and puts cells that nobody has into new files,
which are submitted; then it looks once more, or with `Site.wait` again and again. Cells of a submission that this call
found open are never submitted by it, so none is submitted twice in a call.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from typing import Final

from msgspec.structs import replace

from persona_batch.asking.reply import Failure, Reply
from persona_batch.asking.result_line import ResultLine
from persona_batch.engine.batches.brake import Brake
from persona_batch.engine.batches.dealings import Dealings
from persona_batch.engine.batches.earlier import Earlier
from persona_batch.engine.batches.handing_over import HandingOver
from persona_batch.engine.batches.looking import look
from persona_batch.engine.batches.results import Results
from persona_batch.engine.batches.settling import remove_leftovers, settle
from persona_batch.engine.batches.telling import told
from persona_batch.engine.engines import BATCH, Job
from persona_batch.engine.play import record_of, request_of
from persona_batch.errors import BatchError, StoppedEarly, StorageError, UsageError
from persona_batch.plan.cell import Cell
from persona_batch.plan.key import KeySet
from persona_batch.provider.batches import BatchApi, TakesBatches
from persona_batch.provider.contract import StreamInfo
from persona_batch.provider.dialect import sent_messages
from persona_batch.record import Record
from persona_batch.record.submissions import Submission
from persona_batch.wording import counted, duration

FIRST_PAUSE: Final = 1.0  # seconds between the first two looks
_LONGEST_PAUSE, _GROWTH = 300.0, 1.5


class BatchEngine:
    """Runs a job by an endpoint's batch files; see `engines.Engine`.

    Args:
        job: with its `site`.
        grace: seconds that a request under way gets after `stop`.
    """

    def __init__(self, job: Job, *, grace: float = 5.0) -> None:
        if job.site is None:
            raise ValueError("the engine of batch files needs to know where the run lives")
        self.job, self.site = job, job.site
        self._brake = Brake(grace)

    def stop(self, reason: BatchError) -> None:
        """Stop the run gently; called again, at once."""
        first = self._brake.reason is None
        self._brake.stop(reason)
        if first:
            with suppress(StorageError):  # a full disk must not keep the run from stopping
                self.job.log.write("stop", reason=str(reason))

    async def run(self, blocks: Iterable[Iterable[Cell]]) -> AsyncGenerator[Record, None]:
        """Yield a record per cell that has a result."""
        seconds = self.job.limits.time_limit
        loop = asyncio.get_running_loop()
        timer = None if seconds is None else loop.call_later(seconds, self._time_is_up, seconds)
        try:
            async with aclosing(self._run(blocks)) as records:
                async for record in records:
                    yield record
                    self.job.progress.finish(record)  # not before it is on disk
        except BatchError:
            if self._brake.reason is None or self.job.progress.left > 0:
                raise
        finally:
            if timer is not None:
                timer.cancel()

    async def _run(self, blocks: Iterable[Iterable[Cell]]) -> AsyncGenerator[Record, None]:
        dealings = self._dealings()
        await settle(dealings)
        carried = KeySet()  # keys of submissions that this call found open
        for one in dealings.submissions:
            for key in one.keys if one.open else ():
                carried.add(key)
        handing = HandingOver(dealings)
        found = await look(dealings)
        taking = handing if found.down is None else None
        try:
            async with aclosing(self._pass(dealings, blocks, found.ended, carried, taking)) as records:
                async for record in records:
                    yield record
        finally:
            handing.drop()
        if handing.handed or self.site.wait is not None:
            async with aclosing(self._wait(dealings)) as records:
                async for record in records:
                    yield record
        remove_leftovers(dealings)
        self._end(dealings, handing)

    def _end(self, dealings: Dealings, handing: HandingOver) -> None:
        """Raise why cells are left, if some are."""
        if isinstance(handing.ended, UsageError):
            raise handing.ended
        if self.job.progress.left > 0:
            raise StoppedEarly(told(dealings, None if handing.ended is None else str(handing.ended)))

    async def _wait(self, dealings: Dealings) -> AsyncGenerator[Record, None]:
        """Look once more, and go on looking as long as the user waits."""
        clock = asyncio.get_running_loop().time
        progress = self.job.progress
        until = clock() + (self.site.wait or 0.0)
        pause = FIRST_PAUSE
        while any(one.awaited and one.id not in dealings.lost for one in dealings.submissions):
            found = await look(dealings)
            if found.down is not None:
                pause = max(pause, found.down.retry_after or 0.0)
            if found.ended:
                pause = FIRST_PAUSE
                async with aclosing(self._pass(dealings, self.site.left(), found.ended, KeySet(), None)) as records:
                    async for record in records:
                        yield record
                continue
            rest = until - clock()
            if rest <= 0:
                return
            seconds = min(pause, rest)
            progress.waiting_for, progress.waiting_until = "results of batch files", progress.clock() + seconds
            try:
                await self._brake.sleep(seconds)
            finally:
                progress.waiting_for = progress.waiting_until = None
            pause = min(_LONGEST_PAUSE, pause * _GROWTH)

    async def _pass(
        self,
        dealings: Dealings,
        blocks: Iterable[Iterable[Cell]],
        ended: list[Submission],
        carried: KeySet,
        handing: HandingOver | None,
    ) -> AsyncGenerator[Record, None]:
        """Go once over the cells: record those with a result, hand over those that nobody has, if that is wanted."""
        results = Results(dealings.folder, self.job.log)
        earlier = None if handing is None else Earlier(dealings)
        made: Counter[str] = Counter()
        try:
            collected = [one for one in ended if self._take(dealings, results, one)]
            names = {one.id for one in collected}
            for block in blocks:
                await asyncio.sleep(0)
                self._brake.check()
                for cell in block:
                    found = results.find(cell.key)
                    if found is not None and found[0] in names:
                        yield self._record(cell, self._answer(cell, found[1]))
                        made[found[0]] += 1
                        continue
                    if handing is None or earlier is None or cell.key in carried:
                        continue
                    line = earlier.find(cell.key)
                    answer = None if line is None else self._answer(cell, line)
                    if not isinstance(answer, Reply):
                        answer = await handing.take(cell)
                    if answer is not None:
                        yield self._record(cell, answer)
            if handing is not None:
                await handing.finish()
        finally:
            results.close()
            if earlier is not None:
                earlier.close()
        for one in collected:
            dealings.enter(one, "collected", counts={"records": made[one.id]})

    def _take(self, dealings: Dealings, results: Results, one: Submission) -> bool:
        """Look through what came of a submission; return whether its results count."""
        tally = results.take(one)
        missing = len(one.keys) - tally.good - tally.failed
        if tally.why is not None:
            why = self.job.log.clean(tally.why.message)
            dealings.enter(one, "refused", why=why)
            dealings.trouble(
                f"all {counted(tally.failed, 'request')} of the batch {one.batch_id} failed, and none by its own "
                f"fault: {why}; nothing of it is recorded, and the next call submits its cells anew"
            )
            return False
        if missing:
            how = one.phase or "completed"
            dealings.trouble(
                f"the batch {one.batch_id or one.id} ({how}) has no result for {missing:,} of "
                f"{counted(len(one.keys), 'cell')}; the next call submits them anew"
            )
        return True

    def _answer(self, cell: Cell, line: ResultLine) -> Reply | Failure:
        request = request_of(cell)
        messages = sent_messages(request.messages, self.site.target.preset)
        info = StreamInfo(messages=None if messages is request.messages else messages)
        return line.answer(request, info, clean=self.job.log.clean, keep_thinking=self.job.keep_thinking)

    def _record(self, cell: Cell, answer: Reply | Failure) -> Record:
        return replace(record_of(cell, answer, run_id=self.job.run_id), timing=None, engine=BATCH)

    def _dealings(self) -> Dealings:
        facts = self.site.target.preset.batch
        if facts is None:
            raise UsageError(f"--engine batch: {self.site.target.name} takes no batch files")
        api: BatchApi | None = None
        if not facts.offline:
            provider = self.job.provider
            if not isinstance(provider, TakesBatches):
                raise UsageError(f"--engine batch: {self.site.target.name} takes no batch files")
            api = provider.batches()
        return Dealings(self.job, self.site, facts, api, self._brake)

    def _time_is_up(self, limit: float) -> None:
        if self._brake.reason is None:
            self.stop(StoppedEarly(f"the time limit of {duration(limit)} (--time-limit) is reached"))
