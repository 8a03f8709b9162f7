"""Arms by the names that records carry, made when somebody first asks for them."""

from collections.abc import Mapping, Sequence

from persona_batch.chat import JsonValue
from persona_batch.plan.arm import Arm
from persona_batch.plan.arm_lists import ArmList
from persona_batch.plan.asked import AskedQuestion
from persona_batch.plan.key import canonical_json


class NamedArms:
    """Finds the arm that asks a question, by persona, variant, placement and levels."""

    def __init__(self, arms: ArmList, asked: Sequence[AskedQuestion]) -> None:
        self._tables = arms.tables
        self._arms: dict[tuple[str, int, str, bytes], Arm] = {
            (arm.persona.id, arm.variant, arm.placement, canonical_json(arm.factors)): arm for arm in arms.written
        }
        names = {id(one.arms): _names(one.arms) for one in asked}
        self._questions = {one.question.id: (one, names[id(one.arms)]) for one in asked}

    def find(
        self, question: str, persona: str, variant: int, placement: str, factors: Mapping[str, JsonValue]
    ) -> tuple[AskedQuestion, Arm] | None:
        """Return the question and the arm of these names; None: there is none, or it does not ask that question."""
        named = (persona, variant, placement, canonical_json(factors))
        arm, group = self._arms.get(named), None
        for table in self._tables if arm is None else ():
            if (arm := table.find(*named)) is not None:
                group = table.shape.id
                break
        known = self._questions.get(question)
        if arm is None or known is None or (group or arm.name) not in known[1]:
            return None
        return known[0], arm


def _names(arms: Sequence[Arm]) -> frozenset[str]:
    """Return what tells which arms stand in a list: the names of those written out, and the tables."""
    if isinstance(arms, ArmList):
        return frozenset((*(arm.name for arm in arms.written), *(table.shape.id for table in arms.tables)))
    return frozenset(arm.name for arm in arms)
