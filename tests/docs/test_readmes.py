"""The two READMEs say the same, and the same as the gate."""

import re

import pytest

from docs.pages import ROOT, blocks

ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"


def commands(text: str) -> list[str]:
    """Return the lines of a block without their comments."""
    return [re.sub(r"\s+#.*", "", line) for line in text.splitlines()]


def test_both_have_the_same_blocks() -> None:
    english, chinese = blocks(ENGLISH), blocks(CHINESE)
    assert [(block.language, commands(block.text)) for block in english] == [
        (block.language, commands(block.text)) for block in chinese
    ]


@pytest.mark.parametrize(
    "pattern", [r"^## ", r"!\[", r"^- ", r"\d[\d,.]*"], ids=["headings", "pictures", "points", "figures"]
)
def test_both_have_the_same(pattern: str) -> None:
    english, chinese = (
        re.findall(pattern, path.read_text(encoding="utf-8"), re.MULTILINE) for path in (ENGLISH, CHINESE)
    )
    assert len(english) == len(chinese)


def test_the_first_two_blocks_are_the_two_commands() -> None:
    first, second = blocks(ENGLISH)[:2]
    assert first.text == "pip install uv && uv run batch run personas/wukong.yaml\n"
    assert second.text == "pip install uv && uv run pytest\n"
