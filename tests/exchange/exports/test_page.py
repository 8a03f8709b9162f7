"""docs/export.md names every format and every column."""

from pathlib import Path

from persona_batch.exchange.columns import COLUMNS
from persona_batch.exchange.exports.formats import FORMATS

PAGE = (Path(__file__).parents[3] / "docs" / "export.md").read_text(encoding="utf-8")


def test_every_format_and_every_column_stands_on_the_page() -> None:
    assert [form.name for form in FORMATS if f"`{form.name}`" not in PAGE] == []
    assert [column.name for column in COLUMNS if f"`{column.name}`" not in PAGE] == []
