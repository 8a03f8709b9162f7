"""The Markdown pages of the project, cut into fenced blocks.

A comment right above a fence says what to do with it: `<!-- not run: reason -->` leaves it alone, and
`<!-- file: NAME -->` writes it to a file that later blocks of the page use. `<!-- needs: NAME -->` leaves it alone
where there is no program and no Python module of that name.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md")]
)
PAGES = [path for path in PAGES if not {".venv", ".pytest_cache", "build", "node_modules"} & set(path.parts)]

_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>not run|file|needs): (?P<value>.+?) -->\n)?^```(?P<language>[\w-]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `line` is that of its fence."""

    language: str
    text: str
    line: int
    skipped: str | None = None
    file: str | None = None
    needs: str | None = None


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        mark, value = match["mark"], match["value"]
        found.append(
            Block(
                language=match["language"],
                text=match["text"],
                line=text.count("\n", 0, match.start("language")) + 1,
                skipped=value if mark == "not run" else None,
                file=value if mark == "file" else None,
                needs=value if mark == "needs" else None,
            )
        )
    return found


def name_of(page: Path) -> str:
    """Return a page's path from the root, for the names of tests."""
    return page.relative_to(ROOT).as_posix()
