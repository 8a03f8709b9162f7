"""Thoughts that a model writes into its text → apart from the reply, which is what follows them; also while it comes.

Endpoints that do not know a model's way of thinking send it as content:

- A block at the head of the text between two of `_TAGS` is a thought, and so is a further one right behind it. One
  that is not closed goes to the end: the model was cut off while it thought.
- A closing `</think>` alone, because the opening tag is in the prompt (templates of Qwen and DeepSeek). Nothing marks
  such a thought before its end, so the tag must stand where no sentence would mention it: it ends a line, or is
  glued to the reply, and before it a line or a sentence ends; or it is glued to a word, and a blank line follows. In
  quotation marks, in a block of code, behind an opening tag in the midst of the text or with blanks on both sides, it
  is a word like any other.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from persona_batch.record.runlog import Clean, as_is

_TAGS: Final = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<seed:think>": "</seed:think>",
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
}  # in small letters; read in any
_CLOSING: Final = {closing: re.compile(re.escape(closing), re.IGNORECASE) for closing in _TAGS.values()}
_LONE: Final = _CLOSING["</think>"]
_OPENING: Final = re.compile("<think>", re.IGNORECASE)
_QUOTES: Final = "`'\"“”‘’«»「」『』"
_ENDS: Final = "`'\"“”’»」』.!?…。！？)）]】*~\n"  # what a sentence may end with
_GOES_ON: Final = ".,:;!?)]，。：；、！？）】"  # what a reply does not begin with
_BLANK: Final = " \t"
_LAST_WORD: Final = re.compile(r"[!-~]*\Z")
_BLANK_LINE: Final = re.compile(r"[ \t]*\r?\n[ \t]*\r?\n")


class Split(NamedTuple):
    """A text as a model wrote it: its thoughts without their tags ("": none), and the reply."""

    thought: str
    reply: str


class Thinking:
    """The head of a text that comes in pieces: `feed` and `finish` return what of the reply is known by then."""

    def __init__(self) -> None:
        self.thoughts: list[str] = []
        self._rest = ""
        self._closing: str | None = None  # of the thought that is being read
        self._over = False  # the reply has begun

    def feed(self, piece: str) -> str:
        """Return what belongs to the reply."""
        if self._over:
            return piece
        self._rest += piece
        while not self._over and self._step():
            pass
        return self._taken() if self._over else ""

    def finish(self) -> str:
        """Return what was held back for it could have become a tag: nothing more comes."""
        if self._closing is not None:
            self.thoughts[-1] += self._rest
            return ""
        return "" if self._over else self._taken()

    def _step(self) -> bool:
        """Read over the next tag or thought; return whether there may be more to read over."""
        if self._closing is not None:
            closing = _CLOSING[self._closing].search(self._rest)
            end = max(0, len(self._rest) - len(self._closing) + 1) if closing is None else closing.start()
            self.thoughts[-1] += self._rest[:end]
            self._rest = self._rest[end if closing is None else closing.end() :]
            self._closing = self._closing if closing is None else None
            return closing is not None
        head = self._rest.lstrip()
        again = tuple(_TAGS.values()) if self.thoughts else ()  # a closing tag too many
        for tag in (*_TAGS, *again):
            if head[: len(tag)].lower() == tag:
                if tag in _TAGS:
                    self.thoughts.append("")
                    self._closing = _TAGS[tag]
                self._rest = head[len(tag) :]
                return True
        self._over = not any(tag.startswith(head.lower()) for tag in (*_TAGS, *again))
        return False

    def _taken(self) -> str:
        """Return the rest; behind a thought without the blank lines between."""
        rest, self._rest = self._rest, ""
        return rest.lstrip() if self.thoughts else rest


def split_thought(text: str) -> Split:
    """Return the thoughts and the reply of a whole text."""
    thinking = Thinking()
    reply = thinking.feed(text) + thinking.finish()
    if thinking.thoughts:
        thoughts = [thought.strip() for thought in thinking.thoughts]
        return Split("\n\n".join(filter(None, thoughts)), reply)
    closing = _LONE.search(text)
    if closing is None or not _ends_thought(text[: closing.start()], text[closing.end() :]):
        return Split("", text)
    return Split(text[: closing.start()].strip(), text[closing.end() :].lstrip())


def _ends_thought(before: str, after: str) -> bool:
    """Whether a closing tag between these is no mere word."""
    quoted = before[-1:] in _QUOTES and after[:1] in _QUOTES and bool(before and after)
    if quoted or _OPENING.search(before) or before.count("```") % 2 or after[:1] in tuple(_GOES_ON):
        return False
    same_line = after[:1] in tuple(_BLANK) and after.lstrip(_BLANK)[:1] not in ("", "\n", "\r")
    if not before.strip():
        return not (same_line and after.lstrip()[:1].islower())
    if same_line:
        return before[-1] in _ENDS and before[-1] != "\n"
    glued = before[-1:].isascii() and before[-1:].isalnum() and after[:1].isascii() and after[:1].isalnum()
    cut_off = not before[-1:].isspace() and _BLANK_LINE.match(after) is not None
    return before.rstrip(_BLANK)[-1:] in _ENDS or glued or cut_off


class ShownText:
    """Hands a reply that comes in pieces on to `show`, without its thoughts, each piece cleaned by `clean`.

    A key is one word of ASCII, so the last such word is held back until it is whole; text in other scripts is not.
    `keep_thinking` leaves the thoughts in.
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
