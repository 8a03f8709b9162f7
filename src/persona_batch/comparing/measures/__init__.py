"""The measures, a module each: its file name is the measure's, and its class stands in it as `MEASURE`."""

from importlib import import_module
from pkgutil import iter_modules

from persona_batch.comparing.comparison import MeasureName
from persona_batch.comparing.measure import Measure

_FIRST = (
    "told_apart",
    "change",
    "shift",
    "adherence",
    "consistency",
    "character",
    "identifiability",
    "words",
    "drift",
    "accuracy",
    "judged",
    "rated",
    "loss",
)
MEASURES: tuple[MeasureName, ...] = (*_FIRST, *sorted({module.name for module in iter_modules(__path__)} - {*_FIRST}))
"""The names in the order of the tables; what is not told to stand first stands behind."""


def measure_of(name: MeasureName) -> type[Measure]:
    """Return the measure of this name; only then its module is loaded."""
    found: type[Measure] = import_module(f"{__name__}.{name}").MEASURE
    return found
