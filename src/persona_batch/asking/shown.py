"""A reply on its way to somebody's eyes, without its thoughts and clean of secrets though it comes in pieces."""

import re
from collections.abc import Callable

from persona_batch.asking.thinking import Thinking
from persona_batch.record.runlog import Clean, as_is

_LAST_WORD = re.compile(r"[!-~]*\Z")


class ShownText:
    """Hands pieces of text on to `show`, each cleaned by `clean`.

    A key is one word of ASCII, so the last such word is held back until it is whole; text in other scripts is not.
    Thoughts at the head of the text are left out unless `keep_thinking`; see `thinking`.
    """

    def __init__(self, show: Callable[[str], None], clean: Clean, *, keep_thinking: bool = True) -> None:
        self._show = show
        self._clean = clean
        self._held = ""
        self._thinking = None if keep_thinking else Thinking()

    def feed(self, piece: str) -> None:
        """Take the next piece."""
        if self._thinking is not None:
            piece = self._thinking.feed(piece)
        if self._clean is as_is:
            whole, text = len(piece), piece
        else:
            text = self._held + piece
            last = _LAST_WORD.search(text)
            whole = len(text) if last is None else last.start()
        self._held = text[whole:]
        if whole:
            self._show(self._clean(text[:whole]))

    def finish(self) -> None:
        """Hand on what was held back: the reply is over."""
        if self._thinking is not None:
            self._held += self._thinking.finish()
        if self._held:
            self._show(self._clean(self._held))
            self._held = ""
