"""What a user types or pipes in."""

import locale
import sys
from contextlib import suppress

from persona_batch.errors import UsageError


def read_line(prompt: str) -> str | None:
    """Return the next line of stdin without its end, None at the end of input; `prompt` is for terminals only.

    Raises:
        UsageError: it is no UTF-8.
    """
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if at_terminal and locale.getencoding().lower().replace("-", "") == "utf8":
        with suppress(ImportError):  # on Windows the console edits lines itself
            import readline  # noqa: F401 - gives `input` its line editing; it knows wide characters in this locale only
        try:
            return _checked(input(prompt))
        except EOFError:
            return None
    if sys.stdin.isatty():
        aside = sys.stdout if at_terminal else sys.stderr
        aside.write(prompt)
        aside.flush()
    line = sys.stdin.buffer.readline()
    return _decoded(line).rstrip("\r\n") if line else None


def read_all() -> str:
    """Return all of stdin without the line ends at its end.

    Raises:
        UsageError: it is no UTF-8.
    """
    return _decoded(sys.stdin.buffer.read()).rstrip("\r\n")


def checked_text(text: str, what: str) -> str:
    """Return an argument if it is text.

    Raises:
        UsageError: it holds bytes that are no characters, or nothing at all.
    """
    if not text.strip():
        raise UsageError(f"{what} is empty")
    return _checked(text)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"what was read from stdin is not UTF-8 (byte {error.start + 1})") from None


def _checked(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("what was typed is not UTF-8; check the locale of the terminal") from None
    return text
