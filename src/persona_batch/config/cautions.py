"""What a user should know of a batch that is right as it stands."""

from collections.abc import Sequence

from persona_batch.checks.language import is_written_in
from persona_batch.config.batch import Persona, RunSettings
from persona_batch.config.params import differing
from persona_batch.config.problems import quote
from persona_batch.wording import listed

_LOOKED_AT = 20_000  # characters of a text, whose language is guessed


def cautions(personas: Sequence[Persona], run: RunSettings) -> tuple[str, ...]:
    """Return sentences for the user."""
    return (*_differing_params(personas), *_foreign_language(personas, run))


def _differing_params(personas: Sequence[Persona]) -> list[str]:
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


def _is_chinese(text: str) -> bool:
    return is_written_in(text[:_LOOKED_AT], "zh")


def _foreign_language(personas: Sequence[Persona], run: RunSettings) -> list[str]:
    if run.base_url is not None or run.base_urls or run.provider not in {None, "local"}:
        return []
    prompts = [persona for persona in personas if any(text and _is_chinese(text) for text in persona.variants)]
    lists = {id(persona.questions): persona.questions for persona in personas}
    questions = {question.id: question for asked in lists.values() for question in asked}
    asked_in_chinese = [name for name, question in questions.items() if _is_chinese(question.text)]
    if not prompts and not asked_in_chinese:
        return []
    parts = []
    if prompts:
        parts.append(f"the prompt of {listed([quote(one.id) for one in prompts], 1)}")
    if asked_in_chinese:
        parts.append(f"the question {listed([*map(quote, asked_in_chinese)], 1)}")
    verb = "is" if len(prompts) + len(asked_in_chinese) == 1 else "are"
    warning = (
        f"the embedded model speaks English only: {' and '.join(parts)} {verb} in Chinese, "
        f"and its replies will be nonsense; choose another endpoint by `--provider`"
    )
    return [warning]
