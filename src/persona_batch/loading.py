"""Loading libraries into somebody's process without what they set in it while they load.

numpy and scipy add filters of warnings, and threadpoolctl a variable to the environment.
"""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


@contextmanager
def left_as_it_was() -> Iterator[None]:
    """Put filters of warnings and the environment back to what they are now, when the block is left."""
    before = dict(os.environ)
    with warnings.catch_warnings():
        try:
            yield
        finally:
            for name in os.environ.keys() - before.keys():
                del os.environ[name]


def load(*names: str) -> None:
    """Import modules that are not there yet, and leave the process otherwise as it was."""
    missing = [name for name in names if name not in sys.modules]
    if missing:
        with left_as_it_was():
            for name in missing:
                import_module(name)
