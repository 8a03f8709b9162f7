from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.asking.pace import RollingWindow, Throttle, TokenEstimate, text_tokens
from persona_batch.chat import Message, Usage
from persona_batch.provider.contract import Request


def _accept(throttle: Throttle, rounds: int) -> None:
    for _ in range(rounds):
        for _ in range(throttle.size):
            throttle.accepted()


def test_it_starts_low_and_grows_with_every_accepted_request_up_to_the_ceiling() -> None:
    throttle = Throttle(100)
    sizes = [throttle.size]
    for _ in range(4):
        _accept(throttle, 1)
        sizes.append(throttle.size)
    assert sizes == [16, 32, 64, 100, 100]


def test_a_low_ceiling_is_there_at_once() -> None:
    assert Throttle(8).size == 8
    assert Throttle(1).size == 1


def test_a_refusal_halves_and_then_it_grows_by_one_a_round() -> None:
    throttle = Throttle(64)
    _accept(throttle, 3)
    assert throttle.refused(sent_at=1.0, now=2.0)
    assert throttle.size == 32
    _accept(throttle, 1)
    assert throttle.size in {32, 33}
    _accept(throttle, 4)
    assert 34 <= throttle.size <= 38


def test_refusals_of_one_burst_count_once() -> None:
    throttle = Throttle(16)
    assert throttle.refused(sent_at=1.0, now=2.0)
    assert not throttle.refused(sent_at=1.5, now=2.1)
    assert throttle.size == 8
    assert throttle.refused(sent_at=2.2, now=3.0)
    assert throttle.size == 4


def test_one_request_is_always_allowed() -> None:
    throttle = Throttle(16)
    for moment in range(20):
        throttle.refused(sent_at=moment + 0.5, now=moment + 0.9)
    assert throttle.size == 1


def test_not_adaptive_means_the_ceiling_always() -> None:
    throttle = Throttle(100, adaptive=False)
    assert not throttle.refused(sent_at=1.0, now=2.0)
    assert throttle.size == 100


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


@pytest.mark.parametrize(("text", "least"), [("你是孙悟空", 5), ("a pirate who speaks", 5), ("", 1)])
def test_estimates_are_generous(text: str, least: int) -> None:
    assert text_tokens(text) >= least


def test_an_estimate_respects_the_ceiling_and_learns() -> None:
    estimate = TokenEstimate()
    plain = Request("m", (Message("system", "你是孙悟空"), Message("user", "question 0")))
    capped = Request("m", plain.messages, {"max_tokens": 10})
    assert estimate.of(capped) < 50
    before = estimate.of(plain)
    for _ in range(200):
        estimate.learn(Usage(completion_tokens=20))
    assert estimate.of(plain) < before / 3
    estimate.learn(Usage(completion_tokens=4000))
    assert estimate.of(plain) > 2000
