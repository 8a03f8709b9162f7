"""Places of a million results, packed: as a dictionary has them."""

from hypothesis import given
from hypothesis import strategies as st

from persona_batch.engine.batches.places import Place, Places

# Few different bytes, so that neighbours in a bucket spell each other's keys across their borders.
_parts = st.lists(st.sampled_from(["00", "0f", "ff"]), min_size=14, max_size=14)
_keys = _parts.map(lambda parts: "0000" + "".join(parts))
_places = st.builds(Place, st.integers(0, 2), st.integers(0, 2**48 - 1), st.booleans())


@given(st.lists(st.tuples(_keys, _places)), _keys)
def test_a_good_place_stays_and_any_other_gives_way_to_a_good_one(added: list[tuple[str, Place]], other: str) -> None:
    places, expected = Places(), dict[str, Place]()
    for key, place in added:
        taken = key not in expected or (place.good and not expected[key].good)
        assert places.add(key, place) == taken
        if taken:
            expected[key] = place
    assert len(places) == len(expected)
    assert all(places.find(key) == place for key, place in expected.items())
    assert places.find(other) == expected.get(other)
