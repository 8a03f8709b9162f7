"""The matrix in a browser: search, filters, columns, rows, samples, keys, languages, colours, widths, addresses."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from reporting.browsing import PHONE, PageOf, report_of
from terminals.command import batch

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

FILE = """\
controls: [none]
params: {max_tokens: 64}
run: {samples: 2}
questions:
  - {id: who, text: 你是谁？, cluster: identity}
  - {id: sum, text: One and one?}
  - {id: sea, text: How deep is the sea?, cluster: travel}
  - {id: way, text: Which way is west?, cluster: travel}
personas:
  - {id: wukong, system: 你是孙悟空。, checks: [{contains: 俺老孙}], attributes: {world: 西游记}}
  - {id: bajie, system: 你是猪八戒。, checks: [{contains: 老猪}], attributes: {world: 西游记}}
  - {id: pirate, system: Talk like a pirate., checks: [{contains: Arr}], attributes: {world: sea}}
"""
LONG = "The tide comes in and the tide goes out. " * 30
SAID = {
    ("who", "none"): "I am a model.",
    ("who", "wukong"): "俺老孙来也！",
    ("who", "bajie"): "我是老猪。",
    ("who", "pirate"): 'Arr, they call me "Flint" 😀',
    ("sea", "none"): f"{LONG} Some say eleven kilometres.",
    ("sea", "wukong"): "俺老孙的金箍棒才知道有多深。",
    ("sea", "bajie"): "不知道，先吃饭。",
    ("sea", "pirate"): "Arr! Deep.",
    ("way", "none"): "West is where the sun sets.",
    ("way", "wukong"): "West is where the sun sets, 俺老孙 says.",
    ("way", "bajie"): "West is where the sun sets.",
    ("way", "pirate"): "West is where the sun rises, arr.",
}
"""Replies of the first sample; all others are `Two.`."""


def made(folder: Path, file: str, said: dict[tuple[str, str], str]) -> Path:
    """Run a persona file and give its records these replies; return the run's report."""
    (folder / "batch.yaml").write_text(file, encoding="utf-8")
    done = batch("run", "batch.yaml", "--provider", "scripted", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    run = folder / done.stdout.split()[-1]
    records = [json.loads(line) for line in (run / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    for record in records:
        place = (record["question"], record["persona"])
        record["reply"] = said.get(place, "Two.") if record["sample"] == 0 else "Two."
        for check in record["checks"]:
            check |= {"passed": check["expected"] in record["reply"], "reason": None}
        if place == ("sum", "bajie"):
            record |= {"status": "truncated", "finish_reason": "length"}
    with (run / "records.jsonl").open("w", encoding="utf-8") as written:
        written.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return report_of(run, folder / "report.html", "--lang", "en")


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of four conditions by four questions in two samples."""
    return made(tmp_path_factory.mktemp("journey"), FILE, SAID)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 61 conditions by 40 questions; replies say where they stand, but all are alike in the first."""
    personas = "".join(
        f"  - {{id: p{n}, system: You are number {n}., attributes: {{third: t{n % 3}}}}}\n" for n in range(60)
    )
    questions = "".join(f"  - {{id: q{n}, text: What is {n} and one?}}\n" for n in range(40))
    said = {
        (f"q{q}", f"p{p}"): f"cell q{q} p{p}. {'More of it. ' * (q * p % 40)}" for q in range(1, 40) for p in range(60)
    }
    file = f"controls: [none]\nparams: {{max_tokens: 32}}\nquestions:\n{questions}personas:\n{personas}"
    return made(tmp_path_factory.mktemp("wide"), file, said)


def heads(page: "Page") -> list[str]:
    return page.locator(".heads .head .name").all_inner_texts()


def rows(page: "Page") -> list[str]:
    return page.locator(".question .id bdi").all_inner_texts()


def cell(page: "Page", question: str, persona: str) -> "Locator":
    """The cell of a question and a condition, by the places that screen readers are told."""
    row = page.locator(".canvas .row", has=page.locator(".id bdi", has_text=re.compile(f"^{question}$")))
    head = page.locator(".head", has=page.locator(".name", has_text=re.compile(f"^{persona}$")))
    return row.locator(f".cell[aria-colindex='{head.get_attribute('aria-colindex')}']")


def opened(page_of: PageOf, html: Path, state: str | dict[str, str] = "", **how: int | bool | str) -> "Page":
    """Open a report and wait for its replies."""
    page = page_of(html, state, **how)
    page.locator(".cell .foot").first.wait_for()
    return page


def settled(page: "Page") -> None:
    """Wait until all blocks have been gone through."""
    page.locator(".matrix[aria-busy=false]").wait_for()


def test_questions_by_conditions_with_the_control_first_and_pinned(html: Path, page_of: PageOf) -> None:
    page = opened(page_of, html)
    assert heads(page) == ["none", "wukong", "bajie", "pirate"]
    assert rows(page) == ["who", "sum", "sea", "way"]
    assert page.locator(".head.pinned .name").inner_text() == "none"
    assert "俺老孙来也！" in cell(page, "who", "wukong").inner_text()
    assert cell(page, "sum", "bajie").locator(".badge").inner_text() == "cut"
    assert "Talk like a pirate." in page.locator(".head").nth(3).inner_text()
    assert "✓ 1" in cell(page, "who", "pirate").inner_text()
    assert "✗ 1" in cell(page, "sum", "pirate").inner_text()
    assert cell(page, "sea", "none").inner_text().count("tide") == 60  # whole replies, as there are few columns
    grid = page.get_by_role("grid")
    assert (grid.get_attribute("aria-rowcount"), grid.get_attribute("aria-colcount")) == ("5", "5")


def test_search_goes_through_everything_and_from_hit_to_hit(html: Path, page_of: PageOf) -> None:
    page = opened(page_of, html)
    page.keyboard.press("Control+f")
    page.keyboard.type('"flint"')
    page.locator(".found", has_text="1 found").wait_for()
    page.get_by_role("searchbox").fill("俺老孙")
    page.locator(".found", has_text="3 found").wait_for()
    page.keyboard.press("Enter")
    page.locator(".found", has_text="1 of 3").wait_for()
    assert "俺老孙来也" in page.locator(".here").inner_text()
    page.keyboard.press("Shift+Enter")
    page.locator(".found", has_text="3 of 3").wait_for()
    assert "says" in page.locator(".here").inner_text()
    marked = page.evaluate("() => [...CSS.highlights.get('found')].map(String)")
    assert marked == ["俺老孙"] * 3
    page.get_by_role("button", name="Only rows with hits").click()
    assert rows(page) == ["who", "sea", "way"]
    page.get_by_role("searchbox").press("Escape")
    page.locator(".question").nth(3).wait_for()
    assert rows(page) == ["who", "sum", "sea", "way"]


def test_only_where_the_shown_columns_differ(html: Path, page_of: PageOf) -> None:
    page = page_of(html, {"cols": "none", "only": "1"})
    settled(page)
    assert rows(page) == []  # a column does not differ from itself
    page.evaluate("() => { location.hash = 'cols=none&cols=bajie&only=1' }")
    settled(page)
    page.locator(".question").nth(2).wait_for()
    assert rows(page) == ["who", "sum", "sea"]  # one status differs in `sum`, and nothing in `way`
    button = page.get_by_role("button", name="Only where they differ")
    told = "in a reply, a status, or the outcome of a check or a score that all of them have"
    assert told in str(button.get_attribute("title"))
    button.click()
    assert rows(page) == ["who", "sum", "sea", "way"]


def test_filters_narrow_rows_and_columns_and_are_told_as_chips(html: Path, page_of: PageOf) -> None:
    page = opened(page_of, html)
    page.get_by_role("button", name="Filter").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("cut").check()
    page.locator(".notes", has_text="1 of 4 questions").wait_for()
    assert rows(page) == ["sum"]
    assert cell(page, "sum", "wukong").locator(".dim").count() == 2
    assert cell(page, "sum", "bajie").locator(".dim").count() == 0
    dialog.get_by_role("button", name="Clear all").click()
    page.locator(".question").nth(3).wait_for()
    page.get_by_role("button", name="Filter").click()
    dialog.get_by_label("Cluster of questions").select_option("travel")
    dialog.get_by_label("Persona (with * and ?)").fill("*i*")
    dialog.get_by_role("button", name="Done").click()
    assert rows(page) == ["sea", "way"]
    assert heads(page) == ["none", "bajie", "pirate"]
    page.locator(".chip", has_text="travel").click()
    assert rows(page) == ["who", "sum", "sea", "way"]


def test_columns_are_chosen_ordered_and_pinned(html: Path, page_of: PageOf) -> None:
    page = opened(page_of, html)
    page.get_by_role("button", name=re.compile("^Columns")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("searchbox").or_(dialog.get_by_role("combobox").first).fill("world=西游记")
    assert dialog.locator("li .name").all_inner_texts() == ["wukong", "bajie"]
    dialog.get_by_role("button", name="Untick all listed").click()
    dialog.locator("input[type=search]").fill("")
    dialog.get_by_role("checkbox", name="bajie").check()
    dialog.get_by_role("button", name="Move pirate up").press("Enter")
    dialog.get_by_role("button", name="Show 3 columns").click()
    assert heads(page) == ["none", "pirate", "bajie"]
    page.locator(".head", has_text="bajie").get_by_role("button", name="pin").click()
    assert heads(page) == ["bajie", "none", "pirate"]
    assert page.locator(".head.pinned .name").inner_text() == "bajie"
    page.go_back()
    page.locator(".head >> nth=3").wait_for()
    assert heads(page) == ["none", "wukong", "bajie", "pirate"]


def test_columns_fold_by_an_attribute(html: Path, page_of: PageOf) -> None:
    page = opened(page_of, html)
    page.get_by_label("by", exact=True).select_option("world")
    assert heads(page) == ["–", "西游记", "sea"]
    folded = cell(page, "who", "西游记")
    folded.locator(".of", has_text="wukong").wait_for()
    assert "1/4" in folded.inner_text()
    for _ in range(2):
        folded.get_by_role("button", name="Next sample").click()
    assert "我是老猪" in folded.inner_text()
    assert folded.locator(".of").inner_text() == "bajie"


def test_samples_are_leafed_through_or_all_shown(html: Path, page_of: PageOf) -> None:
    page = opened(page_of, html)
    one = cell(page, "who", "pirate")
    one.get_by_role("button", name="Next sample").click()
    assert "Two." in one.inner_text()
    assert "2/2" in one.inner_text()
    page.reload()
    page.locator(".cell .foot").first.wait_for()
    assert "Two." in cell(page, "who", "pirate").inner_text()
    page.get_by_role("button", name="All samples").click()
    assert cell(page, "who", "pirate").locator(".sample").count() == 2


def test_rows_are_sorted_by_the_length_of_the_shown_replies(html: Path, page_of: PageOf) -> None:
    page = opened(page_of, html, {"sort": "length"})
    settled(page)
    assert rows(page)[0] == "sea"
    assert rows(page)[-1] == "sum"


def test_an_address_brings_everything_back(html: Path, page_of: PageOf) -> None:
    state = [
        ("cols", "pirate"),
        ("cols", "wukong"),
        ("cols", "none"),
        ("pin", "wukong"),
        ("find", "arr"),
        ("at", "who~pirate~1"),
    ]
    state += [("cluster", "identity"), ("lang", "zh"), ("theme", "dark"), ("q", "who"), ("c", "pirate"), ("s", "1")]
    page = opened(page_of, html, urlencode(state))
    assert heads(page) == ["wukong", "pirate", "none"]
    assert rows(page) == ["who"]
    assert page.get_by_role("searchbox").input_value() == "arr"
    assert "Two." in page.locator(".cell.open").inner_text()
    assert page.locator("aside.panel").is_visible()
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    assert page.locator("html").get_attribute("lang") == "zh"
    assert [tuple(pair) for pair in page.evaluate("() => [...new URLSearchParams(location.hash.slice(1))]")] == state


def test_by_keys_alone(html: Path, page_of: PageOf) -> None:
    page = opened(page_of, html)
    page.keyboard.press("/")
    page.keyboard.type("two")
    page.keyboard.press("Escape")
    focus = "() => document.activeElement.getAttribute('aria-colindex') + document.activeElement.className.slice(0, 4)"
    assert page.evaluate(focus) == "2cell"
    for key in ("ArrowRight", "ArrowRight", "]", "p"):
        page.keyboard.press(key)
    assert heads(page)[0] == "bajie"
    page.keyboard.press("p")
    assert heads(page) == ["none", "wukong", "bajie", "pirate"]
    assert page.evaluate(focus) == "4cell"
    assert page.locator(".head.pinned").count() == 0
    page.keyboard.press("p")
    assert page.evaluate(focus) == "2cell"
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    panel = page.locator("aside.panel:not([hidden])")
    panel.wait_for()
    assert "way" in panel.inner_text()
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    page.keyboard.press("Home")
    assert page.evaluate(focus) == "1ques"
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate(focus) == "1ques"
    assert page.locator(".matrix [tabindex='0']").count() == 1


def test_language_and_colours_change_at_once(html: Path, page_of: PageOf) -> None:
    page = opened(page_of, html)
    page.get_by_role("button", name="中文").click()
    assert page.get_by_role("searchbox").get_attribute("placeholder") == "搜索全部内容"
    assert page.locator(".head.pinned .kind").inner_text() == "对照"
    assert page.locator(".badge").first.inner_text() == "截断"
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="配色").click()
    assert page.evaluate(ground) != light
    assert "theme=dark" in page.url


def test_a_phone_holds_one_condition_with_its_question_above(html: Path, page_of: PageOf) -> None:
    page = opened(page_of, html, width=PHONE)
    question, first = page.locator(".question").first.bounding_box(), cell(page, "who", "none").bounding_box()
    assert question is not None
    assert first is not None
    assert (first["x"], first["width"]) == (0, PHONE)
    assert question["y"] + question["height"] <= first["y"] + 1
    page.get_by_role("button", name="Next column").first.click()
    page.wait_for_function("() => document.querySelector('.matrix').scrollLeft === 412")
    box = cell(page, "who", "wukong").bounding_box()
    assert box is not None
    assert box["x"] == 0


def test_of_many_columns_plots_come_first_some_are_picked_and_all_can_be_had(wide: Path, page_of: PageOf) -> None:
    page = page_of(wide)
    page.locator(".plot h2").first.wait_for()
    assert "view=plots" in page.url
    page.get_by_role("button", name="Replies", exact=True).click()
    assert len(heads(page)) == 7
    assert "Of 61 columns, these 7" in page.locator(".notes").inner_text()
    page.get_by_role("button", name="Show all 61").click()
    assert page.get_by_role("grid").get_attribute("aria-colcount") == "62"
    assert page.locator(".cell").count() < 300


def test_a_run_of_controls_alone_is_shown_whole(tmp_path: Path, page_of: PageOf) -> None:
    made(tmp_path, FILE, SAID)
    records = next(tmp_path.glob("runs/*/records.jsonl"))
    lines = records.read_text(encoding="utf-8").splitlines(keepends=True)
    bare = tmp_path / "bare"
    bare.mkdir()
    kept = [line for line in lines if json.loads(line)["persona"] == "none"]
    (bare / "records.jsonl").write_text("".join(kept), encoding="utf-8")
    page = opened(page_of, bare, lang="en")
    assert heads(page) == ["none"]
    assert page.get_by_role("button", name="Columns 1/1").is_visible()
    assert sorted(rows(page)) == ["sea", "sum", "way", "who"]
    assert "Some say eleven kilometres." in cell(page, "sea", "none").inner_text()


def test_rows_follow_the_order_that_is_told(wide: Path, page_of: PageOf) -> None:
    page = opened(page_of, wide, {"view": "matrix"})
    order = page.get_by_label("Rows", exact=True)
    assert order.input_value() == "difference"  # of many columns
    before = rows(page)
    page.get_by_label("by", exact=True).select_option("third")
    assert order.input_value() == "file"
    page.locator(".question").nth(3).wait_for()
    assert rows(page)[:4] == ["q0", "q1", "q2", "q3"] != before[:4]
    page.go_back()
    page.locator(".head", has_text="p").first.wait_for()
    assert (order.input_value(), rows(page)) == ("difference", before)


def test_a_step_to_a_hit_in_a_hidden_column_shows_it(wide: Path, page_of: PageOf) -> None:
    page = opened(page_of, wide, {"view": "matrix"})
    shown = heads(page)
    hidden = [f"p{n}" for n in range(60) if f"p{n}" not in shown]
    page.get_by_role("searchbox").fill(f"q7 {hidden[0]}.")
    page.locator(".found", has_text="1 found, 1 in hidden columns").wait_for()
    page.keyboard.press("Enter")
    page.locator(".found", has_text=re.compile("^1 of 1$")).wait_for()
    assert page.get_by_role("button", name="Columns 8/61").is_visible()
    assert f"cell q7 {hidden[0]}." in page.locator(".cell.here").inner_text()
    assert f"cols={hidden[0]}" in page.url
    page.get_by_role("searchbox").fill("cell q7 ")
    page.locator(".found", has_text="60 found, 53 in hidden columns").wait_for()
    for keys, state in (("Shift+Enter", "60 of 60, 52"), ("Shift+Enter", "59 of 60, 51"), ("Enter", "60 of 60, 51")):
        page.keyboard.press(keys)
        page.locator(".found", has_text=f"{state} in hidden columns").wait_for()
        place = -1 if state.startswith("60") else -2
        page.locator(".cell.here", has_text=f"cell q7 {hidden[place]}.").wait_for()
    page.go_back()
    page.get_by_role("button", name="Columns 9/61").wait_for()


@pytest.mark.parametrize("width", [PHONE, 1400])
def test_a_long_question_leaves_the_screen_to_the_replies(tmp_path: Path, page_of: PageOf, width: int) -> None:
    long = "The sea is wide and the sea is deep. " * 250
    file = FILE.replace("How deep is the sea?", f"{long}Where is the albatross?")
    page = opened(page_of, made(tmp_path, file, SAID), width=width, height=900)
    asked = page.locator(".asked", has_text="The sea is wide")
    box = asked.bounding_box()
    assert box is not None
    assert box["height"] <= 8 * 20 + 1
    assert str(asked.get_attribute("title")).endswith("Where is the albatross?")
    page.get_by_role("searchbox").fill("albatross")
    page.locator(".found", has_text="1 found").wait_for()
    page.keyboard.press("Enter")
    page.locator(".question.here .asked", has_text="Where is the albatross?").wait_for()
    page.get_by_role("searchbox").press("Escape")
    page.locator(".asked", has_text=re.compile("^The sea is wide")).wait_for()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("width", "height"), [(1400, 900), (PHONE, 915)])
def test_what_limits_the_verdict_is_in_sight_at_once(
    html: Path, page_of: PageOf, width: int, height: int, lang: str
) -> None:
    page = opened(page_of, html, {"lang": lang}, width=width, height=height)
    verdict = page.locator(".verdict").bounding_box()
    limits = page.locator(":is(.limits, .advice) > li:visible")
    assert limits.count() > 0
    last = limits.last.bounding_box()
    assert verdict is not None
    assert last is not None
    assert last["y"] + last["height"] <= verdict["y"] + verdict["height"]
    first = page.locator(".claims > li:visible").first.bounding_box()
    assert first is not None
    assert first["y"] > last["y"]


def test_scrolling_leaves_no_gap_and_few_elements(wide: Path, page_of: PageOf) -> None:
    page = opened(page_of, wide, {"view": "matrix", "cols": "*"})
    missing = page.evaluate(
        """async () => {
          const grid = document.querySelector('.matrix'), box = grid.getBoundingClientRect(), missing = [];
          const frame = () => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
          const moves = [...Array(30).fill([0, 300]), ...Array(30).fill([500, 0]), ...Array(30).fill([-500, -300])];
          for (const [x, y] of moves) {
            grid.scrollBy(x, y);
            await frame();
            for (const across of [0.5, 0.95]) for (const down of [0.4, 0.95]) {
              const at = [box.left + box.width * across, box.top + box.height * down];
              // A point may be on the line between two rows.
              const cells = [0, 3].map((by) => document.elementFromPoint(at[0], at[1] + by)?.closest('.cell'));
              if (!cells.some(Boolean)) missing.push([grid.scrollLeft, grid.scrollTop, ...at]);
            }
          }
          return missing;
        }"""
    )
    assert missing == []
    assert page.locator(".cell").count() < 300
    places = page.locator(".canvas .row").evaluate_all("(rows) => rows.map((row) => Number(row.ariaRowIndex))")
    assert places == sorted(places)
    columns = page.locator(".canvas .row").first.locator("[aria-colindex]")
    indices = columns.evaluate_all("(cells) => cells.map((cell) => Number(cell.ariaColIndex))")
    assert indices == sorted(indices)


def test_the_focus_stays_though_its_cell_leaves_the_screen(wide: Path, page_of: PageOf) -> None:
    page = opened(page_of, wide, {"view": "matrix", "cols": "*"})
    page.locator(".cell").nth(1).focus()
    focus = "() => document.activeElement.closest('[aria-rowindex]')?.getAttribute('aria-rowindex')"
    before = page.evaluate(focus)
    page.evaluate("() => document.querySelector('.matrix').scrollTo(9000, 6000)")
    page.wait_for_function("() => document.querySelectorAll('.canvas .row').item(1).ariaRowIndex !== '3'")
    assert page.evaluate(focus) == before
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focus) == str(int(before) + 2)
    assert page.evaluate("() => document.querySelector('.matrix').scrollTop") < 2_000
