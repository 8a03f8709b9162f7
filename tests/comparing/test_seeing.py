"""Who does the work changes nothing of the result."""

import numpy as np

from comparing.made import grid, prose, record
from persona_batch.comparing import compare
from persona_batch.comparing.text_store import TextStore
from persona_batch.record import CheckResult, Record


def records() -> list[Record]:
    rng = np.random.default_rng(1)
    checks = [CheckResult("contains", True, "sea")]
    found = grid({"none": "", "assistant": "", "wukong": "俺老孙来也"}, questions=7, samples=3)
    found += [record("p", f"q{q}", prose(rng), sample=s, checks=checks) for q in range(7) for s in range(3)]
    return found


def test_several_processes_find_what_one_finds() -> None:
    told: list[tuple[int, int]] = []
    alone = compare(records(), workers=1, permutations=199, power=0.8)
    together = compare(
        records(), workers=3, permutations=199, power=0.8, progress=lambda done, total: told.append((done, total))
    )
    assert together == alone
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert {total for _, total in told} == {len(told)}


def test_texts_on_disk_are_read_alike_by_forked_processes() -> None:
    with TextStore(10) as store:
        numbers = [store.append(f"text {number}") for number in range(50)]
        assert store.read(numbers[::-1]) == [f"text {number}" for number in reversed(range(50))]
