"""The replies of a comparison side by side: per question a column per arm, what differs from the reference marked.

Widths are cells of the terminal: wide characters count two, marks none.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter
from typing import Literal, TypeAlias

from rich.cells import cell_len

from persona_batch.comparing.comparison import Excerpt
from persona_batch.view.palette import Palette
from persona_batch.view.terminal import TAB, fit, one_line, visible, wrap

Part: TypeAlias = tuple[Literal["same", "new", "gone"], str]

GAP = " │ "
NARROWEST = 22  # cells of a column that can still be read
OPEN, CLOSE = "\ufff9", "\ufffb"  # stand around marked text; no width, and in no reply once `harmless` saw it
_TOKEN = re.compile("\\s*(?:[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]|\\w+|[^\\w\\s])|\\s+")
MOST_TOKENS = 4_000  # beyond, the comparison of two texts takes too long to wait for


def render_replies(excerpts: Sequence[Excerpt], palette: Palette, width: int, *, diff: bool = False) -> str:
    """Return the replies in columns, in bands of as many columns as the width has room for.

    Parts of a reply that the reference's does not have are painted; with `diff` they stand in `{+…+}` where there
    is no colour, and what only the reference has in `[-…-]`.
    """
    lines: list[str] = []
    for _, together in groupby(excerpts, key=lambda part: (part.question, part.model, part.speaker, part.factors)):
        lines.extend(_question(list(together), palette, width, diff))
    return "".join(f"{line}\n" for line in lines)


def _question(excerpts: Sequence[Excerpt], palette: Palette, width: int, diff: bool) -> Iterator[str]:
    first = excerpts[0]
    levels = [f"{name} {level}" for name, level in first.factors.items()]
    place = ", ".join(part for part in (first.model, first.speaker, *levels) if part)
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
            for excerpt in band:
                for words in excerpt.judged:
                    told = wrap(f"{one_line(excerpt.arm)} · {one_line(harmless(words))}", width)
                    yield from map(palette.dim, told)
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


def difference(reference: str, text: str) -> Iterator[Part]:
    """Yield the parts of `text` in order, told apart by whether `reference` has them there; and what it lost.

    White space belongs to the word that follows it. Texts of more than 4,000 words are not taken apart.
    """
    old: list[str] = _TOKEN.findall(reference)
    new: list[str] = _TOKEN.findall(text)
    if len(old) + len(new) > MOST_TOKENS:
        if reference != text:
            yield "gone", reference
            yield "new", text
        else:
            yield "same", text
        return
    old_words, new_words = ([token.strip() for token in tokens] for tokens in (old, new))
    matcher = SequenceMatcher(None, old_words, new_words, autojunk=False)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            yield "same", "".join(new[new_start:new_end])
            continue
        if old_end > old_start:
            yield "gone", "".join(old[old_start:old_end])
        if new_end > new_start:
            yield "new", "".join(new[new_start:new_end])


def harmless(text: str) -> str:
    """Return a reply without control sequences and without our marks."""
    return visible(text.replace(OPEN, "").replace(CLOSE, ""))


def fitting(width: int) -> int:
    """Return how many columns can be read at this width, at least one."""
    return max(1, (width + len(GAP)) // (NARROWEST + len(GAP)))


def side_by_side(titles: Sequence[str], texts: Sequence[str], palette: Palette, width: int) -> list[str]:
    """Return the lines of a band of columns: titles, a rule, the texts.

    Texts are harmless already; what stands between `OPEN` and `CLOSE` is painted. Titles are folded, never cut: two
    that begin in the same way stay two.
    """
    cells = (width - len(GAP) * (len(titles) - 1)) // len(titles)
    heads = [[palette.bold(fit(line, cells)) for line in wrap(title, cells)] for title in titles]
    columns = [_painted(text, palette, cells) for text in texts]
    return [*_rows(heads, cells), "─┼─".join("─" * cells for _ in titles), *_rows(columns, cells)]


def _rows(columns: Sequence[Sequence[str]], cells: int) -> Iterator[str]:
    for row in range(max(len(column) for column in columns)):
        yield GAP.join(column[row] if row < len(column) else " " * cells for column in columns).rstrip()


def _painted(text: str, palette: Palette, cells: int) -> list[str]:
    """Fold a text and pad its lines, then paint what was marked: paint moves no place where a line breaks."""
    plain, marked, inside = "", [], False
    for character in text.replace("\t", TAB):
        if character in (OPEN, CLOSE):
            inside = character == OPEN
        else:
            plain += character
            marked.append(inside)
    lines, place = [], 0
    for line in wrap(plain, cells):
        shown, paint = line.rstrip(), []
        for character in shown:  # folding leaves out spaces and line feeds, and nothing else
            place = plain.index(character, place) + 1
            paint.append(marked[place - 1])
        told = ""
        for good, part in groupby(zip(paint, shown, strict=True), key=itemgetter(0)):
            piece = "".join(character for _, character in part)
            told += palette.good(piece) if good else piece
        lines.append(told + " " * max(0, cells - cell_len(shown)))
    return lines
