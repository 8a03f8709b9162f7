"""A reply on its way to somebody's eyes, clean of secrets though it comes in pieces."""

import re
from collections.abc import Callable

from persona_batch.record.runlog import Clean

_LAST_WORD = re.compile(r"[!-~]*\Z")


class ShownText:
    """Hands pieces of text on to `show`, each cleaned by `clean`.

    A key is one word of ASCII, so the last such word is held back until it is whole; text in other scripts is not.
    """

    def __init__(self, show: Callable[[str], None], clean: Clean) -> None:
        self._show = show
        self._clean = clean
        self._held = ""

    def feed(self, piece: str) -> None:
        """Take the next piece."""
        text = self._held + piece
        last = _LAST_WORD.search(text)
        whole = len(text) if last is None else last.start()
        self._held = text[whole:]
        if whole:
            self._show(self._clean(text[:whole]))

    def finish(self) -> None:
        """Hand on what was held back: the reply is over."""
        if self._held:
            self._show(self._clean(self._held))
            self._held = ""
