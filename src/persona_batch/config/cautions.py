"""What a user should know before a run, though nothing is wrong with the files."""

from collections.abc import Sequence

from persona_batch.checks.language import is_written_in
from persona_batch.config.batch import Persona, RunSettings
from persona_batch.config.params import differing
from persona_batch.config.problems import quote


def cautions(personas: Sequence[Persona], run: RunSettings) -> tuple[str, ...]:
    """Return sentences for the user."""
    return (*_params(personas), *_language(personas, run))


def _params(personas: Sequence[Persona]) -> list[str]:
    layers = [persona.params for persona in personas if not persona.control]
    names = differing(layers)
    if not names:
        return []
    listed = ", ".join(names)
    warning = (
        f"the personas differ in params ({listed}), so a difference between them is not their prompt's alone; "
        f"the built-in controls are asked with what all of them share"
    )
    return [warning]


def _language(personas: Sequence[Persona], run: RunSettings) -> list[str]:
    if run.base_url is not None or run.provider not in {None, "local"}:
        return []
    prompts = [persona for persona in personas if any(text and is_written_in(text, "zh") for text in persona.variants)]
    lists = {id(persona.questions): persona.questions for persona in personas}
    questions = {question.id: question for asked in lists.values() for question in asked}
    asked_in_chinese = [name for name, question in questions.items() if is_written_in(question.text, "zh")]
    if not prompts and not asked_in_chinese:
        return []
    parts = []
    if prompts:
        more = f" and {len(prompts) - 1:,} more" if len(prompts) > 1 else ""
        parts.append(f"the prompt of {quote(prompts[0].id)}{more}")
    if asked_in_chinese:
        more = f" and {len(asked_in_chinese) - 1:,} more" if len(asked_in_chinese) > 1 else ""
        parts.append(f"the question {quote(asked_in_chinese[0])}{more}")
    verb = "is" if len(prompts) + len(asked_in_chinese) == 1 else "are"
    warning = (
        f"the embedded model speaks English only: {' and '.join(parts)} {verb} in Chinese, "
        f"and its replies will be nonsense; choose another endpoint by `--provider`"
    )
    return [warning]
