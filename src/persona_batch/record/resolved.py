"""A batch as the manifest of its run keeps it; `record.agreement` makes a batch of that again."""

from dataclasses import fields, replace

import msgspec

from persona_batch.chat import JsonValue
from persona_batch.config.batch import Batch, Persona, Question, RunSettings
from persona_batch.plan.grid import Grid


def resolved(batch: Batch, grid: Grid) -> dict[str, JsonValue]:
    """Return the personas, question sets and run settings of a whole batch as plain JSON values.

    A persona's `questions` is the index of its set in `question_sets`, which hold question ids: 300 personas that
    share 240 questions would otherwise write each question 300 times.
    """
    sets: dict[int, int] = {}
    question_sets: list[list[str]] = []
    entries: list[dict[str, JsonValue]] = []
    for persona in batch.personas:
        place = sets.setdefault(id(persona.questions), len(question_sets))
        if place == len(question_sets):
            question_sets.append([question.id for question in persona.questions])
        entries.append({**_fields(persona), "questions": place})
    return {
        "personas": entries,
        "question_sets": question_sets,
        "questions": [_fields(question) for question in grid.all_questions],
        **(
            {"partners": {name: {**_fields(one), "questions": 0} for name, one in batch.partners.items()}}
            if batch.partners
            else {}
        ),
        "provider_params": grid.provider_params,
        "cli_params": grid.cli_params,
        "developer_role": grid.developer_role,
        # Of the extra headers, the names: a value may be a secret, whatever its header is called.
        "run": _fields(replace(batch.run, extra_headers=dict.fromkeys(batch.run.extra_headers, "…"))),
    }


def _fields(of: Persona | Question | RunSettings) -> dict[str, JsonValue]:
    """Return a model as plain values, without a persona's questions, the places of settings, and what says nothing."""
    names = [one.name for one in fields(of) if one.name not in ("questions", "sources", "rows")]
    plain = {name: msgspec.to_builtins(getattr(of, name)) for name in names}
    if isinstance(of, Persona) and of.rows is not None:
        plain["rows"] = of.rows.written()
    return {name: value for name, value in plain.items() if value not in (None, (), [], {})}
