"""axe-core finds nothing serious in any view, in both colours and languages, at both widths."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reporting.browsing import DESKTOP, PHONE, VIEWS, PageOf, axe_source, go

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
    for view in VIEWS:
        go(page, view, lang=lang)
        found[view] = grave(page)
    go(page, "matrix", lang=lang)
    for dialog in ("columns", "filters", "keys"):
        page.locator(f"[data-tool={dialog}]").click()
        page.get_by_role("dialog").wait_for()
        found[dialog] = grave(page)
        page.keyboard.press("Escape")
    assert {view: problems for view, problems in found.items() if problems} == {}


def grave(page: "Page") -> list[str]:
    """Return what axe-core calls serious on the page as it is, with the elements."""
    violations = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    return [
        f"{violation['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for violation in violations
        if violation["impact"] in GRAVE
        for node in violation["nodes"][:3]
    ]
