"""Drawings: the tree as JSON and as XML say the same, nothing in a text becomes anything else, scales are scales."""

import json
import re
from importlib.resources import files
from itertools import pairwise
from typing import Any, Literal
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.reporting.charts import spaced
from persona_batch.reporting.data import Drawn, Element, Told
from persona_batch.reporting.drawing import (
    ATTRIBUTES,
    ELEMENTS,
    SVG,
    Linear,
    Log,
    as_xml,
    canvas,
    element,
    linked,
    nice_ticks,
    number,
    plain,
    shortened,
    text,
    width_of,
)
from persona_batch.reporting.plot_file import style

HOSTILE = (
    "<script>alert(1)</script>",
    "]]></text><script/>",
    "&amp;&#0;&lt;",
    "a\x00\x1b[31m\x08b",
    "\u202eabc\u2066",
    "\ud83d half",
    "javascript:alert(1)",
    "__proto__",
    '" onload="alert(1)',
    "俺老孙 😀",
    "\ufffe\uffff",
)
SAID = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=12))
CONTENT = st.one_of(SAID, st.builds(Told, SAID, SAID))
INNER = st.sampled_from(sorted(ELEMENTS - {"svg", "a"}))
VALUES = st.dictionaries(
    st.sampled_from(sorted(ATTRIBUTES - {"href"})), st.one_of(SAID, st.floats(-1e6, 1e6)), max_size=3
)


def made(name: str, attributes: dict[str, str | float], children: list[Drawn]) -> Element:
    return element(name, attributes, *children)


TREES = st.recursive(
    CONTENT,
    lambda children: st.one_of(
        st.builds(made, INNER, VALUES, st.lists(children, max_size=4)),
        st.builds(lambda href, said: linked("#q=" + href, said), SAID, CONTENT),
    ),
    max_leaves=12,
)


def as_told(drawn: Any, lang: str) -> Any:
    """Return JSON of a drawing as the page shows it in a language: texts that stand side by side are one."""
    if isinstance(drawn, str):
        return plain(drawn)
    if isinstance(drawn, dict):
        return plain(drawn[lang])
    name, attributes, children = drawn
    return (
        name,
        {key: plain(str(value)) for key, value in attributes.items()},
        joined(as_told(c, lang) for c in children),
    )


def of_xml(found: ElementTree.Element) -> Any:
    held = {name: value for name, value in found.attrib.items() if name != "tabindex"}
    children: list[Any] = [found.text or ""]
    for child in found:
        children += [of_xml(child), child.tail or ""]
    return (found.tag.removeprefix(f"{{{SVG}}}"), held, joined(children))


def joined(children: Any) -> list[Any]:
    found: list[Any] = []
    for child in children:
        if isinstance(child, str) and found and isinstance(found[-1], str):
            found[-1] += child
        elif child != "":
            found.append(child)
    return found


def normal(told: Any) -> Any:
    """Line ends and white space in attributes, as XML reads them."""
    if isinstance(told, str):
        return told.replace("\r\n", "\n").replace("\r", "\n")
    return (told[0], {k: re.sub(r"[\t\r\n]", " ", v) for k, v in told[1].items()}, [normal(one) for one in told[2]])


@given(st.lists(TREES, max_size=4), st.sampled_from(["en", "zh"]))
def test_json_and_xml_are_the_same_tree(children: list[Drawn], lang: Literal["en", "zh"]) -> None:
    drawing = canvas(100, 50, *children)
    root = ElementTree.fromstring(as_xml(drawing, lang))
    for name in ("role", "lang"):
        del root.attrib[name]
    held = json.loads(json.dumps(msgspec.to_builtins(drawing)))
    assert normal(of_xml(root)) == normal(as_told(held, lang))


@given(st.lists(TREES, max_size=4))
def test_a_file_holds_nothing_but_what_is_on_the_lists(children: list[Drawn]) -> None:
    root = ElementTree.fromstring(as_xml(canvas(1, 1, *children), "en", page="report.html", style="a {}", label="b"))
    for found in root.iter():
        assert found.tag.removeprefix(f"{{{SVG}}}") in ELEMENTS | {"style"}
        assert set(found.attrib) <= ATTRIBUTES | {"tabindex", "role", "lang", "aria-label"}
        if found.tag.endswith("}a"):
            assert found.attrib["href"].startswith("report.html#")
            assert found.attrib["tabindex"] == "-1"


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("script", {}),
        ("foreignObject", {}),
        ("image", {}),
        ("rect", {"onload": "alert(1)"}),
        ("rect", {"style": "fill: red"}),
        ("rect", {"id": "a"}),
        ("a", {"href": "javascript:alert(1)"}),
        ("a", {"href": "https://example.org/"}),
    ],
)
def test_what_could_run_or_load_is_not_made(name: str, attributes: dict[str, str | float]) -> None:
    with pytest.raises(ValueError, match="drawing"):
        element(name, attributes)


def test_the_page_knows_the_same_lists() -> None:
    source = (files("persona_batch.reporting") / "page" / "drawing.js").read_text(encoding="utf-8")
    for name, ours in (("ELEMENTS", ELEMENTS), ("ATTRIBUTES", ATTRIBUTES)):
        found = re.search(rf"const {name} = new Set\(\[(.*?)\]\)", source)
        assert found is not None
        assert set(re.findall(r'"([^"]+)"', found[1])) == ours


def test_styles_of_a_file_know_no_variable_and_have_both_colours() -> None:
    both, day = style(dark=True), style(dark=False)
    assert "light-dark" not in both
    assert "var(" not in both
    assert both.startswith(day)
    night = both.removeprefix(day)
    assert night.count("@media (prefers-color-scheme: dark)") == 1
    assert ".drawn text { fill: #e4e6e9 }" in night
    assert ".drawn text { fill: #1c1e21; }" in day
    assert "Noto Sans CJK SC" in day


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9), st.integers(2, 10))
def test_ticks_are_round_reach_both_ends_and_are_few(low: float, span: float, about: int) -> None:
    high = low + span
    if high - low < 1e-9 * max(abs(low), abs(high)):
        return  # the floats between them are too few for ticks
    ticks = nice_ticks(low, high, about)
    step = ticks[1] - ticks[0]
    assert ticks[0] <= low + 1e-6 * step
    assert ticks[-1] >= high - 1e-6 * step
    assert len(ticks) <= about + 3
    assert float(f"{step:.0e}") == pytest.approx(step, rel=1e-5)


@given(st.floats(0.001, 1e5), st.floats(1.01, 1e6))
def test_ticks_of_a_logarithmic_axis_lie_in_it_from_left_to_right(low: float, times: float) -> None:
    scale = Log(low, low * times, 10, 110)
    places = [scale(tick) for tick in scale.ticks()]
    assert places == sorted(places)
    assert all(9.9 <= place <= 110.1 for place in places)


def test_a_scale_puts_its_ends_at_the_ends_and_one_value_in_the_middle() -> None:
    assert [Linear(2, 4, 10, 20)(value) for value in (2, 3, 4)] == [10, 15, 20]
    assert Linear(2, 2, 10, 20)(2) == 15
    assert [Log(1, 100, 0, 100)(value) for value in (1, 10, 100)] == pytest.approx([0, 50, 100])


@given(st.lists(st.floats(0, 100), max_size=8))
def test_names_beside_lines_keep_their_order_and_their_distance(wanted: list[float]) -> None:
    found = spaced(wanted, 10, 0, 100)
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    placed = [found[place] for place in order]
    assert all(after - before >= 10 - 1e-9 for before, after in pairwise(placed))
    assert all(place <= 100 + 1e-9 for place in placed)


@given(st.text(max_size=60), st.floats(20, 200))
def test_a_shortened_name_fits(name: str, width: float) -> None:
    found = shortened(name, width)
    assert width_of(found) <= width
    assert found == " ".join(name.split()) or found.endswith("…")


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "0"), (-12.0, "\u221212"), (1234.5, "1,234"), (0.05, "0.05"), (99.96, "100"), (2.0, "2")]
)
def test_numbers_at_an_axis(value: float, said: str) -> None:
    assert number(value) == said


def test_a_text_is_a_line_with_its_classes() -> None:
    made = text(1.23456, 2, "a", "tick", at="end")
    assert made.attributes == {"class": "tick", "text-anchor": "end", "x": 1.23, "y": 2}
