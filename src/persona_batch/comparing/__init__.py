"""Records → comparison: is the difference real? Pure; numpy and scipy live here and nowhere else."""

from persona_batch.comparing.compare import compare, compare_runs
from persona_batch.comparing.comparison import MEASURES, Comparison, Estimate
from persona_batch.comparing.excerpts import Wanted

__all__ = ["MEASURES", "Comparison", "Estimate", "Wanted", "compare", "compare_runs"]
