"""Records → comparison: is the difference real? Pure; numpy and scipy live here and nowhere else."""

from persona_batch.comparing.compare import compare, compare_runs
from persona_batch.comparing.comparison import Comparison, Estimate
from persona_batch.comparing.excerpts import Wanted
from persona_batch.comparing.measures import MEASURES

__all__ = ["MEASURES", "Comparison", "Estimate", "Wanted", "compare", "compare_runs"]
