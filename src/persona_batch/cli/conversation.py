"""How `ask` and `chat` show a talk: the reply as it comes, and what is said of it."""

import sys

from persona_batch.errors import ProviderError
from persona_batch.pipeline.conversation import Conversation
from persona_batch.record import Record
from persona_batch.view.palette import When, palette_for
from persona_batch.view.terminal import tell, terminal_width
from persona_batch.view.transcript import StreamedReply, closing_line, messages_block, page_for, title_of


class Replying:
    """Shows turns on stdout; what is said about them goes to stderr.

    On a terminal a reply is written as it comes. Elsewhere it is written when it is whole: what a program reads is the
    reply that the record has, without an attempt that was cut or a thought that showed itself only at its end.

    `color` as in `--color`; `messages`: show what is sent; `streams`: show the reply (else nothing is written to
    stdout); `closing`: times and tokens.
    """

    def __init__(self, color: When, *, messages: bool = True, streams: bool = True, closing: bool = True) -> None:
        self._page = page_for(sys.stdout, color)
        self._aside = palette_for(sys.stderr, color)
        self._messages = messages and streams
        self._streams = streams
        self._closing = closing

    async def to(self, conversation: Conversation, said: str) -> Record:
        """Ask, show, and return the record.

        Raises:
            UsageError: the key was refused, or the model is not there.
        """
        cell = conversation.cell(said)
        if self._messages:
            sys.stdout.write(messages_block(cell.messages, self._page, title_of(cell, question=False)))
            sys.stdout.flush()
        writer = StreamedReply(sys.stdout, self._page.width)
        live = self._streams and sys.stdout.isatty()
        shown: list[str] = []

        def on_text(piece: str) -> None:
            if live:
                shown.append(piece)
                writer.feed(piece)

        def on_retry(error: ProviderError, wait: float) -> None:
            if self._streams:
                writer.close()
            shown.clear()
            say(f"{error.message}; asking again in {wait:.1f} s")

        try:
            record = await conversation.say(cell, on_text=on_text, on_retry=on_retry)
        finally:
            if self._streams:
                writer.close()
        if self._streams and record.reply:
            _show_rest(record.reply, "".join(shown), writer)
        if self._closing or record.status == "error":
            sys.stdout.flush()
            width = terminal_width(sys.stderr) if sys.stderr.isatty() else None
            sys.stderr.write(closing_line(record, self._aside, width) + "\n")
            sys.stderr.flush()
        return record


def _show_rest(reply: str, shown: str, writer: StreamedReply) -> None:
    """Write the reply if it was not written as it came, or not without the thought before it."""
    after_thought = shown != reply and shown.endswith(reply)
    if after_thought:
        say("what came first was a thought; the reply is:")
    if after_thought or not shown:  # not on a terminal; or a refusal, which comes by its own field
        writer.feed(reply)
        writer.close()


def say(sentence: str) -> None:
    """Tell the user something that is no part of the talk."""
    sys.stdout.flush()
    tell(sentence)
