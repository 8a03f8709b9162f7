"""The page fits every width from a phone to a large screen."""

from pathlib import Path

import pytest

from reporting.browsing import DESKTOP, PHONE, PageOf

SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
STATES: tuple[dict[str, str], ...] = (
    {},
    {"q": "talk", "c": "pirate", "s": "0"},
    {"view": "plots"},
    {"view": "rate"},
    {"view": "print"},
)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [360, PHONE, 820, DESKTOP, 2_560])
def test_nothing_sticks_out_sideways(width: int, lang: str, example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {"lang": lang}, width=width)
    page.get_by_role("grid").wait_for()
    for state in STATES:
        page.evaluate("(state) => { location.hash = new URLSearchParams(state) }", {"lang": lang, **state})
        page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        assert page.evaluate(SIDEWAYS) == 0, state
