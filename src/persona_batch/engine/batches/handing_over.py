"""Cells into files of requests, and each file to the endpoint as soon as it is full."""

import msgspec

from persona_batch.asking.reply import Failure
from persona_batch.engine.batches.allowance import Allowance
from persona_batch.engine.batches.creating import create
from persona_batch.engine.batches.dealings import Dealings
from persona_batch.engine.batches.request_file import RequestFile
from persona_batch.engine.play import request_of
from persona_batch.errors import BadRequest, BatchError, ProviderError, StoppedEarly, UsageError
from persona_batch.plan.cell import Cell
from persona_batch.provider.contract import StreamInfo
from persona_batch.provider.dialect import encode_whole
from persona_batch.record.runlog import utc_now
from persona_batch.record.submissions import Event, intend

_METHOD = "POST"


class HandingOver:
    """Takes the cells that are to be asked; `handed` counts those that were handed over.

    `ended` says why no more are taken by this call: a limit, or an endpoint that takes none; None: nothing does.
    """

    def __init__(self, dealings: Dealings) -> None:
        self.handed = 0
        self.ended: BatchError | None = None
        self._dealings = dealings
        self._allowance = Allowance(dealings.job.limits, dealings.job.ledger)
        self._files: dict[str, RequestFile] = {}  # by model
        self._is_refused = False

    async def take(self, cell: Cell) -> Failure | None:
        """Put a cell into a file, unless that is over; return why it can be in none, if so.

        Raises:
            StoppedEarly, StorageError, or what the call is stopped for.
        """
        if self.ended is not None:
            return None
        request = request_of(cell)
        facts = self._dealings.facts
        try:
            line = self._line(cell)
            if len(line) > facts.bytes:
                raise BadRequest(f"the request is longer than a batch file may be ({facts.bytes:,} bytes)")
        except ProviderError as error:
            return Failure.of(error, request, StreamInfo(), attempts=1, clean=self._dealings.job.log.clean)
        if (reason := self._allowance.admit(request)) is not None:
            self.ended = StoppedEarly(reason)
            return None
        file = self._files.get(cell.model)
        if file is not None and not file.has_room(line):
            del self._files[cell.model]
            if not await self._hand_over(file):
                return None
            file = None
        if file is None:
            file = RequestFile(self._dealings.folder, cell.model, lines=facts.lines, size=facts.bytes)
            self._files[cell.model] = file
        file.add(cell, line)
        return None

    async def finish(self) -> None:
        """Hand over what is in files that are not full; raises like `take`."""
        while self._files:
            await self._hand_over(self._files.pop(next(iter(self._files))))

    def drop(self) -> None:
        """Remove the files that were not handed over."""
        while self._files:
            self._files.popitem()[1].drop()

    def _line(self, cell: Cell) -> bytes:
        target = self._dealings.site.target
        body = encode_whole(request_of(cell), target.preset, target.extra_body)
        line = _Line(custom_id=cell.key, method=_METHOD, url=self._url(cell.model), body=msgspec.Raw(body))
        return _encode(line) + b"\n"

    def _url(self, model: str) -> str:
        facts = self._dealings.facts
        return facts.urls.get(model, facts.url)

    async def _hand_over(self, file: RequestFile) -> bool:
        """Hand a full file over; return whether the endpoint takes more."""
        if self._is_refused:
            file.drop()
            return False
        dealings, facts = self._dealings, self._dealings.facts
        digest = file.close()
        if (reason := self._allowance.take_from_day(len(file.keys))) is not None:
            file.drop()
            self.ended = StoppedEarly(reason)
            return False
        one = intend(
            dealings.site.run.submissions,
            Event(
                id=file.id,
                step="intended",
                at=utc_now(),
                file=file.path.name,
                sha256=digest,
                keys=file.keys,
                model=file.model,
                run_id=dealings.job.run_id,
                shard=dealings.site.shard,
                url=self._url(file.model),
                window=dealings.site.window or next(iter(facts.windows), None),
            ),
        )
        dealings.submissions.append(one)
        if dealings.api is None:
            dealings.enter(one, "created")
            self.handed += len(one.keys)
            return True
        try:
            uploaded = await dealings.patiently(lambda: dealings.server.upload(file.path))
            dealings.enter(one, "uploaded", file_id=uploaded)
            await create(dealings, one)
        except ProviderError as error:
            self._refused(error)
            if one.open:
                dealings.enter(one, "abandoned", why=error.message)
            return False
        self.handed += len(one.keys)
        return True

    def _refused(self, error: ProviderError) -> None:
        """Take no more cells: what one file was refused for, the next would be."""
        self._is_refused = True
        before = any(one.batch_id is not None or one.unsettled for one in self._dealings.submissions)
        if error.retryable or before or self._dealings.job.progress.done:
            self.ended = StoppedEarly(f"a batch file was not taken: {error}")
        else:
            self.ended = UsageError(f"{self._dealings.site.target.identity} took no batch file: {error}")


class _Line(msgspec.Struct):
    custom_id: str
    method: str
    url: str
    body: msgspec.Raw


_encode = msgspec.json.Encoder().encode
