"""How a reason of failure shows what it found: on one line, and short."""

LONGEST = 200  # characters of a reason
_PIECE = 40


def quoted(text: str, most: int = _PIECE) -> str:
    """Return a piece of a reply in backticks, on one line, shortened."""
    shown = "".join(char if char.isprintable() else " " for char in text[: 4 * most])
    shown = " ".join(shown.split())
    return f"`{clipped(shown, most)}`"


def clipped(text: str, most: int = LONGEST) -> str:
    """Return a text of no more than so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
