"""Tables, aligned in cells."""

import pytest
from rich.cells import cell_len

from persona_batch.view.palette import Palette
from persona_batch.view.tables import Column, table

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
