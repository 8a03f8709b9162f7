"""What the filters of a call choose: personas and questions by globs on their ids, personas with their controls."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from persona_batch.config.batch import Persona
from persona_batch.errors import UsageError
from persona_batch.plan.arm import Arm
from persona_batch.plan.arm_lists import RowArms
from persona_batch.plan.asked import AskedQuestion
from persona_batch.wording import meant


class Selection:
    """The chosen part of a batch.

    Args:
        batch_personas: those of the batch, controls among them.
        personas, questions: globs on ids; none: all. Chosen personas bring their controls along.

    Raises:
        UsageError: a glob that matches nothing.
    """

    def __init__(self, batch_personas: Sequence[Persona], personas: Sequence[str], questions: Sequence[str]) -> None:
        if personas:
            _require_matches("persona", personas, [name for persona in batch_personas for name in ids_of(persona)])
        _require_matches("question", questions, _question_ids(select(batch_personas, personas)))
        self.personas = wanted_ids(batch_personas, personas)  # None: all of them
        self._questions = questions
        self._arms_by_list: dict[int, int] = {}

    def has_persona(self, arm: Arm) -> bool:
        """Whether the arm's persona is chosen."""
        return self.personas is None or arm.persona.id in self.personas

    def has_question(self, asked: AskedQuestion) -> bool:
        """Whether the question is chosen."""
        return not self._questions or any(fnmatchcase(asked.question.id, glob) for glob in self._questions)

    def rows(self, table: RowArms) -> Iterable[str]:
        """Return the ids of a table's rows that are chosen."""
        names = ids_of(table.shape)
        return names if self.personas is None else (name for name in names if name in self.personas)

    def arms(self, asked: AskedQuestion) -> int:
        """Return how many arms are chosen to ask a question."""
        if not self.has_question(asked):
            return 0
        if self.personas is None:
            return len(asked.arms)
        if id(asked.arms) not in self._arms_by_list:
            self._arms_by_list[id(asked.arms)] = sum(map(self.has_persona, asked.arms))
        return self._arms_by_list[id(asked.arms)]


def select(personas: Sequence[Persona], globs: Sequence[str]) -> list[Persona]:
    """Return the personas (of a table: all, if any) whose id matches one of `globs`, with their controls."""
    wanted = wanted_ids(personas, globs)
    return list(personas) if wanted is None else [one for one in personas if not wanted.isdisjoint(ids_of(one))]


def wanted_ids(personas: Sequence[Persona], globs: Sequence[str]) -> frozenset[str] | None:
    """Return the ids that match one of `globs`, with those of their controls; None: all, there are no globs."""
    if not globs:
        return None
    wanted: set[str] = set()
    for persona in personas:
        mine = [name for name in ids_of(persona) if any(fnmatchcase(name, glob) for glob in globs)]
        wanted.update(mine, persona.controls if mine else ())
    return frozenset(wanted)


def ids_of(persona: Persona) -> Iterable[str]:
    """Return a persona's id, or those of a table's rows."""
    return (persona.id,) if persona.rows is None else persona.rows.names()


def _question_ids(personas: Sequence[Persona]) -> list[str]:
    sets = {id(persona.questions): persona.questions for persona in personas}
    return list(dict.fromkeys(question.id for questions in sets.values() for question in questions))


def _require_matches(what: str, globs: Sequence[str], ids: Sequence[str]) -> None:
    for glob in globs:
        if not any(fnmatchcase(name, glob) for name in ids):
            raise UsageError(f"no {what} matches `{glob}`; {meant(glob, ids)}")
