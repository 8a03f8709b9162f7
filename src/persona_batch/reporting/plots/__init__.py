"""The plots, a module each: its file name is the plot's, and `plot_of(facts)` in it draws, or says None: nothing to."""

from importlib import import_module
from pkgutil import iter_modules

from persona_batch.reporting.data import Plot
from persona_batch.reporting.facts import Facts

_FIRST = ("effects", "heat", "map", "confusion", "drift", "history", "latency", "tokens")
_FOUND = {module.name for module in iter_modules(__path__)}
PLOTS = (*(name for name in _FIRST if name in _FOUND), *sorted(_FOUND - {*_FIRST}))
"""The names in the order in which they are shown; what is not told to stand first stands behind."""


def plot_of(name: str, facts: Facts) -> Plot | None:
    """Return the plot of this name; None where there is nothing to draw."""
    found: Plot | None = import_module(f"{__name__}.{name}").plot_of(facts)
    return found


def plots_of(facts: Facts) -> list[Plot]:
    """Return all plots that there is something to draw for, in the order in which they are shown."""
    return [plot for name in PLOTS if (plot := plot_of(name, facts)) is not None]
