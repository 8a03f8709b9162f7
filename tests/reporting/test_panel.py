"""What opens from a cell: messages, conversation, differences, comments; by link, by keyboard, on a phone."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from persona_batch.cli.main import run_command
from reporting.browsing import PHONE, PageOf, held_in, report_of

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Records = Callable[[str, str], list[dict[str, Any]]]


@pytest.fixture
def records(example_run: Path) -> Records:
    """The records of a persona and a question, by sample."""
    lines = (example_run / "records.jsonl").read_text(encoding="utf-8").splitlines()
    every = [json.loads(line) for line in lines]

    def of(persona: str, question: str) -> list[dict[str, Any]]:
        found = [record for record in every if (record["persona"], record["question"]) == (persona, question)]
        return sorted(found, key=lambda record: int(record["sample"]))

    return of


def panel_of(page: "Page") -> "Locator":
    panel = page.locator("aside.panel")
    panel.locator("section").first.wait_for()
    return panel


def title_of(page: "Page") -> str:
    return panel_of(page).locator("h2").inner_text()


def said(item: "Locator") -> str:
    """The text of a message; `innerText` would fold what the style does not show."""
    return str(item.locator(".prose").evaluate("prose => [...prose.children].map(piece => piece.textContent).join('')"))


def test_a_link_opens_a_cell_with_exactly_what_was_sent(
    example_report: Path, page_of: PageOf, records: Records
) -> None:
    panel = panel_of(page_of(example_report, {"q": "trail", "c": "wukong", "s": "1"}))
    record = records("wukong", "trail")[1]
    items = panel.locator(".messages .message").all()
    shown = [(item.locator(".role").inner_text(), said(item)) for item in items]
    assert shown == [(message["role"], message["content"]) for message in record["messages"]]
    assert len({item.evaluate("item => getComputedStyle(item).backgroundColor") for item in items}) == len(items)
    assert said(panel.locator(".reply")) == record["reply"]
    for name in ("Copy reply", "Copy messages as JSON", "Copy link"):
        assert panel.get_by_role("button", name=name, exact=True).is_visible()
    assert panel.locator(".facts").inner_text().count(record["key"]) == 1
    marks = panel.locator(".checks .check").evaluate_all(
        "items => items.map(item => item.classList.contains('passed'))"
    )
    assert marks == [check["passed"] for check in record["checks"]]


def test_another_model_that_answered_and_the_batch_file_that_it_answered_in_are_named(
    example_run: Path, page_of: PageOf, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(example_run, tmp_path / example_run.name))
    lines = [json.loads(line) for line in (run / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    text = "".join(
        json.dumps({**line, "model_returned": "scripted-2026-11", "engine": "batch"}) + "\n" for line in lines
    )
    (run / "records.jsonl").write_text(text, encoding="utf-8")
    panel = panel_of(page_of(run, {"q": "who", "c": "pirate"}))
    facts = panel.locator(".facts").inner_text()
    assert "scripted-2026-11" in facts
    assert "in a batch file" in facts


def test_samples_are_switched_and_stay_in_the_address(example_report: Path, page_of: PageOf, records: Records) -> None:
    page = page_of(example_report, {"q": "who", "c": "pirate"})
    panel = panel_of(page)
    first, second = records("pirate", "who")
    assert said(panel.locator(".reply")) == first["reply"]
    panel.get_by_role("group", name="Sample").get_by_role("button", name="2").click()
    page.wait_for_function("() => location.hash.includes('s=1')")
    panel.get_by_text(second["key"]).wait_for()
    assert said(panel.locator(".reply")) == second["reply"]


def test_the_keyboard_moves_and_closes(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {"q": "who", "c": "wukong"})
    panel = panel_of(page)
    assert page.evaluate("document.activeElement.tagName") == "H2"
    page.keyboard.press("ArrowRight")
    panel.get_by_role("heading", name="pirate · who").wait_for()
    page.keyboard.press("ArrowDown")
    panel.get_by_role("heading", name="pirate · sum").wait_for()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    panel.get_by_role("heading", name="wukong · who").wait_for()
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert "q=" not in page.evaluate("location.hash")
    page.go_back()
    panel.get_by_role("heading", name="wukong · who").wait_for()


def test_arrows_within_a_comment_move_the_caret_only(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {"q": "who", "c": "wukong"})
    field = panel_of(page).get_by_role("textbox", name="Comment")
    field.fill("two\nlines")
    field.press("ArrowUp")
    field.press("ArrowRight")
    assert title_of(page) == "wukong · who"


def test_a_conversation_goes_down_with_its_probes_as_forks(
    example_report: Path, page_of: PageOf, records: Records
) -> None:
    panel = panel_of(page_of(example_report, {"q": "talk", "c": "pirate"}))
    record = records("pirate", "talk")[0]
    turns = panel.locator(".turn")
    assert turns.count() == len(record["turns"]) == 3
    for place, turn in enumerate(record["turns"]):
        direct = turns.nth(place).locator(":scope > .spoken")
        assert [said(direct.nth(0)), said(direct.nth(1))] == [turn["user"], turn["reply"]]
    forks = panel.locator(".fork")
    assert [said(forks.nth(place).locator(".spoken").nth(1)) for place in range(2)] == [
        probe["reply"] for probe in record["probes"]
    ]
    assert [turns.nth(place).locator(".fork").count() for place in range(3)] == [1, 0, 1]
    assert "never entered" in forks.first.inner_text()
    panel.get_by_text("Messages of the last turn").click()
    sent = panel.locator("details .message").all()
    assert [said(item) for item in sent] == [message["content"] for message in record["messages"]]


def test_differences_are_marked_by_more_than_colour(example_report: Path, page_of: PageOf, records: Records) -> None:
    page = page_of(example_report, {"q": "who", "c": "wukong"})
    panel = panel_of(page)
    panel.get_by_label("Mark differences from").select_option("pirate")
    page.wait_for_function("() => location.hash.includes('diff=pirate')")
    page.locator(".cell.open .marked").wait_for()
    marked = panel.locator(".reply .marked")
    texts = marked.evaluate("""marked => ['DEL', 'INS'].map(left =>
        [...marked.childNodes].filter(node => node.nodeName !== left).map(node => node.textContent).join(''))""")
    assert texts == [records("wukong", "who")[0]["reply"], records("pirate", "who")[0]["reply"]]
    assert "underline" in marked.locator("ins").first.evaluate("ins => getComputedStyle(ins).textDecorationLine")
    assert "line-through" in marked.locator("del").first.evaluate("del => getComputedStyle(del).textDecorationLine")


def test_the_same_cell_of_two_runs_stands_side_by_side(example_run: Path, page_of: PageOf, tmp_path: Path) -> None:
    earlier = Path(shutil.copytree(example_run, tmp_path / example_run.name))
    later = Path(shutil.copytree(example_run, tmp_path / f"20991231T000000Z-{example_run.name.partition('-')[2]}"))
    for name in ("records.jsonl", "run.json"):
        text = (later / name).read_text(encoding="utf-8").replace(earlier.name, later.name)
        (later / name).write_text(re.sub(r'"reply":"', r'"reply":"later: ', text), encoding="utf-8")
    html = tmp_path / "two.html"
    assert run_command(("report", str(earlier), str(later), "-o", str(html), "--no-verdict")) == 0
    page = page_of(html, {"by": "run"})
    condition = next(one for one in held_in(html)["conditions"] if one["persona"] == "pirate" and one["run"] == 0)
    page.evaluate("([c]) => { location.hash = new URLSearchParams({q: 'who', c}); }", [condition["id"]])
    sides = panel_of(page).locator(".side-by-side > .of-run")
    assert sides.count() == 2
    replies = [said(sides.nth(place)) for place in range(2)]
    assert replies[1] == f"later: {replies[0]}"
    assert [name in sides.nth(place).inner_text() for place, name in enumerate((earlier.name, later.name))] == [
        True
    ] * 2


def test_comments_survive_a_reload_and_go_out_and_in(example_report: Path, page_of: PageOf, tmp_path: Path) -> None:
    page = page_of(example_report, {"q": "who", "c": "wukong"})
    panel_of(page).get_by_role("textbox", name="Comment").fill("=1+1, “sharp”\n孙悟空")
    page.locator(".cell.open [aria-label='has a comment']").wait_for()
    page.reload()
    field = panel_of(page).get_by_role("textbox", name="Comment")
    assert field.input_value() == "=1+1, “sharp”\n孙悟空"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Comments (1)").click()
    dialog = page.get_by_role("dialog")
    assert "wukong · who" in dialog.inner_text()
    saved = {}
    for name in ("JSON", "CSV"):
        with page.expect_download() as download:
            dialog.get_by_role("button", name=f"Export {name}").click()
        saved[name] = Path(tmp_path, download.value.suggested_filename)
        download.value.save_as(saved[name])
    (comment,) = json.loads(saved["JSON"].read_text(encoding="utf-8"))
    assert (comment["condition"], comment["question"], comment["sample"]) == ("wukong", "who", 0)
    assert '"\'=1+1, “sharp”\n孙悟空"' in saved["CSV"].read_text(encoding="utf-8")

    page.evaluate("localStorage.clear()")
    page.reload()
    page.get_by_role("button", name="Comments (0)").click()
    page.locator("input[type=file]").set_input_files(saved["JSON"])
    page.get_by_text("1 comments taken over").wait_for()
    page.get_by_role("link", name="wukong · who").click()
    assert panel_of(page).get_by_role("textbox", name="Comment").input_value() == comment["text"]


def test_what_another_page_left_in_the_store_is_not_trusted(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {"q": "who", "c": "wukong"})
    panel_of(page).get_by_role("textbox", name="Comment").fill("mine")
    page.evaluate("""() => {
        for (const name of Object.keys(localStorage)) if (name.endsWith(':comments'))
            localStorage[name] = JSON.stringify([null, 3, {text: 'x'}, {run: 1, key: {}, question: [], condition: '<b>',
                sample: 'a', text: 'y', at: 0}]);
    }""")
    page.reload()
    assert panel_of(page).get_by_role("textbox", name="Comment").input_value() == ""
    page.evaluate("""() => {
        for (const name of Object.keys(localStorage)) if (name.endsWith(':comments')) localStorage[name] = '{no json';
    }""")
    page.reload()
    page.get_by_role("button", name="Comments (0)").wait_for()


def test_without_a_store_comments_stay_in_memory_and_the_page_says_so(
    example_report: Path, page_of: PageOf, tmp_path: Path
) -> None:
    frame = tmp_path / "preview.html"
    source = example_report.read_text(encoding="utf-8").replace("&", "&amp;").replace('"', "&quot;")
    attributes = 'sandbox="allow-scripts" width="1300" height="800"'
    frame.write_text(f'<!doctype html><iframe {attributes} srcdoc="{source}"></iframe>', encoding="utf-8")
    page = page_of(frame)
    inner = page.frames[1]
    inner.get_by_role("button", name="Comments (0)").wait_for()
    inner.evaluate("location.hash = '#q=who&c=wukong'")
    field = inner.get_by_role("textbox", name="Comment")
    field.fill("kept nowhere")
    inner.get_by_role("button", name="Comments (1)").wait_for()
    assert "export your comments before you close it" in inner.locator("aside.panel").inner_text()


def test_an_address_of_no_cell_says_so(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {"q": "__proto__", "c": "wukong"})
    page.get_by_text("This report has no such cell.").wait_for()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_messages_are_readable_in_both_colours(dark: bool, example_report: Path, page_of: PageOf) -> None:
    panel = panel_of(page_of(example_report, {"q": "talk", "c": "pirate"}, dark=dark))
    panel.get_by_text("Messages of the last turn").click()
    for item in panel.locator("details .message, .spoken").all():
        front, back = item.evaluate("""item => [item.querySelector('.prose'), item].map((element, place) =>
            getComputedStyle(element)[place ? 'backgroundColor' : 'color'])""")
        if back != "rgba(0, 0, 0, 0)":
            assert contrast(front, back) >= 4.5, (front, back)


def contrast(front: str, back: str) -> float:
    """The contrast of two `rgb(…)` colours (WCAG 2.2)."""

    def light(colour: str) -> float:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((light(front), light(back)))
    return (high + 0.05) / (low + 0.05)


def test_on_a_phone_it_comes_from_below_and_fits(example_report: Path, page_of: PageOf) -> None:
    page = page_of(example_report, {"q": "talk", "c": "pirate"}, width=PHONE)
    box = panel_of(page).bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, PHONE)
    assert box["y"] > 0
    assert page.evaluate("document.querySelector('.panel-body').scrollWidth") <= PHONE


def test_in_chinese(example_run: Path, page_of: PageOf, tmp_path: Path) -> None:
    html = report_of(example_run, tmp_path / "zh.html", "--lang", "zh")
    panel = panel_of(page_of(html, {"q": "who", "c": "wukong"}))
    text = panel.inner_text()
    assert all(word in text for word in ("发送的消息", "回答", "检查", "批注"))
    assert not re.search(r"\b(Reply|Comment|Checks|Sample)\b", text)
