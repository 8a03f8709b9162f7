"""The eight measures, one module each; `MEASURE_TYPES` names them."""

from collections.abc import Callable

from persona_batch.comparing.comparison import MeasureName
from persona_batch.comparing.measures.accuracy import Accuracy
from persona_batch.comparing.measures.adherence import Adherence
from persona_batch.comparing.measures.base import Measure, Study, View
from persona_batch.comparing.measures.change import Change
from persona_batch.comparing.measures.character import Character
from persona_batch.comparing.measures.distinctive import Distinctive
from persona_batch.comparing.measures.drift import Drift
from persona_batch.comparing.measures.identify import Identify
from persona_batch.comparing.measures.shift import Shift

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
