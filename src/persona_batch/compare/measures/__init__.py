"""The eight measures, one module each; `MEASURE_TYPES` names them."""

from collections.abc import Callable

from persona_batch.compare.comparison import MeasureName
from persona_batch.compare.measures.accuracy import Accuracy
from persona_batch.compare.measures.adherence import Adherence
from persona_batch.compare.measures.base import Measure, Study, View
from persona_batch.compare.measures.change import Change
from persona_batch.compare.measures.character import Character
from persona_batch.compare.measures.distinctive import Distinctive
from persona_batch.compare.measures.drift import Drift
from persona_batch.compare.measures.identify import Identify
from persona_batch.compare.measures.shift import Shift

MEASURE_TYPES: dict[MeasureName, Callable[[Study], Measure]] = {
    "change": Change,
    "shift": Shift,
    "adherence": Adherence,
    "character": Character,
    "identifiability": Identify,
    "words": Distinctive,
    "drift": Drift,
    "accuracy": Accuracy,
}

__all__ = ["MEASURE_TYPES", "Change", "Distinctive", "Identify", "Measure", "Study", "View"]
