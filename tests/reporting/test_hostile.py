"""Replies, prompts and names that would do harm as markup show as text, with the page's policy and without it."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from persona_batch.cli.main import run_command
from reporting.browsing import PageOf, held_in, report_of, without_policy
from reporting.hostile import NAMES, RAN, TEXTS, made

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OPENED = "aside.panel:not([hidden])"
# What a page of ours is not made of, wherever it stands, and what markup of a reply would have left.
STRANGE = """() => {
  const made = [...document.querySelectorAll(
    'body script:not([type="text/plain"], [type="module"]), iframe, object, embed, img, base, link, form[action], ' +
    'meta[http-equiv="refresh"], svg[onload], animate, use, textarea[autofocus], template')];
  const said = [...document.querySelectorAll('*')].filter((one) => [...one.attributes].some(
    ({ name, value }) => name.startsWith('on') ||
      (/^((xlink:)?href|src|srcdoc|srcset|action|formaction|data)$/.test(name) && !/^#|^data:image/.test(value))));
  return [...made, ...said].map((one) => one.outerHTML.slice(0, 200));
}"""


@pytest.fixture(scope="module")
def run(chromium: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of `hostile.py`; where there is no browser, it need not be made."""
    return made(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def report(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its report."""
    return report_of(run, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(params=["with the policy", "without it"])
def html(request: pytest.FixtureRequest, report: Path) -> Path:
    """The report as it is, and with nothing that would stop what it let in."""
    return report if request.param == "with the policy" else without_policy(report)


def test_every_reply_opens_as_the_text_it_is(html: Path, page_of: PageOf) -> None:
    meta = held_in(html)
    page = page_of(html)
    seen = set()
    for number, question in enumerate(meta["questions"]):
        block = held_in(html, f"q{number}")
        place = number % len(block["reply"])
        condition = meta["conditions"][block["condition"][place]]
        open_cell(page, question["id"], condition["id"], block["sample"][place])
        panel = page.locator(OPENED)
        shown = panel.inner_text()
        for text in (block["reply"][place], question["text"]):
            assert (missing := unseen(text, shown)) == [], (text[:80], missing)
        seen.add(block["reply"][place])
    assert len(seen & set(TEXTS.values())) > len(TEXTS) // 2
    assert_harmless(page)


STATES = {
    "matrix": {},
    "columns of an attribute": {"by": NAMES["script"]},
    "search": {"find": "window.ran"},
    "plots": {"view": "plots"},
    "rating": {"view": "rate"},
    "print": {"view": "print"},
}


@pytest.mark.parametrize("state", STATES)
def test_every_view_holds_names_as_text(state: str, html: Path, page_of: PageOf) -> None:
    page = page_of(html, STATES[state])
    page.wait_for_function("() => document.querySelector('#page').childElementCount > 0")
    page.keyboard.press("Tab")
    page.mouse.move(700, 450)
    page.mouse.wheel(0, 4_000)
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert NAMES["closing"][:20] in page.locator("body").inner_text()
    assert_harmless(page)


@pytest.mark.parametrize("dialog", ["columns", "filters"])
def test_the_dialogs_hold_names_as_text(dialog: str, html: Path, page_of: PageOf) -> None:
    page = page_of(html)
    page.locator(f"[data-tool={dialog}]").click()
    assert "<script>window.ran" in page.get_by_role("dialog").inner_text()
    assert_harmless(page)


def test_a_blind_rating_and_its_end_hold_replies_and_names_as_text(html: Path, page_of: PageOf) -> None:
    page = page_of(html, {"view": "rate"})
    page.get_by_label("Your name").fill(NAMES["handler"])
    page.get_by_role("button", name="Start rating").click()
    page.locator(".rated").wait_for()
    for key in "abt":
        page.keyboard.press(key)
    page.get_by_role("button", name="Finish and reveal").click()
    page.get_by_role("heading", name="Who was who").wait_for()
    page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true })")
    assert "<script>window.ran" in page.locator(".rating-view").inner_text()
    assert_harmless(page)


@pytest.mark.parametrize("name", ["effects", "heat", "map"])
def test_a_plot_in_a_file_of_its_own_holds_names_as_text(name: str, run: Path, tmp_path: Path, page_of: PageOf) -> None:
    svg = report_of(run, tmp_path / f"{name}.svg", "--svg", name)
    assert "window.ran" in svg.read_text(encoding="utf-8")
    page = page_of(svg)
    page.wait_for_function("() => document.documentElement.tagName === 'svg'")  # an error in XML would be a page
    assert page.locator("parsererror").count() == 0
    assert page.evaluate("() => window.ran") is None
    assert page.locator("script, foreignObject, image, use, animate, style:empty").count() == 0


def test_plots_hold_names_as_text(html: Path, page_of: PageOf) -> None:
    page = page_of(html, {"view": "plots"})
    names = held_in(html)["plots"]
    assert "map" in names
    for name in names:
        plot = page.locator(f'[data-plot="{name}"]')
        plot.scroll_into_view_if_needed()
        plot.locator("svg").wait_for()
        plot.locator("summary").click()
    assert "<script>window.ran" in page.locator(".plots").inner_text()
    assert_harmless(page)


def test_half_a_surrogate_pair_in_a_file_is_said_and_no_page_is_made(
    example_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = tmp_path / "records.jsonl"
    first, *rest = (example_run / "records.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    record = json.loads(first) | {"reply": "half \ud83d a pair"}
    records.write_text("".join([json.dumps(record) + "\n", *rest]), encoding="utf-8")
    out = tmp_path / "report.html"
    assert run_command(("report", str(records), "--output", str(out))) == 2
    assert capsys.readouterr().err.startswith(f"batch: {records}:1: not a record")
    assert not out.exists()


def open_cell(page: "Page", question: str, condition: str, sample: int) -> None:
    """Go to the address of a cell and wait for it."""
    state = {"q": question, "c": condition, "s": str(sample)}
    page.evaluate("(state) => { location.hash = new URLSearchParams(state) }", state)
    page.locator(f"{OPENED} .panel-body > *").first.wait_for()


def unseen(text: str, shown: str) -> list[str]:
    """Return the runs of plain characters in a text, of 1,000 at most, that do not stand in what is shown."""
    plain = re.findall(r"[\x21-\x7e一-鿿]{1,1000}", text)
    return [run for run in plain if run not in shown]


def assert_harmless(page: "Page") -> None:
    """See that nothing ran and nothing stands in the page that it did not make of its own."""
    assert page.evaluate("() => window.ran") is None, RAN
    assert page.evaluate(STRANGE) == []
