from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from persona_batch.asking.window import RollingWindow


def _send_all(limit: int, span: float, travel: Sequence[tuple[float, float]]) -> list[float]:
    """Send requests as fast as the window lets them; return when the endpoint received each.

    Each takes some seconds on its way there and some until its answer begins.
    """
    window = RollingWindow(limit, span)
    now = 0.0
    answers: list[float] = []
    received: list[float] = []
    for there, back in travel:
        while True:
            due = [moment for moment in answers if moment <= now]
            for moment in due:
                answers.remove(moment)
                window.settle(1, 1, moment)
            free = window.free_at(now, 1)
            if free == now:
                break
            now = min([*answers, *([free] if free is not None else [])])
        window.hold(1)
        received.append(now + there)
        answers.append(now + there + back)
    return sorted(received)


@given(
    limit=st.integers(1, 5),
    travel=st.lists(st.tuples(st.floats(0, 90), st.floats(0, 90)), min_size=1, max_size=30),
)
def test_the_endpoint_never_sees_more_than_the_limit_in_any_minute(
    limit: int, travel: list[tuple[float, float]]
) -> None:
    received = _send_all(limit, 60.0, travel)
    for first, beyond in zip(received, received[limit:], strict=False):
        assert beyond - first > 60.0


def test_quick_answers_use_the_whole_rate() -> None:
    received = _send_all(10, 60.0, [(0.01, 0.01)] * 40)
    assert received[-1] < 3 * 60.5


def test_a_held_amount_is_replaced_by_what_was_spent() -> None:
    window = RollingWindow(100)
    window.hold(80)
    assert window.free_at(0.0, 30) is None
    window.settle(80, 50, 1.0)
    assert window.free_at(1.0, 30) == 1.0
    assert window.free_at(1.0, 60) == 61.05
    assert window.free_at(61.1, 100) == 61.1


def test_an_amount_above_the_limit_goes_when_nothing_else_counts() -> None:
    window = RollingWindow(100)
    assert window.free_at(0.0, 500) == 0.0
    window.hold(500)
    assert window.free_at(0.0, 1) is None
