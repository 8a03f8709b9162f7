"""How the whole suite is run."""

import os

from hypothesis import settings

settings.register_profile("suite", deadline=None)  # a slow machine is no failing example
settings.load_profile("suite")


def pytest_xdist_auto_num_workers() -> int:
    """Use the cores there are, but no more than four: tests start models, servers and workers of their own."""
    return min(4, os.cpu_count() or 1)
