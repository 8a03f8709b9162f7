"""The plots, a module each, found by its file name: `plot_of(facts)` in it draws, or says None: there is nothing to."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from persona_batch.errors import UsageError
from persona_batch.reporting.data import Plot
from persona_batch.reporting.facts import Facts
from persona_batch.wording import meant

_FIRST = ("effects", "attributes", "heat", "map", "confusion", "drift", "days", "latency", "tokens")
PLOTS: tuple[str, ...] = (*_FIRST, *sorted({module.name for module in iter_modules(__path__)} - {*_FIRST}))
"""The names in the order in which they are shown; what is not told to stand first stands behind."""


def check_name(name: str) -> None:
    """Refuse a name that no plot has.

    Raises:
        UsageError: there is no such plot.
    """
    if name not in PLOTS:
        raise UsageError(f"there is no plot `{name}`; {meant(name, PLOTS)}")


def plot_of(name: str, facts: Facts) -> Plot | None:
    """Return the plot of this name; None where there is nothing to draw."""
    found: Plot | None = import_module(f"{__name__}.{name}").plot_of(facts)
    return found


def plots_of(facts: Facts) -> Iterator[Plot]:
    """Yield all plots that there is something to draw for, in the order in which they are shown."""
    for name in PLOTS:
        found = plot_of(name, facts)
        if found is not None:
            yield found
