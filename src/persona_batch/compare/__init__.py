"""Records → comparison: is the difference real? Pure; numpy and scipy live here and nowhere else."""

from persona_batch.compare.compare import compare, compare_runs
from persona_batch.compare.comparison import MEASURES, Comparison, Estimate

__all__ = ["MEASURES", "Comparison", "Estimate", "compare", "compare_runs"]
