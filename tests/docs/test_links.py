"""Links between the pages lead somewhere, and no page or file names the machine it was written on."""

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from docs.pages import PAGES, ROOT, blocks, name_of

_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_REGISTRIES = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|/simple/|index-url|mirrors?\.\w+\.(?:com|cn|edu)")


def slugs(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_what_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in blocks(page):
        text = text.replace(block.text, "")
    broken = []
    for target in _LINK.findall(text):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, anchor = unquote(target).partition("#")
        aim = (page.parent / name).resolve() if name else page
        if not aim.exists() or (anchor and anchor not in slugs(aim)):
            broken.append(target)
    assert not broken


def test_every_page_of_the_docs_is_in_the_index() -> None:
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    missing = [
        page.name for page in (ROOT / "docs").glob("*.md") if page.name != "index.md" and f"({page.name})" not in index
    ]
    assert not missing


def test_every_design_is_in_their_index() -> None:
    folder = ROOT / "docs/designs"
    index = (folder / "index.md").read_text(encoding="utf-8")
    assert [
        page.name for page in folder.glob("*.md") if page.name != "index.md" and f"({page.name})" not in index
    ] == []
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {
        page.stem for page in folder.glob("*.md") if page.name != "index.md"
    }


def test_no_file_names_a_package_registry() -> None:
    try:
        listed = subprocess.run(
            ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path == Path(__file__) or not path.is_file() or path.suffix in {".png", ".svg"}:
            continue
        if _REGISTRIES.search(path.read_text(encoding="utf-8", errors="replace")):
            found.append(name)
    assert not found
