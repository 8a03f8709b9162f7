"""The watch over a page sees what a report may not do, and the example opens without any of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reporting.browsing import PageOf, Watch, address_of, without_policy

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DEEDS = {
    "console": "console.log('spoken')",
    "error": "setTimeout(() => { throw new Error('thrown') })",
    "dialog": "alert('asked')",
    "request": "new Image().src = 'beside.png'",
    "window": "window.open('about:blank')",
}


@pytest.mark.parametrize("kind", DEEDS)
def test_a_deed_is_seen(kind: str, chromium: "Browser", tmp_path: Path) -> None:
    html = tmp_path / "page.html"
    html.write_text(f"<!doctype html><script>{DEEDS[kind]}</script>", encoding="utf-8")
    context = chromium.new_context()
    page = context.new_page()
    watch = Watch(page, address_of(html))
    page.goto(address_of(html))
    for _ in range(600):  # frames: some deeds are told later than they are done
        if watch.misdeeds:
            break
        page.evaluate("() => new Promise(requestAnimationFrame)")
    context.close()
    assert watch.misdeeds
    assert {misdeed.partition(":")[0] for misdeed in watch.misdeeds} <= {kind, "console"}
    assert watch.misdeeds[0].startswith(kind)


def test_the_example_opens_in_silence(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report)
    assert "crew" in page.title()


def test_without_its_policy_too(example_report: Path, page_of: PageOf) -> None:
    page = page_of(without_policy(example_report))
    assert page.evaluate("eval('1 + 1')") == 2
