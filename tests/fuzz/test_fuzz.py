"""The short form of `python -m fuzz`, and that it finds what is wrong."""

import random
from pathlib import Path

import pytest

from fuzz.mutating import mutated
from fuzz.running import Target, TooLong, bounded, fuzz
from fuzz.seeds import foreign_files
from fuzz.targets import targets

SECONDS = 1.5


@pytest.mark.slow
@pytest.mark.parametrize("target", targets(), ids=lambda target: target.name)
def test_whatever_a_file_holds_it_ends_well_or_in_an_error_for_users(target: Target, tmp_path: Path) -> None:
    outcome = fuzz(target, SECONDS, seed=2026, keep=tmp_path)
    assert outcome.failures == []
    assert outcome.cases > 10


def test_files_as_they_are_end_well_too(tmp_path: Path) -> None:
    for target in targets():
        plain = 0
        for number, (name, data) in enumerate(target.seeds):
            folder = tmp_path / f"{target.name}-{number}"
            folder.mkdir()
            try:
                target.play(folder, name, data, random.Random(2))
                plain += 1
            except target.errors:
                continue
        assert plain > len(target.seeds) / 3, target.name


def test_a_case_that_breaks_the_law_is_kept_and_can_be_made_again(tmp_path: Path) -> None:
    def play(folder: Path, name: str, data: bytes, rng: random.Random) -> None:
        if b"[[" in data:
            raise RecursionError("too deep")

    target = Target("broken", foreign_files(), play, (ValueError,))
    first, again = (fuzz(target, 60, seed=3, keep=tmp_path / name, most=80) for name in ("first", "again"))
    assert first.failures
    assert [line.replace("first", "again") for line in first.failures] == again.failures
    kept = sorted((tmp_path / "first").iterdir())
    assert [path.read_bytes() for path in kept[0].iterdir() if path.name not in ("case.json", "traceback.txt")] == [
        path.read_bytes()
        for path in (tmp_path / "again" / kept[0].name).iterdir()
        if path.name not in ("case.json", "traceback.txt")
    ]


def test_a_case_that_does_not_end_is_ended() -> None:
    with pytest.raises(TooLong), bounded(seconds=0.05):
        sum(1 for _ in iter(int, 1))


def test_a_case_that_takes_much_memory_is_told() -> None:
    with pytest.raises(MemoryError), bounded(growth=1):
        bytearray(512 * 1024 * 1024)


def test_mutations_keep_to_their_size() -> None:
    rng = random.Random(1)
    for name, data in foreign_files():
        for _ in range(20):
            assert len(mutated(data, [data], rng)) <= 1_000_000, name
