"""A report of a thousand cells by keys alone: into the matrix, through it, a cell opened and closed, and out."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reporting.browsing import PageOf, report_of
from terminals.command import batch

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOCUS = """() => {
  const at = document.activeElement;
  const cell = at.closest('[role=gridcell], [role=rowheader], [role=columnheader]');
  return { tag: at.tagName.toLowerCase(), role: cell?.getAttribute('role') ?? null,
           row: Number(at.closest('[aria-rowindex]')?.getAttribute('aria-rowindex') ?? -1),
           column: Number(at.closest('[aria-colindex]')?.getAttribute('aria-colindex') ?? -1) };
}"""


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of 20 conditions by 50 questions."""
    folder = tmp_path_factory.mktemp("thousand")
    personas = "".join(f"  - {{id: p{n}, system: You are number {n}.}}\n" for n in range(19))
    questions = "".join(f"  - {{id: q{n}, text: What is {n} and one?}}\n" for n in range(50))
    text = f"controls: [none]\nparams: {{max_tokens: 32}}\nquestions:\n{questions}personas:\n{personas}"
    (folder / "many.yaml").write_text(text, encoding="utf-8")
    done = batch("run", "many.yaml", "--provider", "scripted", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return report_of(folder / done.stdout.split()[-1], folder / "report.html")


def test_the_whole_page_by_keys(thousand: Path, page_of: PageOf) -> None:
    page = page_of(thousand)
    page.get_by_role("gridcell").first.wait_for()
    stops = into_the_matrix(page)
    assert stops < 40
    for key in ("Control+Home", "ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    here = page.evaluate(FOCUS)
    assert here["role"] == "gridcell"
    page.keyboard.press("Control+End")
    corner = page.evaluate(FOCUS)
    assert corner == ends(page)
    page.keyboard.press("Enter")
    panel = page.locator("aside.panel:not([hidden])")
    panel.wait_for()
    assert panel.get_by_role("heading", level=2).inner_text().startswith("p")
    page.keyboard.press("Escape")
    panel.wait_for(state="hidden")
    assert page.evaluate(FOCUS) == corner
    leave(page)


def ends(page: "Page") -> dict[str, object]:
    """Return what FOCUS says of the last cell of the last row."""
    grid = page.get_by_role("grid")
    rows, columns = (int(grid.get_attribute(name) or 0) for name in ("aria-rowcount", "aria-colcount"))
    assert rows > 50
    return {"tag": "div", "role": "gridcell", "row": rows, "column": columns}


def into_the_matrix(page: "Page") -> int:
    """Press Tab until a cell has the focus; return how often."""
    for stop in range(1, 60):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUS)["role"] is not None:
            return stop
    raise AssertionError("Tab never comes to the matrix")


def leave(page: "Page") -> None:
    """See that Tab leads out of the matrix in a few steps, and back in by Shift+Tab to where one was."""
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUS)["role"] is None:
            return
    raise AssertionError("the matrix keeps the focus")
