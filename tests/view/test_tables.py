"""Tables and the closing table of a run."""

import pytest
from rich.cells import cell_len

from persona_batch.engine.progress import MOST_PERSONAS
from persona_batch.record import CheckResult, ErrorInfo
from persona_batch.view.palette import Palette
from persona_batch.view.persona_totals import MOST, PersonaTotals
from persona_batch.view.tables import Column, table
from view.records import make_cell, make_record

PLAIN = Palette(False)


def test_columns_are_aligned_in_cells() -> None:
    text = table([Column("name"), Column("n", "right")], [["孙悟空", "5"], ["pirate", "1,200"]], PLAIN)
    assert text == "name        n\n孙悟空      5\npirate  1,200\n"


def test_a_shrinking_column_gives_way_to_the_terminal() -> None:
    rows = [["一" * 40, "x", "5"]]
    text = table([Column("a", shrinks=True), Column("b"), Column("n", "right")], rows, PLAIN, 30)
    assert {cell_len(line) for line in text.splitlines()} == {30}
    assert "…" in text


def test_cells_that_are_cut_still_tell_the_rows_apart() -> None:
    names = ["the-monkey-king-v1", "the-monkey-king-v2", "齐天大圣孙悟空第一版", "齐天大圣孙悟空第二版", "none"]
    lines = table([Column("a", shrinks=True)], [[name] for name in names], PLAIN, 14).splitlines()
    assert lines[1:] == ["the-mon…ing-v1", "the-mon…ing-v2", "齐天大…第一版", "齐天大…第二版", "none"]
    assert table([Column("a", shrinks=True)], [["same" * 9]] * 2, PLAIN, 14).splitlines()[1:] == ["samesamesames…"] * 2


def test_a_column_that_folds_loses_nothing() -> None:
    columns = [Column("name"), Column("note", shrinks=True, folds=True)]
    text = table(columns, [["a", "no key, and no network"], ["b", "–"]], PLAIN, 20)
    assert text == "name  note\na     no key, and no\n      network\nb     –\n"


def test_a_column_gives_way_no_further_than_it_can_be_read() -> None:
    columns = [Column("persona", shrinks=True), Column("tokens", "right")]
    text = table(columns, [["assistant", "1" * 20]], PLAIN, 28)
    assert "assistant" in text


def test_a_table_that_cannot_shrink_further_keeps_its_columns() -> None:
    text = table([Column("a", shrinks=True), Column("b")], [["x" * 20, "y" * 20]], PLAIN, 10)
    assert "y" * 20 in text


@pytest.mark.parametrize("width", [30, 45, 60, 80])
def test_a_table_too_wide_is_laid_out_in_bands_and_cuts_no_number_and_no_name_of_a_run(width: int) -> None:
    columns = [Column("who", shrinks=True), Column("n", "right"), Column("tokens", "right"), Column("run")]
    rows = [["孙悟空" * 9, "1,234,567", "1,000,000+234,567", "20261122T065600Z"], ["b", "1", "–", "20261123T065600Z-b"]]
    lines = table(columns, rows, PLAIN, width).splitlines()
    assert max(map(cell_len, lines)) <= width
    for whole in ("1,234,567", "1,000,000+234,567", "20261122T065600Z", "20261123T065600Z-b"):
        assert sum(whole in line.split() for line in lines) == 1


def test_a_cell_is_harmless_and_on_one_line() -> None:
    assert table([Column("a")], [["x\n\x1b[31my"]], PLAIN) == "a\nx ␛[31my\n"


def test_totals_have_a_row_per_persona_in_the_order_of_appearance() -> None:
    totals = PersonaTotals()
    for record in (
        make_record(make_cell("wukong"), "一二三四"),
        make_record(make_cell("none"), "12"),
        make_record(make_cell("wukong", sample=1), "一二", ttft_ms=200.0),
        make_record(
            make_cell("wukong", sample=2), status="error", error=ErrorInfo("server", "x"), usage=None, ttft_ms=None
        ),
    ):
        totals.add(record)
    assert totals.render(PLAIN) == (
        "persona  cells  ok  failed  mean chars  first token  tokens\n"
        "wukong       3   2       1           3       306 ms  44+360\n"
        "none         1   1       0           2       412 ms  22+180\n"
        "total        4   3       1           3       341 ms  66+540\n"
        "606 tokens (66 prompt + 540 reply)\n"
    )


def test_totals_stand_in_the_order_of_the_grid() -> None:
    totals = PersonaTotals(["none", "assistant", "wukong"])
    for persona in ("wukong", "assistant", "stranger", "none"):
        totals.add(make_record(make_cell(persona)))
    rows = [line.split()[0] for line in totals.render(PLAIN).splitlines()[1:-1]]
    assert rows == ["none", "assistant", "wukong", "stranger", "total"]


def test_checks_are_counted_where_there_are_any() -> None:
    totals = PersonaTotals()
    totals.add(make_record(checks=(CheckResult("contains", True), CheckResult("equals", False))))
    totals.add(make_record(make_cell("none")))
    _, wukong, none, _, _ = totals.render(PLAIN).splitlines()
    assert " 1/2 " in wukong
    assert " – " in none


def test_what_was_never_measured_is_no_zero() -> None:
    totals = PersonaTotals()
    totals.add(make_record(status="error", error=ErrorInfo("server", "x"), usage=None, ttft_ms=None))
    assert totals.render(PLAIN).splitlines()[1].split() == ["wukong", "1", "0", "1", "–", "–", "–"]


def test_no_records_make_no_table() -> None:
    assert PersonaTotals().render(PLAIN) == ""


def test_many_personas_are_cut_and_counted() -> None:
    totals = PersonaTotals()
    for number in range(MOST_PERSONAS + 500):
        totals.add(make_record(make_cell(f"p{number}")))
    lines = totals.render(PLAIN).splitlines()
    assert len(lines) == 1 + MOST + 3
    *_, more, total, tokens = lines
    assert more == f"… and {MOST_PERSONAS + 1 - MOST:,} more"
    assert total.split()[:2] == ["total", f"{MOST_PERSONAS + 500:,}"]
    assert tokens == "303,000 tokens (33,000 prompt + 270,000 reply)"
