"""The page fits every width from a phone to a large screen."""

from pathlib import Path

import pytest

from reporting.browsing import DESKTOP, PHONE, VIEWS, PageOf, go

SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [360, PHONE, 820, DESKTOP, 2_560])
def test_nothing_sticks_out_sideways(width: int, lang: str, example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {"lang": lang}, width=width)
    for view in VIEWS:
        go(page, view, lang=lang)
        assert page.evaluate(SIDEWAYS) == 0, view
