"""How things are told on every screen."""

import pytest

from persona_batch.wording import clock


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0:00"), (42.4, "0:42"), (3849, "1:04:09"), (86400, "24:00:00"), (183_600, "2 d 3 h")],
)
def test_durations_read_as_people_say_them(seconds: float, said: str) -> None:
    assert clock(seconds) == said
