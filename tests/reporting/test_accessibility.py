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
    found = {name: grave(page, state) for name, state in states(held_in(example_report)).items()}
    assert {name: problems for name, problems in found.items() if problems} == {}


def states(meta: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the addresses of what can be looked at."""
    talk = next(question["id"] for question in meta["questions"] if question["id"] == "talk")
    one, other = (condition["id"] for condition in meta["conditions"][-2:])
    return {
        "matrix": {},
        "search": {"find": "the"},
        "panel": {"q": "who", "c": one, "s": "1", "diff": other},
        "conversation": {"q": talk, "c": one, "s": "0"},
        "plots": {"view": "plots"},
        "rating": {"view": "rate"},
        "print": {"view": "print"},
    }


def grave(page: "Page", state: dict[str, str]) -> list[str]:
    """Go to a state and return what axe-core calls serious there, with the elements."""
    page.evaluate(
        """async (state) => {
          const kept = new URLSearchParams(location.hash.slice(1));
          location.hash = new URLSearchParams({ lang: kept.get('lang'), ...state });
          await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 150)));
        }""",
        state,
    )
    violations = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    return [
        f"{violation['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for violation in violations
        if violation["impact"] in GRAVE
        for node in violation["nodes"][:3]
    ]
