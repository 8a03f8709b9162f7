"""What the tests of schedules share."""

from pathlib import Path

import pytest

from schedule.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A folder with a persona and a state folder of its own."""
    return Workshop.at(tmp_path)
