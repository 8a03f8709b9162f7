"""The replies of a comparison side by side: per question one column per arm, the reference first."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from persona_batch.comparing.comparison import Excerpt
from persona_batch.view.columns import CLOSE, OPEN, fitting, harmless, side_by_side
from persona_batch.view.diff import difference
from persona_batch.view.palette import Palette
from persona_batch.view.terminal import one_line, wrap


def render_replies(excerpts: Sequence[Excerpt], palette: Palette, width: int, *, diff: bool = False) -> str:
    """Return the replies in columns, in bands of as many columns as the width has room for.

    Parts of a reply that the reference's does not have are painted; with `diff` they stand in `{+…+}` where there
    is no colour, and what only the reference has in `[-…-]`.
    """
    lines: list[str] = []
    for _, together in groupby(excerpts, key=lambda part: (part.question, part.model, part.speaker)):
        lines.extend(_question(list(together), palette, width, diff))
    return "".join(f"{line}\n" for line in lines)


def _question(excerpts: Sequence[Excerpt], palette: Palette, width: int, diff: bool) -> Iterator[str]:
    first = excerpts[0]
    place = ", ".join(part for part in (first.model, first.speaker) if part)
    title = f"{first.question} ({place})" + (f": {first.text}" if first.text and first.text != first.question else "")
    yield ""
    for line in wrap(one_line(title), width):
        yield palette.bold(line)
    room = fitting(width)
    for head, arms in _families(excerpts):
        step = max(1, room - 1) if head is not None else room
        for start in range(0, max(1, len(arms)), step):
            band = [*([head] if head is not None else []), *arms[start : start + step]]
            texts = [_marked(head, excerpt, palette, diff) for excerpt in band]
            yield from side_by_side([_title(excerpt) for excerpt in band], texts, palette, width)
            yield ""


def _families(excerpts: Sequence[Excerpt]) -> Iterator[tuple[Excerpt | None, list[Excerpt]]]:
    """Yield each reference with the arms that are measured against it; arms without one stand together."""
    by_name = {excerpt.arm: excerpt for excerpt in excerpts}
    references = dict.fromkeys(excerpt.reference for excerpt in excerpts if excerpt.reference in by_name)
    for name in references:
        yield by_name[str(name)], [excerpt for excerpt in excerpts if excerpt.reference == name]
    alone = [excerpt for excerpt in excerpts if excerpt.reference not in by_name and excerpt.arm not in references]
    if alone:
        yield None, alone


def _title(excerpt: Excerpt) -> str:
    return one_line(excerpt.arm) + (" (cut)" if excerpt.truncated else "")


def _marked(reference: Excerpt | None, excerpt: Excerpt, palette: Palette, diff: bool) -> str:
    text = harmless(excerpt.reply)
    if reference is None or excerpt is reference or not (diff or palette.color):
        return text
    pieces = []
    for kind, part in difference(harmless(reference.reply), text):
        if kind == "same":
            pieces.append(part)
        elif kind == "new":
            pieces.append(f"{OPEN}{part}{CLOSE}" if palette.color else _bracketed("{+", part, "+}"))
        elif diff:
            pieces.append(_bracketed("[-", part, "-]"))
    return "".join(pieces)


def _bracketed(before: str, part: str, after: str) -> str:
    body = part.lstrip()
    return part[: len(part) - len(body)] + before + body + after
