"""Ids that were given, as digests: they are what a dictionary of the ids themselves is."""

from hypothesis import given
from hypothesis import strategies as st

from persona_batch.exchange.sources.writing.given import Given

IDS = st.lists(st.tuples(st.text(max_size=3), st.integers(0, 2)), max_size=30)


def made(entries: list[tuple[str, int]]) -> tuple[Given, dict[str, int]]:
    found, plain = Given(), dict[str, int]()
    for name, content in entries:
        found.add(name, content)
        plain.setdefault(name, content)
    return found, plain


@given(IDS, IDS)
def test_they_are_those_of_a_dictionary(entries: list[tuple[str, int]], others: list[tuple[str, int]]) -> None:
    (one, plain), (other, beside) = made(entries), made(others)
    assert len(one) == len(plain)
    for name in (*plain, *beside):
        assert (name in one, one.under(name)) == (name in plain, plain.get(name))
    assert one.shares_with(other) == bool(plain.keys() & beside.keys())
    assert one.clashes_with(other) == any(beside.get(name, content) != content for name, content in plain.items())


def test_thousands_are_told_apart() -> None:
    found = Given()
    for number in range(20_000):
        found.add(f"id-{number}", number)
    assert all(found.under(f"id-{number}") == number for number in range(20_000))
    assert not any(f"other-{number}" in found for number in range(20_000))
