"""The page on batch files tells of each endpoint what its preset says."""

from collections.abc import Iterator

from docs.pages import ROOT
from persona_batch.provider.batches import BatchFacts
from persona_batch.provider.presets import PRESETS

PAGE = (ROOT / "docs" / "batches.md").read_text(encoding="utf-8")
HEAD = "| preset | lines | size | within | price | never with | |\n|---|---|---|---|---|---|---|"


def table() -> str:
    """Return the page's table, made of the presets."""
    return "\n".join([HEAD, *_rows()])


def _rows() -> Iterator[str]:
    for name, preset in PRESETS.items():
        if (facts := preset.batch) is not None:
            lines, size = ("any", "any") if facts.offline else (f"{facts.lines:,}", f"{facts.bytes // 10**6:,} MB")
            price = "your own machine" if facts.offline else f"{facts.share:.0%}"
            never = ", ".join(f"`{one}`" for one in facts.absent) or "–"
            yield f"| `{name}` | {lines} | {size} | {_within(facts)} | {price} | {never} | {facts.note} |"


def _within(facts: BatchFacts) -> str:
    """Return the usual window, and from which to which another may be had."""
    if facts.offline or not facts.windows:
        return "–"
    usual, *others = facts.windows
    if not others:
        return usual
    hours = sorted(int(each.removesuffix("h")) for each in facts.windows)
    return f"{hours[0]}h to {hours[-1]}h, usually {usual}"


def test_the_table_is_that_of_the_presets() -> None:
    assert table() in PAGE


def test_every_preset_without_batch_files_that_is_somebody_elses_is_named() -> None:
    spelled = {"modelscope": "ModelScope", "deepseek": "DeepSeek", "openrouter": "OpenRouter"}
    without = {name for name, preset in PRESETS.items() if preset.batch is None and not preset.own}
    assert without == set(spelled)
    assert all(name in PAGE for name in spelled.values())
