"""axe-core finds nothing serious in any view, in both colours and languages, at both widths."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reporting.browsing import DESKTOP, PHONE, PageOf, axe_source, held_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

GRAVE = ("serious", "critical")


@pytest.mark.parametrize(
    ("dark", "lang", "width"),
    [(False, "en", DESKTOP), (True, "zh", DESKTOP), (True, "en", PHONE), (False, "zh", PHONE)],
    ids=["light en desktop", "dark zh desktop", "dark en phone", "light zh phone"],
)
def test_nothing_serious_in_any_view(dark: bool, lang: str, width: int, example_report: Path, page_of: PageOf) -> None:
    axe = axe_source()
    page = page_of(example_report, {"lang": lang}, dark=dark, width=width)
    page.evaluate(axe)
    found = {}
    for name, (state, sign) in states(held_in(example_report)).items():
        page.evaluate("(state) => { location.hash = new URLSearchParams(state) }", {"lang": lang, **state})
        page.locator(sign).first.wait_for()
        found[name] = grave(page)
    assert {name: problems for name, problems in found.items() if problems} == {}


def states(meta: dict[str, Any]) -> dict[str, tuple[dict[str, str], str]]:
    """Return the addresses of what can be looked at, and what is there when it is drawn."""
    one, other = (condition["id"] for condition in meta["conditions"][-2:])
    return {
        "matrix": ({}, "[role=gridcell] .reply"),
        "search": ({"find": "the"}, ".found:not(:empty)"),
        "panel": ({"q": "who", "c": one, "s": "1", "diff": other}, "aside.panel ins"),
        "conversation": ({"q": "talk", "c": one, "s": "0"}, "aside.panel .panel-body > *"),
        "plots": ({"view": "plots"}, "main svg a"),
        "rating": ({"view": "rate"}, ".rating-setup"),
        "print": ({"view": "print"}, ".printed"),
    }


def grave(page: "Page") -> list[str]:
    """Return what axe-core calls serious on the page as it is, with the elements."""
    violations = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    return [
        f"{violation['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for violation in violations
        if violation["impact"] in GRAVE
        for node in violation["nodes"][:3]
    ]
