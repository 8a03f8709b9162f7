"""Cells that no spreadsheet takes for a formula (OWASP, CSV injection), by a rule that can be undone.

A text that begins like a formula gets one apostrophe in front; so does one that begins with apostrophes before that,
or the two could not be told apart afterwards.
"""

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def harmless_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def told_cell(cell: str) -> str:
    """Return the text that `harmless_cell` made a cell of."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
