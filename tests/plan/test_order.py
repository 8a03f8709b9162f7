"""The shuffle without a list is a bijection, seeded, and mixes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_batch.plan.order import SeededOrder


@settings(deadline=None)  # thousands of numbers, on a machine that may be busy
@given(st.integers(0, 3000) | st.integers(4096, 6000), st.text(max_size=10))
def test_every_number_comes_exactly_once(size: int, seed: str) -> None:
    assert sorted(SeededOrder(size, seed)) == list(range(size))


@given(st.integers(0, 50), st.text(max_size=10))
def test_the_same_seed_gives_the_same_order(size: int, seed: str) -> None:
    assert list(SeededOrder(size, seed)) == list(SeededOrder(size, seed))


def test_an_element_of_a_huge_order_is_found_at_once() -> None:
    huge = SeededOrder(10**12, "seed")
    assert len({huge[index] for index in range(1000)}) == 1000
    assert all(0 <= huge[index] < 10**12 for index in range(1000))


def test_outside_is_an_error() -> None:
    with pytest.raises(IndexError):
        SeededOrder(3, "")[3]


def test_positions_are_spread_evenly() -> None:
    # Each of 6 things stands at each of 6 places in about a sixth of 6,000 orders (chi-square, 25 degrees, p = 1e-6).
    counts = [[0] * 6 for _ in range(6)]
    for seed in range(6000):
        for place, thing in enumerate(SeededOrder(6, str(seed))):
            counts[thing][place] += 1
    chi_square = sum((count - 1000) ** 2 / 1000 for row in counts for count in row)
    assert chi_square < 71
