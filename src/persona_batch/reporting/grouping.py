"""By what the points of a plot are coloured: personas while they are few, else what they have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from persona_batch.reporting.charts import GROUPS
from persona_batch.reporting.data import Told
from persona_batch.reporting.facts import Facts
from persona_batch.reporting.plot import same

_NONE = "–"
_WITHOUT = Told("(without)", "（无）")
_ROLES = {
    "control": Told("control", "对照"),
    "placebo": Told("harmless prompt", "无害提示"),
    "persona": Told("persona", "角色"),
}


@dataclass(frozen=True, slots=True)
class Groups:
    """Names of groups, and the group of each condition; `by` is the factor that made them."""

    by: Told
    names: Sequence[Told]
    of: Sequence[int]


def groups_of(facts: Facts) -> Groups:
    """Return at most `GROUPS` groups of conditions: personas, levels of a factor, or roles."""
    conditions = facts.conditions
    factors = sorted(facts.factors, key=lambda factor: (factor.kind != "persona", factor.kind != "attribute"))
    for factor in factors:
        found = [condition.levels.get(factor.name, _NONE) for condition in conditions]
        names = list(dict.fromkeys(found))
        if len(set(found) - {_NONE}) >= 2 and len(names) <= GROUPS:
            by = Told("persona", "角色") if factor.kind == "persona" else same(factor.name)
            return Groups(
                by, [_WITHOUT if name == _NONE else same(name) for name in names], [names.index(name) for name in found]
            )
    roles = list(dict.fromkeys(condition.role for condition in conditions))
    return Groups(Told("role", "身份"), [_ROLES[role] for role in roles], [roles.index(one.role) for one in conditions])
