import csv
import io
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from comparing.made import grid, record
from persona_batch.comparing import Comparison, Wanted, compare, compare_runs
from persona_batch.record import CheckResult
from persona_batch.verdict.translation import language_of
from persona_batch.view.comparison_export import as_csv, as_json, as_markdown
from persona_batch.view.comparison_replies import CLOSE, OPEN, difference, harmless, render_replies, side_by_side
from persona_batch.view.comparison_rows import amount, p_value, render_explanation
from persona_batch.view.comparison_table import render
from persona_batch.view.palette import Palette

PLAIN, COLOURED = Palette(color=False), Palette(color=True)
VOICES = {"none": "", "assistant": "", "孙悟空": "俺老孙来也！吃俺老孙一棒！", "pirate": "Arrr, matey!"}
SGR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def found() -> Comparison:
    checks = [CheckResult("contains", True, "老孙")]
    records = [
        record(r.persona, r.question, r.reply, sample=r.sample, checks=checks if r.persona == "孙悟空" else ())
        for r in grid(VOICES)
    ]
    return compare(records, permutations=499, excerpts=Wanted(most_questions=2))


def test_the_personas_come_before_the_yardsticks_and_the_strongest_first(found: Comparison) -> None:
    page = render(found, PLAIN, 80)
    assert page.startswith("8 questions, 4 samples each, 128 replies\n2 of 2 change the replies beyond luck.\n")
    heads = [
        next(place for place, line in enumerate(page.splitlines()) if line.startswith(name))
        for name in ("pirate changes", "孙悟空 changes", "“You are a helpful assistant.”")
    ]
    assert heads[:2] == sorted(heads[:2])
    assert heads[2] == max(heads)


@pytest.mark.parametrize("width", [60, 80, 132])
def test_nothing_is_wider_than_the_terminal(found: Comparison, width: int) -> None:
    pages = [
        render(found, PLAIN, max(width, 80), details=True),
        render_replies(found.excerpts, PLAIN, width, diff=True),
    ]
    pages += [render_explanation(found, measure, PLAIN, width) for measure in ("change", "shift", "words")]
    assert max(cell_len(line) for line in pages[0].splitlines()) <= max(width, 80)
    for page in pages[1:]:
        assert max(cell_len(line) for line in page.splitlines()) <= width


def test_columns_of_wide_characters_stand_under_each_other(found: Comparison) -> None:
    lines = [line for line in render_replies(found.excerpts, PLAIN, 80).splitlines() if " │ " in line]
    assert lines
    assert {cell_len(line[: line.index(" │ ")]) for line in lines} == {24, 38}  # bands of three and of two columns


def test_colour_is_added_and_changes_no_text(found: Comparison) -> None:
    plain, coloured = (render(found, palette, 80) for palette in (PLAIN, COLOURED))
    assert plain != coloured
    assert SGR.sub("", coloured) == plain
    assert "\x1b" not in plain


def test_it_is_never_said_that_there_is_no_effect(found: Comparison) -> None:
    quiet = compare(grid({"none": "", "assistant": "", "pirate": ""}, questions=3), permutations=199)
    for page in (render(quiet, PLAIN, 80, details=True), as_markdown(quiet), render(found, PLAIN, 80)):
        assert "no effect" not in page.lower()
        assert "no difference" not in page.lower()
    assert "not estimable" in render(quiet, PLAIN, 80, details=True)


def test_what_could_not_be_tested_says_why() -> None:
    alone = compare(grid(VOICES, samples=1, questions=5), permutations=199)
    page = " ".join(render(alone, PLAIN, 80).split())
    assert "pirate: not tested, one sample a side takes 6 questions, here there are 5." in page
    assert "n.e." in render(alone, PLAIN, 80, details=True)


def test_two_runs_show_the_edit_beside_what_it_moved() -> None:
    before = grid({"none": "", "pirate": ""}, samples=5)
    after = [
        record(
            r.persona,
            r.question,
            r.reply,
            sample=r.sample,
            run="later",
            model_returned="m-2",
            system="Be a pirate." if r.persona == "pirate" else None,
        )
        for r in grid({"none": "", "pirate": "Arrr, matey, plunder!"}, samples=5, seed=2)
    ]
    before = [record(r.persona, r.question, r.reply, sample=r.sample, model_returned="m-1") for r in before]
    page = render(compare_runs(before, after, permutations=499), PLAIN, 80)
    assert "pirate: its prompt changed in 2 lines" in page
    assert "pirate answers otherwise than in the earlier run: 100 of 100 cases" in page
    assert re.search(r"at least \d of 8 questions moved", page)
    assert "+[system] Be a pirate." in page
    assert "m: model_returned was m-1, is m-2" in page


def test_control_sequences_of_replies_and_names_are_shown_not_obeyed() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202etxt" + OPEN
    records = [
        record(f"p{evil}" if r.persona == "pirate" else r.persona, r.question, evil + r.reply, sample=r.sample)
        for r in grid({"none": "", "pirate": "Arrr!"})
    ]
    result = compare(records, permutations=199, excerpts=Wanted(most_questions=3))
    for page in (
        render(result, PLAIN, 80, details=True),
        render_replies(result.excerpts, PLAIN, 80, diff=True),
        render_explanation(result, "words", PLAIN, 80),
        as_markdown(result),
    ):
        assert not set(page) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_csv_has_a_row_per_estimate_and_no_formulas() -> None:
    records = [
        record("=HYPERLINK(1)" if r.persona == "pirate" else r.persona, r.question, r.reply, sample=r.sample)
        for r in grid({"none": "", "pirate": "Arrr!"})
    ]
    result = compare(records, permutations=199)
    text = as_csv(result)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(result.estimates)
    assert {row["arm"] for row in rows} >= {"'=HYPERLINK(1)"}
    assert not text.startswith("\ufeff")
    assert as_csv(result, bom=True) == "\ufeff" + text


def test_numbers_in_csv_stay_numbers(found: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    for row, estimate in zip(rows, found.estimates, strict=True):
        assert float(row["value"]) == estimate.value


def test_json_is_the_whole_result(found: Comparison) -> None:
    told = json.loads(as_json(found))
    assert told["schema_version"] == 2
    assert "孙悟空" in [arm["name"] for arm in told["arms"]]
    assert len(told["estimates"]) == len(found.estimates)


def test_markdown_cannot_be_broken_by_names() -> None:
    records = [
        record("a|b`<x>" if r.persona == "p" else r.persona, r.question, r.reply, sample=r.sample)
        for r in grid({"none": "", "p": ""})
    ]
    page = as_markdown(compare(records, permutations=199))
    assert "a\\|b\\`\\<x\\>" in page
    rows = [line for line in page.splitlines() if line.startswith("| a")]
    assert rows
    assert all(len(re.findall(r"(?<!\\)\|", row)) in {6, 7, 8, 9} for row in rows)


def test_an_explanation_shows_every_question(found: Comparison) -> None:
    page = render_explanation(found, "shift", PLAIN, 80)
    assert "Miller 2024, arXiv:2411.00640" in page
    assert all(page.count(f"\nq{question} ") >= 3 for question in range(8))


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_a_difference_puts_both_texts_together_again(old: str, new: str) -> None:
    parts = list(difference(old, new))
    assert "".join(part for kind, part in parts if kind != "gone") == new
    words = "".join(part for kind, part in parts if kind != "new")
    assert "".join(words.split()) == "".join(old.split())


def test_a_difference_of_chinese_is_by_character() -> None:
    assert list(difference("我爱吃桃子", "我不吃桃子")) == [
        ("same", "我"),
        ("gone", "爱"),
        ("new", "不"),
        ("same", "吃桃子"),
    ]


def test_very_long_texts_are_not_taken_apart() -> None:
    long = "a " * 5_000
    assert [kind for kind, _ in difference(long, long + "b")] == ["gone", "new"]
    assert [kind for kind, _ in difference(long, long)] == ["same"]


def test_without_colour_differences_are_marked_when_asked_for(found: Comparison) -> None:
    assert "{+" not in render_replies(found.excerpts, PLAIN, 80)
    marked = render_replies(found.excerpts, PLAIN, 80, diff=True)
    assert "{+" in marked
    assert "[-" in marked


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab 桃\n\u0301\t", max_size=40), min_size=1, max_size=3), st.booleans())
def test_painted_columns_keep_their_width_whatever_is_marked(texts: list[str], color: bool) -> None:
    marked = [f"{OPEN}{harmless(text)}{CLOSE} end" for text in texts]
    lines = side_by_side(["one"] * len(texts), marked, Palette(color), 60)
    assert all(cell_len(SGR.sub("", line)) <= 60 for line in lines)
    assert not any(OPEN in line or CLOSE in line for line in lines)


@settings(deadline=None)
@given(st.lists(st.text(alphabet="ab 桃，。（”\t", max_size=8), max_size=12), st.integers(20, 60))
def test_paint_moves_no_place_where_a_line_breaks(parts: list[str], width: int) -> None:
    marked = "".join(f"{OPEN}{part}{CLOSE}" if place % 2 else part for place, part in enumerate(parts))
    painted = side_by_side(["none"], [marked], COLOURED, width)
    assert [SGR.sub("", line).rstrip() for line in painted] == side_by_side(["none"], ["".join(parts)], PLAIN, width)


def test_titles_that_begin_in_the_same_way_stay_two() -> None:
    names = [f"the-monkey-king-of-flower-fruit-mountain-{number}" for number in (1, 2)]
    lines = side_by_side(names, ["a", "b"], PLAIN, 59)
    assert lines[:2] == [
        "the-monkey-king-of-flower-   │ the-monkey-king-of-flower-".rstrip(),
        "fruit-mountain-1             │ fruit-mountain-2",
    ]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.5, "share of replies", "+50%"),
        (-0.0001, "share of replies", "+0.0%"),
        (12.34, "characters", "+12.3"),
        (-250.4, "characters", "-250"),
        (None, "characters", "–"),
    ],
)
def test_amounts_are_read_at_a_glance(value: float | None, unit: str, shown: str) -> None:
    assert amount(value, unit, sign=True) == shown


@pytest.mark.parametrize(
    ("p", "shown"), [(None, "n.e."), (0.0001, "<.001"), (0.0134, ".013"), (1.0, "1"), (0.9999, "1")]
)
def test_p_values_are_short(p: float | None, shown: str) -> None:
    assert p_value(p) == shown


def test_names_with_braces_are_told_as_they_are() -> None:
    checks = [CheckResult("regex", True, r"\d{2}|{x}"), CheckResult("contains", False, "{}")]
    records = [
        record("{arm}" if r.persona == "p" else r.persona, r.question, r.reply, sample=r.sample, checks=checks)
        for r in grid({"none": "", "p": "Arrr!"}, questions=8)
    ]
    result = compare(records, permutations=199, power=0.8, margins={r"regex \d{2}|{x}": 0.1})
    for language in (language_of("en", {}), language_of("zh", {})):
        page = " ".join(render(result, PLAIN, 100, language, details=True).split())
        assert "{arm}" in page
        assert r"regex \d{2}|{x}" in page
