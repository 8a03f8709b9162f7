"""The command line, called in the test's own process."""

from cli.conftest import call

__all__ = ["call"]
