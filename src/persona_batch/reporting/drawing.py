"""A drawing as a tree of SVG elements: for the page as JSON, which it builds itself, or as the XML of one language.

Elements and attributes come from fixed lists, so nothing that runs, loads or styles can stand in a drawing, whatever
the data; colours are classes of `page/drawing.css`. Texts may be told in both languages.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias
from xml.etree import ElementTree

from persona_batch.reporting.data import Drawn, Element, Told

ELEMENTS = frozenset({"svg", "g", "a", "title", "text", "line", "path", "rect", "circle"})
ATTRIBUTES = frozenset(
    {"class", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "rx", "d", "width", "height", "viewBox", "transform"}
    | {"href", "text-anchor"}
)
"""The page knows the same lists (`page/drawing.js`), and refuses all else."""

SVG = "http://www.w3.org/2000/svg"
Value: TypeAlias = str | float
_FEW = 3  # ticks that an axis has at least
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\U00020000-\U0003fffd]"
)


def element(name: str, attributes: dict[str, Value] | None = None, *children: Drawn) -> Element:
    """Return an element; numbers are rounded to hundredths of a pixel.

    Raises:
        ValueError: the lists do not have the element or an attribute, or a link leads out of the page: a mistake of the
            program.
    """
    held = attributes or {}
    if name not in ELEMENTS or not held.keys() <= ATTRIBUTES:
        raise ValueError(f"{name} {sorted(held)}: no such element or attribute in a drawing")
    if not str(held.get("href", "#")).startswith("#"):
        raise ValueError(f"{held['href']}: a link of a drawing stays in the page")
    return Element(name, {key: _rounded(value) for key, value in held.items()}, list(children))


def text(
    x: float, y: float, content: str | Told, kind: str = "", *, at: Literal["start", "middle", "end"] = "start"
) -> Element:
    """Return a line of text; `kind` names its classes, `at` what of it stands at x."""
    held: dict[str, Value] = {"x": x, "y": y}
    if kind:
        held["class"] = kind
    if at != "start":
        held["text-anchor"] = at
    return element("text", held, content)


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Element:
    """Return a straight line."""
    return element("line", {"class": kind, "x1": x1, "y1": y1, "x2": x2, "y2": y2})


def group(*children: Drawn, kind: str = "", move: tuple[float, float] | None = None) -> Element:
    """Return elements as one, moved by so many pixels."""
    held: dict[str, Value] = {}
    if kind:
        held["class"] = kind
    if move is not None:
        held["transform"] = f"translate({_rounded(move[0])} {_rounded(move[1])})"
    return element("g", held, *children)


def linked(href: str, title: str | Told, *marks: Drawn, kind: str = "") -> Element:
    """Return marks that tell what they are, and lead to an address of the page."""
    held: dict[str, Value] = {"href": href}
    if kind:
        held["class"] = kind
    return element("a", held, *marks, element("title", {}, title))


def canvas(width: float, height: float, *children: Drawn) -> Element:
    """Return the root of a drawing of so many pixels."""
    held: dict[str, Value] = {
        "class": "drawn",
        "viewBox": f"0 0 {width:g} {height:g}",
        "width": width,
        "height": height,
    }
    return element("svg", held, *children)


def _rounded(value: Value) -> Value:
    if isinstance(value, str):
        return value
    found = round(float(value), 2)
    return int(found) if found.is_integer() else found


# Scales


@dataclass(frozen=True, slots=True)
class Linear:
    """Values from `low` to `high` → pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        span = self.high - self.low
        return self.start + (self.end - self.start) * ((value - self.low) / span if span else 0.5)

    def ticks(self, about: int = 5) -> list[float]:
        """Return round values within the scale."""
        return [value for value in nice_ticks(self.low, self.high, about) if self.low <= value <= self.high]


@dataclass(frozen=True, slots=True)
class Log:
    """Positive values from `low` to `high` → pixels, equal ratios at equal distances."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        span = math.log(self.high / self.low)
        share = math.log(max(value, self.low) / self.low) / span if span else 0.5
        return self.start + (self.end - self.start) * share

    def ticks(self, about: int = 5) -> list[float]:
        """Return powers of ten within the scale, with 3 or 2 and 5 times them; where it spans little, round values."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for steps in ((1,), (1, 3), (1, 2, 5)):
            found = [step * 10.0**decade for decade in decades for step in steps]
            found = [value for value in found if self.low <= value <= self.high]
            if len(found) >= _FEW:
                return found
        return [value for value in nice_ticks(self.low, self.high, about) if self.low <= value <= self.high]


@dataclass(frozen=True, slots=True)
class Band:
    """Places of a list → the middle of a stripe of `step` pixels each."""

    start: float
    step: float

    def __call__(self, place: float) -> float:
        """Return the middle of a stripe."""
        return self.start + self.step * (place + 0.5)


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return about so many multiples of 1, 2 or 5 times a power of ten that span from `low` to `high`."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    raw = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(factor for factor in (1, 2, 5, 10) if raw <= factor * power * (1 + 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def rounded_out(low: float, high: float, about: int = 5) -> tuple[float, float]:
    """Return the ends of an axis that has these values in it, both at a tick."""
    ticks = nice_ticks(low, high if high > low else low + (abs(low) or 1.0), about)
    return ticks[0], ticks[-1]


# Text


def width_of(content: str, size: float = 12.0) -> float:
    """Return about how many pixels a line of text takes; Han characters are as wide as they are high."""
    wide = len(_WIDE.findall(content))
    return size * (wide + 0.6 * (len(content) - wide))


def shortened(content: str, width: float, size: float = 12.0) -> str:
    """Return as much of a name as fits into so many pixels, with a sign where something is left out."""
    flat = " ".join(content.split())
    if width_of(flat, size) <= width:
        return flat
    kept = flat[: int(width / size * 2)]
    while kept and width_of(kept, size) + size > width:
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


def plain(content: str) -> str:
    """Return a text that XML can hold and nobody obeys: controls and marks of direction are shown, not followed."""
    seen = _HIDDEN.sub(
        lambda found: chr(0x2400 + ord(found[0])) if found[0] < " " else f"⟦{ord(found[0]):04X}⟧", content
    )
    return _SURROGATE.sub("\ufffd", seen)


# As a file


def as_xml(drawing: Element, lang: Literal["en", "zh"], *, page: str = "", style: str = "", label: str = "") -> str:
    """Return a drawing as an SVG document of its own.

    Args:
        drawing: its root.
        lang: the language of what is told in both.
        page: the address of the report that the links lead into.
        style: CSS.
        label: what the drawing is, for those who do not see it.
    """

    def made(drawn: Element) -> ElementTree.Element:
        found = ElementTree.Element(drawn.name, {key: plain(str(value)) for key, value in drawn.attributes.items()})
        if drawn.name == "a":
            found.attrib.update({"href": page + found.attrib["href"], "tabindex": "-1"})
        last: ElementTree.Element | None = None
        for child in drawn.children:
            if isinstance(child, Element):
                last = made(child)
                found.append(last)
            else:
                said = plain(child if isinstance(child, str) else getattr(child, lang))
                if last is None:
                    found.text = (found.text or "") + said
                else:
                    last.tail = (last.tail or "") + said
        return found

    root = made(drawing)
    root.attrib.update({"xmlns": SVG, "role": "img", "lang": lang})
    if label:
        root.attrib["aria-label"] = plain(label)
    if style:
        held = ElementTree.Element("style")
        held.text = style
        root.insert(0, held)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True) + "\n"


Format: TypeAlias = Callable[[float], str]


def number(value: float, digits: int = 3) -> str:
    """Return a number as it stands at an axis: so many digits that count, thousands apart, a true minus."""
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    said = f"{value:,.{places}f}"
    return (said.rstrip("0").rstrip(".") if "." in said else said).replace("-", "\u2212")
