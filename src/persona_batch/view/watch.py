"""`--watch`: the replies of a run as they come, one after the other though they are asked at the same time.

One cell at a time is in front and streams; what the others bring meanwhile is held back, and shown when it is
their turn. So no two replies mix, and memory holds no more than the replies that are under way.
"""

from dataclasses import dataclass, field
from typing import TextIO

from persona_batch.plan.cell import Cell
from persona_batch.record import Record
from persona_batch.view.transcript import Page, StreamedReply, closing_line, messages_block, title_of, transcript


@dataclass(slots=True)
class _Coming:
    cell: Cell
    pieces: list[str] = field(default_factory=list)


class Watch:
    """Shows transcripts on `stream` in the order in which their first token came."""

    def __init__(self, stream: TextIO, page: Page) -> None:
        self._stream = stream
        self._page = page
        self._coming: dict[str, _Coming] = {}  # by key, in order of appearance
        self._front: str | None = None  # the key of the one that streams
        self._finished: dict[str, Record] = {}  # ended while another was in front
        self._writer = StreamedReply(stream, page.width)

    def text(self, cell: Cell, delta: str) -> None:
        """Take the next piece of a reply."""
        if cell.key not in self._coming:
            self._coming[cell.key] = _Coming(cell)
        self._coming[cell.key].pieces.append(delta)
        if self._front is None:
            self._bring_forward()
        elif self._front == cell.key:
            self._writer.feed(delta)

    def record(self, record: Record) -> None:
        """Take a finished record: the end of its reply, or all of it when nothing was streamed."""
        self._finished[record.key] = record
        while self._finished and (self._front is None or self._front in self._finished):
            if self._front is not None:
                self._end(self._coming.pop(self._front), self._finished.pop(self._front))
            self._show_unstreamed()
            self._bring_forward()
        self._stream.flush()

    def close(self) -> None:
        """End what is in front, if the run was stopped in its midst."""
        if self._front is not None:
            self._writer.close()
            self._stream.write(self._page.palette.dim("cut off, and not recorded") + "\n\n")
            self._stream.flush()
            self._front = None

    def _bring_forward(self) -> None:
        self._front = next(iter(self._coming), None)
        if self._front is not None:
            coming = self._coming[self._front]
            self._stream.write(messages_block(coming.cell.messages, self._page, title_of(coming.cell)))
            self._writer = StreamedReply(self._stream, self._page.width)
            for piece in coming.pieces:
                self._writer.feed(piece)

    def _end(self, coming: _Coming, record: Record) -> None:
        self._writer.close()
        if "".join(coming.pieces) != record.reply:
            again = record.attempts > 1 or not record.reasoning  # else a thought that showed itself only at its end
            why = "asked again; the reply that was kept:" if again else "what came first was a thought; the reply is:"
            self._stream.write(self._page.palette.dim(why) + "\n")
            writer = StreamedReply(self._stream, self._page.width)
            writer.feed(record.reply)
            writer.close()
        self._stream.write(closing_line(record, self._page.palette, self._page.width) + "\n\n")

    def _show_unstreamed(self) -> None:
        for key in [key for key in self._finished if key not in self._coming]:
            self._stream.write(transcript(self._finished.pop(key), self._page) + "\n")
