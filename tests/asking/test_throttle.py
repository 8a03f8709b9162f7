from persona_batch.asking.throttle import Throttle


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
