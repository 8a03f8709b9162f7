"""How much a call asks: cells by persona, and requests."""

from collections.abc import Container, Iterator, Sequence

from persona_batch.config.batch import Persona
from persona_batch.plan.arm import Arm
from persona_batch.plan.arm_lists import ArmList, RowArms
from persona_batch.plan.asked import AskedQuestion
from persona_batch.plan.selection import Selection, ids_of

_LISTED_ROWS = 5_000  # of a table, that are counted one by one


class Sizes:
    """Counts what a selection of a batch's arms and questions comes to.

    Args:
        arms: all arms.
        asked: all questions.
        selection: which of both are chosen.
        per_arm: cells of one arm, one question and one form: models × samples.
    """

    def __init__(self, arms: ArmList, asked: Sequence[AskedQuestion], selection: Selection, per_arm: int) -> None:
        self._arms, self._asked, self._selection, self._per_arm = arms, asked, selection, per_arm
        self._row_names: dict[str, list[str]] = {}
        self.total = sum(len(one.arms) * len(one.forms) for one in asked) * per_arm
        self.chosen = sum(selection.arms(one) * len(one.forms) for one in asked) * per_arm

    def written_personas(self) -> list[Persona]:
        """Return the chosen personas that are written out, controls first."""
        asked = (arm for arm in self._arms.written if self._selection.has_persona(arm))
        return list({id(arm.persona): arm.persona for arm in asked}.values())

    def persona_ids(self) -> Iterator[str]:
        """Yield the ids of the chosen personas, the written ones first."""
        yield from (persona.id for persona in self.written_personas())
        for table in self._arms.tables:
            yield from self._selection.rows(table)

    def persona_count(self) -> int:
        """Return how many personas and controls are chosen."""
        rows = (
            len(one.shape.rows or ()) if self._selection.personas is None else len([*self._selection.rows(one)])
            for one in self._arms.tables
        )
        return len(self.written_personas()) + sum(rows)

    def cells(self) -> dict[str, int]:
        """Return the cells per persona id; of a long table all rows together, under its name."""
        selection = self._selection
        counts = dict.fromkeys((persona.id for persona in self.written_personas()), 0)
        for table in self._arms.tables:
            listed = selection.personas is not None or not self._is_long(table)
            counts |= dict.fromkeys(selection.rows(table) if listed else [table.shape.id], 0)
        for asked in filter(selection.has_question, self._asked):
            each = self._per_arm * len(asked.forms)
            arms = asked.arms
            for arm in arms.written if isinstance(arms, ArmList) else arms:
                if selection.has_persona(arm):
                    counts[arm.persona.id] += each
            for table in arms.tables if isinstance(arms, ArmList) else ():
                if selection.personas is None and self._is_long(table):
                    counts[table.shape.id] += len(table) * each
                elif selection.personas is None:
                    self._add_rows(table, each, counts)
                else:
                    for arm in filter(selection.has_persona, table):
                        counts[arm.persona.id] += each
        return counts

    def counted_as(self, arm: Arm, counts: Container[str]) -> str:
        """Return the name under which `cells` counts an arm's cells."""
        name = arm.persona.id
        if name in counts:
            return name
        tables = (table.shape for table in self._arms.tables)
        return next(shape.id for shape in tables if shape.rows is not None and shape.rows.number_of(name) is not None)

    def requests(self) -> int:
        """Return how many requests the chosen cells are, if every conversation comes to its end."""
        return sum(
            asked.requests(arm) * self._per_arm * len(asked.forms)
            for asked in filter(self._selection.has_question, self._asked)
            for arm in asked.arms
            if self._selection.has_persona(arm)
        )

    def longest(self) -> int:
        """Return how many requests the longest conversation is."""
        chosen = filter(self._selection.has_question, self._asked)
        arms = ((asked, arm) for asked in chosen for arm in asked.arms)
        return max((asked.requests(arm) for asked, arm in arms if self._selection.has_persona(arm)), default=0)

    @staticmethod
    def _is_long(table: RowArms) -> bool:
        return len(table.shape.rows or ()) > _LISTED_ROWS

    def _add_rows(self, table: RowArms, each: int, counts: dict[str, int]) -> None:
        """Add the cells of a question to all rows of a table."""
        size = len(table) // max(1, len(table.shape.rows or ())) * each
        names = self._row_names.get(table.shape.id)
        if names is None:
            names = self._row_names[table.shape.id] = list(ids_of(table.shape))
        for name in names:
            counts[name] += size
