import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.plan.key import KeySet
from record.samples import key_of

# Few distinct bytes: keys that share a bucket and meet at their borders.
_close_keys = st.lists(st.sampled_from([b"\0", b"\1"]), min_size=16, max_size=16).map(
    lambda digits: b"".join(digits).hex()
)


@given(st.lists(_close_keys | st.binary(min_size=16, max_size=16).map(bytes.hex)))
def test_behaves_like_a_set(keys: list[str]) -> None:
    plain: set[str] = set()
    compact = KeySet()
    for key in keys:
        assert (key in compact) == (key in plain)
        assert compact.add(key) == (key not in plain)
        plain.add(key)
        assert key in compact
        assert len(compact) == len(plain)


def test_a_key_across_the_border_of_two_others_is_not_found() -> None:
    keys = KeySet()
    keys.add("00" * 8 + "11" * 8)
    keys.add("00" * 8 + "22" * 8)
    assert "11" * 8 + "00" * 8 not in keys


@pytest.mark.parametrize("wrong", ["", "12", "xy" * 16, "00" * 17])
def test_refuses_what_is_no_key(wrong: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        KeySet().add(wrong)


def test_needs_less_than_40_bytes_a_key() -> None:
    tracemalloc.start()
    try:
        keys = KeySet()
        for number in range(50_000):
            keys.add(key_of(number))
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size / 50_000 < 40
