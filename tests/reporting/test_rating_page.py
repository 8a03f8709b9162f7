"""Blind rating in the page, from the form to the ratings of the run; and the print view."""

import json
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reporting.browsing import PHONE, PageOf
from terminals.command import batch

if TYPE_CHECKING:
    from playwright.sync_api import Page

CONDITIONS = ("none", "assistant", "wukong", "pirate", "pilot")
PROMPTS = ("孙悟空", "Talk like a pirate", "harbour pilot", "helpful assistant")


def start(page: "Page", *who: str, rater: str = "ann", scores: bool = False) -> None:
    """Fill in the form and begin."""
    for name in CONDITIONS:
        page.get_by_role("checkbox", name=name, exact=True).set_checked(name in who)
    page.get_by_role("radio", name="One at a time" if scores else "Two side by side").check()
    page.get_by_label("Your name").fill(rater)
    page.get_by_role("button", name="Start rating").click()
    page.locator(".rated").wait_for()


def rated(page: "Page", key: str) -> None:
    """Press a key, and wait until the next one is shown."""
    before = page.locator(".rating-view header p").inner_text()
    page.keyboard.press(key)
    page.wait_for_function(
        "before => document.querySelector('.rating-view header p').textContent !== before", arg=before
    )


def saved(page: "Page", path: Path) -> list[dict[str, Any]]:
    with page.expect_download() as download:
        page.get_by_role("button", name="Save ratings.json").click()
    assert download.value.suggested_filename == "ratings.json"
    download.value.save_as(path)
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(rows, list)
    return rows


def records_of(run: Path) -> dict[str, dict[str, Any]]:
    lines = (run / "records.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["key"]: record for record in map(json.loads, lines)}


def test_pairs_are_rated_by_keys_saved_and_taken_by_batch_rate(
    example_run: Path, page_of: PageOf, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(example_run, tmp_path / "runs" / example_run.name))
    page = page_of(run, {"view": "rate"})
    start(page, "none", "wukong")
    choices = ["a", "b", "tie", "a"]
    for key in ("a", "2", "t", "1"):
        rated(page, key)
    rated(page, "ArrowLeft")
    assert page.get_by_role("button", name="A is better").get_attribute("aria-pressed") == "true"
    rows = saved(page, tmp_path / "ratings.json")
    assert [row["choice"] for row in rows] == choices
    records = records_of(run)
    for row in rows:
        left, right = (records[row[name]] for name in ("key", "other_key"))
        assert (left["question"], left["sample"]) == (right["question"], right["sample"])
        assert {left["persona"], right["persona"]} == {"none", "wukong"}
        assert (row["rater"], row["run"]) == ("ann", run.name)
    assert len({records[row["key"]]["question"] for row in rows}) == 4, (
        "a question is not asked again before the others"
    )

    done = batch("rate", str(run), str(tmp_path / "ratings.json"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    taken = [json.loads(line) for line in (run / "ratings.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {(one["key"], one["other_key"], one["rater"], one["choice"]) for one in taken} == {
        (row["key"], row["other_key"], row["rater"], row["choice"]) for row in rows
    }
    compared = batch("compare", str(run), cwd=tmp_path)
    assert re.search(r"people: preferred to .* 4 questions,\s+4\s+pairs,\s+1\s+rater", compared.stdout, re.DOTALL), (
        compared.stdout
    )


def test_while_rating_nothing_says_who_is_who(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {"view": "rate", "find": "pirate", "q": "who", "c": "pirate"})
    start(page, "none", "pirate", "pilot")
    assert page.title() == "Blind rating"
    address = page.evaluate("location.hash")
    assert not re.search("|".join(CONDITIONS), address), address
    for _ in range(6):
        seen = page.locator("body").inner_text() + str(page.evaluate(ATTRIBUTES))
        replies = "".join(page.locator(".rated, .rated-question").all_inner_texts())
        around = seen
        for line in replies.splitlines():
            around = around.replace(line, "")
        assert not [word for word in (*CONDITIONS, *PROMPTS) if re.search(rf"\b{word}\b", around)], around
        rated(page, "ArrowRight")


ATTRIBUTES = """[...document.querySelectorAll('.rating-view *')].flatMap(element =>
    [...element.attributes].map(({value}) => value)).join('\\n')"""
"""What tooltips, links and the like of everything that is shown hold."""


def test_the_seed_decides_and_a_reload_goes_on(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {"view": "rate", "seed": "7"})
    start(page, "none", "wukong")
    rated(page, "b")
    rated(page, "b")
    third = page.locator(".rated").inner_text()
    page.reload()
    page.locator(".rated").wait_for()
    assert page.locator(".rated").inner_text() == third
    assert "3 of 10, 2 rated" in page.locator(".rating-view").inner_text()
    other = page_of(example_report, {"view": "rate", "seed": "7"})
    start(other, "none", "wukong", rater="bob")
    assert "1 of 10, 0 rated" in other.locator(".rating-view").inner_text()
    rated(other, "a")
    rated(other, "a")
    assert other.locator(".rated").inner_text() == third


def test_at_the_end_it_is_revealed_who_was_who(example_run: Path, page_of: PageOf, tmp_path: Path) -> None:
    page = page_of(example_run, {"view": "rate"})
    start(page, "none", "wukong")
    for _ in range(10):
        rated(page, "a")
    assert "10 of 10 are rated" in page.locator(".rating-view").inner_text()
    page.get_by_role("button", name="Finish and reveal").click()
    page.get_by_role("heading", name="Who was who").wait_for()
    rows = saved(page, tmp_path / "ratings.json")
    records = records_of(example_run)
    first = sum(records[row["key"]]["persona"] == "none" for row in rows)
    assert page.locator("table").first.locator("tbody td").all_inner_texts() == [
        "none", "wukong", str(first), "0", str(10 - first)
    ]  # fmt: skip
    assert "no test" in page.locator(".rating-view").inner_text()
    page.get_by_text("Each rating (10)").click()
    page.locator("details a").first.click()
    page.locator("aside.panel h2").wait_for()


def test_single_replies_are_scored(example_run: Path, page_of: PageOf, tmp_path: Path) -> None:
    run = Path(shutil.copytree(example_run, tmp_path / "runs" / example_run.name))
    page = page_of(run, {"view": "rate"})
    start(page, "wukong", rater="李", scores=True)
    for key in ("1", "5", "3"):
        rated(page, key)
    rows = saved(page, tmp_path / "ratings.json")
    assert [(row["rater"], row["score"]) for row in rows] == [("李", 1), ("李", 5), ("李", 3)]
    assert batch("rate", str(run), str(tmp_path / "ratings.json"), cwd=tmp_path).returncode == 0
    assert len((run / "ratings.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_the_form_says_what_is_missing(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {"view": "rate"})
    for name in CONDITIONS:
        page.get_by_role("checkbox", name=name, exact=True).set_checked(name == "pirate")
    page.get_by_role("button", name="Start rating").click()
    page.get_by_text("Choose at least two").wait_for()
    page.get_by_role("checkbox", name="none", exact=True).check()
    page.get_by_role("button", name="Start rating").click()
    page.get_by_text("Ratings need a name").wait_for()


def test_on_a_phone_a_pair_fits(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {"view": "rate"}, width=PHONE)
    start(page, "none", "wukong")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    page.get_by_role("button", name="A is better").click()
    page.get_by_text("2 of 10, 1 rated").wait_for()


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs Debian's package poppler-utils")
def test_the_print_view_has_everything(example_run: Path, page_of: PageOf, tmp_path: Path) -> None:
    page = page_of(example_run, dark=True)
    page.get_by_role("button", name="Print view").click()
    page.locator(".print-view[data-ready]").wait_for()
    pdf = tmp_path / "report.pdf"
    page.pdf(path=pdf)
    done = subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, encoding="utf-8", check=True)
    text = squeezed(done.stdout)
    for record in records_of(example_run).values():
        for part in (record["question"], record["reply"], *(probe["reply"] for probe in record["probes"] or ())):
            assert squeezed(part) in text
    page.get_by_role("button", name="Back to the report").click()
    page.locator(".print-view").wait_for(state="hidden")


def squeezed(text: str) -> str:
    """Text without its breaks: a PDF has lines of its own, and radicals in the place of some ideographs."""
    return "".join(unicodedata.normalize("NFKC", text).split())
