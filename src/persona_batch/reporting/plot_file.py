"""A plot as a file of its own: SVG in one language and both colours, or PNG."""

import re
from collections.abc import Callable
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from persona_batch.errors import UsageError
from persona_batch.record.durable import replace_file, storage_error
from persona_batch.reporting.data import Drawn, Plot, Told
from persona_batch.reporting.drawing import as_xml, canvas, element, group, text, width_of
from persona_batch.verdict.translation import Name

Kind = Literal["svg", "png"]
SCALE = 2  # pixels of a PNG for one of the drawing
_PAD, _LINE = 20.0, 17.0
_PAIR = re.compile(r"light-dark\((#\w+), (#\w+)\)")
_PIECE = re.compile(r"[\u2e80-\u9fff\uff00-\uffef][，。；：、！？）”]*|[^\s\u2e80-\u9fff\uff00-\uffef]+|\s+")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def write_plot(plot: Plot, path: Path, kind: Kind, lang: Name, *, page: str, clean: Callable[[str], str] = str) -> None:
    """Write a plot with its title, how to read it, and what it does not show.

    Args:
        plot: what is drawn.
        path: the file.
        kind: of the file.
        lang: the language of its words.
        page: the address of the report that the links of an SVG lead into.
        clean: takes known keys out of a text.

    Raises:
        UsageError: there is nothing here that makes a PNG.
        StorageError: the file cannot be written.
    """
    svg = clean(svg_of(plot, lang, page=page, dark=kind == "svg"))
    content = svg.encode() if kind == "svg" else _png(svg)
    try:
        replace_file(path, [content])
    except OSError as error:
        raise storage_error(path, error) from error


def svg_of(plot: Plot, lang: Name, *, page: str = "", dark: bool = True) -> str:
    """Return a plot as an SVG document; `dark`: with colours for the night as well."""
    drawing = plot.drawing
    width = max(float(drawing.attributes["width"]), 480.0) + 2 * _PAD
    height = float(drawing.attributes["height"])
    shapes: list[Drawn] = [text(_PAD, 32, plot.title, "title")]
    y = 54.0
    for said in _lines(plot.reading, lang, width - 2 * _PAD):
        shapes.append(text(_PAD, y, said, "note"))
        y += _LINE
    shapes.append(group(*drawing.children, move=(_PAD, y + 4)))
    y += height + 20
    for limit in plot.limits:
        for said in _lines(limit, lang, width - 2 * _PAD):
            shapes.append(text(_PAD, y, said, "note"))
            y += _LINE
    paper = element("rect", {"class": "paper", "x": 0, "y": 0, "width": width, "height": y + 4})
    root = canvas(width, y + 4, paper, *shapes)
    return as_xml(root, lang, page=page, style=style(dark=dark), label=getattr(plot.title, lang))


def style(*, dark: bool) -> str:
    """Return the rules of drawings for programs that know neither variables nor `light-dark()`."""
    rules = (files("persona_batch.reporting") / "page" / "drawing.css").read_text(encoding="utf-8")
    rules = re.sub(r"/\*.*?\*/", "", rules, flags=re.DOTALL).strip()
    day = _PAIR.sub(r"\1", rules)
    if not dark:
        return day
    night = "\n".join(filter(None, map(_by_night, _RULE.finditer(rules))))
    return f"{day}\n@media (prefers-color-scheme: dark) {{\n{night}\n}}"


def _by_night(rule: re.Match[str]) -> str:
    """Return what of a rule is another colour by night."""
    held = [_PAIR.sub(r"\2", part).strip() for part in rule[2].split(";") if _PAIR.search(part)]
    return f"{rule[1].strip()} {{ {'; '.join(held)} }}" if held else ""


def _lines(told: Told, lang: Name, width: float) -> list[str]:
    """Return a sentence in lines of so many pixels; Chinese breaks anywhere but before a sign that ends something."""
    found = [""]
    for piece in _PIECE.findall(getattr(told, lang)):
        if found[-1] and width_of(found[-1] + piece) > width and not piece.isspace():
            found.append("")
        if found[-1] or not piece.isspace():
            found[-1] += piece
    return [line.rstrip() for line in found]


def check_png() -> None:
    """Make sure that there is something here that makes a PNG.

    Raises:
        UsageError: there is not.
    """
    if find_spec("vl_convert") is None:
        raise UsageError(
            "--png needs the package vl-convert-python: pip install 'persona-batch[png]'; --svg needs nothing"
        )


def _png(svg: str) -> bytes:
    check_png()
    import vl_convert

    made: bytes = vl_convert.svg_to_png(svg, scale=SCALE)
    return made
