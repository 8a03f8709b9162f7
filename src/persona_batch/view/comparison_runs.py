"""What differs between two runs besides the replies: prompts beside their effect, models, failures."""

from collections.abc import Sequence

from persona_batch.comparing import Comparison
from persona_batch.comparing.comparison import RunChanges
from persona_batch.view.comparison_numbers import hanging
from persona_batch.view.palette import Palette
from persona_batch.wording import counted


def run_changes(comparison: Comparison, changes: RunChanges, palette: Palette, width: int) -> str:
    """Return the changes: edited prompts with what they moved, models that changed silently, failures."""
    lines: list[str] = []
    edited = {diff.persona for diff in changes.prompts}
    for diff in changes.prompts:
        effect = hanging(_effect_of(comparison, diff.persona, diff.added + diff.removed), width)
        lines.extend(palette.bold(line) for line in effect)
        lines.extend(line for text in diff.lines for line in hanging(f"  {text}", width))
    unedited = [arm for arm in comparison.arms if arm.reference is not None and arm.name not in edited]
    for arm in unedited:
        if arm.moved_questions:
            lines.extend(hanging(_effect_of(comparison, arm.name, 0), width))
    for change in changes.models:
        told = f"{change.model}: {change.field} was {_list(change.before)}, is {_list(change.after)}"
        lines.extend(palette.bad(line) for line in hanging(told, width))
    for name, cells in (
        ("new failures", changes.new_failures),
        ("failures gone", changes.lost_failures),
        ("checks newly failing", changes.new_check_failures),
        ("checks passing again", changes.lost_check_failures),
    ):
        if cells:
            listed = ", ".join(f"{cell.persona}/{cell.question}#{cell.sample}" for cell in cells[:4])
            lines.extend(hanging(f"{name}: {len(cells):,} ({listed}{' …' if len(cells) > 4 else ''})", width))
    for name, personas in (("only before", changes.only_before), ("only after", changes.only_after)):
        if personas:
            lines.extend(hanging(f"{name}: {_list(personas)}", width))
    return "".join(f"{line}\n" for line in lines)


def _effect_of(comparison: Comparison, persona: str, lines: int) -> str:
    arm = next((arm for arm in comparison.arms if arm.name == persona and arm.reference is not None), None)
    edited = f"prompt changed in {counted(lines, 'line')}" if lines else "prompt unchanged"
    if arm is None:
        return f"{persona}: {edited}"
    if arm.moved_questions is None:
        return f"{persona}: {edited}; single questions cannot be told from noise with so few samples"
    return f"{persona}: {edited}: {len(arm.moved_questions):,} of {arm.questions:,} questions moved beyond noise"


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
