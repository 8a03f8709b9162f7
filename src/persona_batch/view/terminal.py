"""What a terminal would do with text, made harmless and measured.

Replies, file names and error texts of endpoints are untrusted: a control sequence in them could recolour, retitle
or overwrite the user's terminal. Every control character but the line feed and the tab is shown as a visible
stand-in, character by character, so a sequence that is split between two pieces of a stream is caught as well.
"""

import locale
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from typing import TextIO

_QUOTED = re.compile(r"`[^`]+`")
TAB = "    "  # a tab has no width of its own; in padded lines it stands as spaces

# no line begins with one of these, or ends with one of those; brackets and quotes are known by their category
_MARKS = frozenset("、。，．：；？！…‥・·％‰℃～〜ー々〻ゝゞヽヾぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;?!%")
_JOINTS = frozenset("-_/")  # of ids, names of models, addresses
_SIGNS = frozenset("￥＄￡＃＠")

_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},  # control pictures: ESC is ␛
    0x7F: "␡",
    **{code: f"<{code:02X}>" for code in range(0x80, 0xA0)},
    **{code: f"<U+{code:04X}>" for code in _BIDI},
}


def cells_of(text: str) -> int:
    """Return the width of `text` on a terminal: wide characters count two cells, combining ones none."""
    from rich.cells import cell_len

    return cell_len(text)


def visible(text: str) -> str:
    """Return `text` with its control characters shown instead of obeyed; CR LF is a line feed."""
    return text.replace("\r\n", "\n").translate(_SHOWN)


def one_line(text: str) -> str:
    """Return `text` harmless and on one line, for table cells and status lines."""
    return " ".join(visible(text).split())


def wrap(text: str, width: int) -> list[str]:
    """Break `text` into lines of at most `width` cells: at spaces, beside wide characters, else in a long word.

    Wide characters count two cells, combining ones none. No line begins with a closing mark or ends with an opening
    one (kinsoku shori, JIS X 4051) where there is another place to break. Spaces that begin a line are kept; a blank
    line stays.
    """
    lines: list[str] = []
    for line in text.replace("\t", TAB).split("\n"):
        lines.extend(_Folded(line, max(width, 2)).lines)
    return lines


def prose(text: str, width: int | None, hang: str = "  ") -> list[str]:
    """Break a sentence into lines for reading and copying; `hang` begins all but the first. None: one line.

    Unlike `wrap`, it leaves words longer than a line as they are, and what stands between backticks: a path or a
    command that a user copies is whole, however wide.
    """
    if width is None:
        return [text]
    if cells_of(text) <= width:
        return [text]
    first, *rest = _Folded(text, max(width - len(hang), 2), whole=True).lines
    return [first, *(f"{hang}{line}" for line in rest)]


def joined(parts: Sequence[str], width: int | None) -> list[str]:
    """Return the parts between middle dots, as many on a line as fit into `width` cells (None: all)."""
    lines: list[str] = []
    for part in parts:
        if lines and (width is None or cells_of(f"{lines[-1]} · {part}") <= width):
            lines[-1] += f" · {part}"
        else:
            lines.extend(prose(part, width))
    return lines


def settled(line: str, width: int) -> tuple[list[str], str, str]:
    """Fold a line that still grows, as `wrap` does.

    Returns its complete lines, what will stay on the last one whatever follows, and what may still move to the next.
    """
    line = line.replace("\t", TAB)
    folded = _Folded(line, max(width, 2))
    last = line[folded.first :]
    stays = last[: max(0, folded.place - folded.first)].rstrip(" ")
    return folded.lines[:-1], stays, last[len(stays) :]


def tell(sentence: str, stream: TextIO | None = None) -> None:
    """Say something to the user on stderr: one line, which a terminal gets folded between words."""
    stream = sys.stderr if stream is None else stream
    width = terminal_width(stream) if stream.isatty() else None
    stream.write("".join(f"{line}\n" for line in prose(f"batch: {one_line(sentence)}", width)))
    stream.flush()


def fit(text: str, width: int) -> str:
    """Return `text` padded with spaces, or cut with an ellipsis, to exactly `width` cells."""
    size = cells_of(text)
    if size > width:
        text, size = _head(text, width - 1)
        text, size = f"{text}…", size + 1
    return text + " " * (width - size)


def fitted(texts: Sequence[str], width: int) -> list[str]:
    """Return the texts as `fit` does; those that would look the same show what sets them apart instead of their ends.

    `the-monkey-king-v1` and `-v2` are `the-mon…g-v1` and `the-mon…g-v2`, not twice `the-monkey-…`.
    """
    shown = [fit(text, width) for text in texts]
    alike: dict[str, set[str]] = {}
    for text, cut in zip(texts, shown, strict=True):
        alike.setdefault(cut, set()).add(text)
    for place, text in enumerate(texts):
        if len(alike[shown[place]]) > 1:
            head, size = _head(text, width // 2)
            room = width - size - 1
            least, *_, most = sorted(alike[shown[place]])
            pairs = enumerate(zip(least, most, strict=False))
            same = next((number for number, (one, other) in pairs if one != other), len(least))
            start = max(same - 1, 0)  # one more character says where it goes on
            while start > len(head) and cells_of(text[start - 1 :]) <= room:
                start -= 1
            shown[place] = f"{head}…{fit(text[start:], room)}"
    return shown


def terminal_width(stream: TextIO | None = None) -> int:
    """Return the columns of the terminal behind `stream` (stdout), else of stderr or stdin, else `COLUMNS` or 80."""
    if not os.environ.get("COLUMNS"):
        for candidate in (stream or sys.stdout, sys.stderr, sys.stdin):
            try:
                return os.get_terminal_size(candidate.fileno()).columns or 80
            except (OSError, ValueError):
                continue  # no terminal, or no file at all: the next may be one
    return shutil.get_terminal_size((80, 24)).columns


def can_draw(stream: TextIO) -> bool:
    """Say whether more than ASCII is understood where the stream goes; a file is read as UTF-8."""
    if not stream.isatty():
        return True
    return locale.getencoding().lower().replace("-", "") == "utf8"


class _Folded:
    """A line broken into `lines`; `first` is where the last of them begins, `place` the last place to break in it.

    `whole`: words are never broken, nor what stands between backticks.
    """

    def __init__(self, line: str, width: int, *, whole: bool = False) -> None:
        from rich.cells import split_graphemes

        self.lines: list[str] = []
        self.first = self.place = 0
        held = [match.span() for match in _QUOTED.finditer(line)] if whole else []
        spans, _ = split_graphemes(line)
        used = before = 0  # cells of the line so far, and those up to the last place to break at
        last, last_cells, mark = "", 0, ""  # the grapheme before, and the last one that is no space
        for number, (start, end, cells) in enumerate(spans):
            this = line[start:end]
            apart = mark and this != " " and (last == " " or 2 in (cells, last_cells))
            if apart and not (_never_first(this) or _never_last(mark) or _inside(start, held)):
                self.place, before = start, used
            while used + cells > width and start > self.first and this != " ":
                if self.place > self.first:
                    cut, kept = self.place, before
                elif whole:
                    break
                else:
                    cut, kept = self._cut_in_word(line, spans, number, used)
                self.lines.append(line[self.first : cut].rstrip(" "))
                self.first, used = cut, used - kept
            used += cells
            last, last_cells, mark = this, cells, mark if this == " " else this
        rest = line[self.first :]
        self.lines.append(rest.rstrip(" ") if used > width else rest)

    def _cut_in_word(self, line: str, spans: Sequence[tuple[int, int, int]], number: int, used: int) -> tuple[int, int]:
        """Return where to cut a word that is longer than the line, before grapheme `number`, and the cells up to it.

        Behind a joint (`Qwen/Qwen3-Next`) in the second half of the line, if there is one.
        """
        kept, back = used, number
        while 2 * kept > used and spans[back][0] > self.first:
            back -= 1
            kept -= spans[back][2]
            following = line[slice(*spans[back + 1][:2])]
            if line[slice(*spans[back][:2])] in _JOINTS and not _never_first(following):
                return spans[back][1], kept + spans[back][2]
        kept, back = used, number
        while spans[back][0] > self.first:
            start, end, _ = spans[back]
            if not _never_first(line[start:end]) and not _never_last(line[slice(*spans[back - 1][:2])]):
                return start, kept
            back -= 1
            kept -= spans[back][2]
        return spans[number][0], used


def _never_first(mark: str) -> bool:
    return mark[0] in _MARKS or unicodedata.category(mark[0]) in ("Pe", "Pf")  # what follows is a variation of it


def _never_last(mark: str) -> bool:
    return bool(mark) and (mark[0] in _SIGNS or unicodedata.category(mark[0]) in ("Ps", "Pi"))


def _inside(place: int, held: Sequence[tuple[int, int]]) -> bool:
    return any(start < place < end for start, end in held)


def _head(text: str, width: int) -> tuple[str, int]:
    """Return the longest beginning of at most `width` cells, and its cells."""
    from rich.cells import split_graphemes

    size = 0
    spans, _ = split_graphemes(text)
    for start, _end, cells in spans:
        if size + cells > width:
            return text[:start], size
        size += cells
    return text, size
