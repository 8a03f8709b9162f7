"""What is read off the awkward worlds: rates of tests, of both halves of the claim, of intervals, of the watch."""

from collections.abc import Callable

import numpy as np

from benchmarks.simulate_cells import Prose, YesNo, first_alarm, levelled, levels, month, stems
from benchmarks.simulate_rows import LEVEL, Aim, Read, Row, significant
from persona_batch.comparing import Comparison
from persona_batch.comparing.follow import follow
from persona_batch.record import Record

Held = Callable[[np.random.Generator], float]


def rows() -> list[Row]:
    """Return the worlds of single comparisons."""
    return [*_short(), *_cells(), *_copies(), *_claims(), *_lost(), *_clusters(), *_levels(), *_intervals(), *_moved()]


def _short() -> list[Row]:
    worlds = {
        "yes/no 80 : 80, 5 : 2 samples": YesNo(control_samples=2),
        "yes/no 90 : 90, 5 : 2 samples": YesNo(rate=0.9, control_rate=0.9, control_samples=2),
        "yes/no 80 : 80, five wordings × 1 : 1 × 5": YesNo(variants=True),
        "yes/no 80 : 80, 10 : 5 samples": YesNo(samples=10),
    }
    measures = ("accuracy", "change", "told_apart")
    found = [
        Row(
            world.records,
            measures,
            tuple(Aim(f"{name}: {measure}", significant(measure), "level") for measure in measures),
        )
        for name, world in worlds.items()
    ]
    moved = YesNo(questions=40, samples=10, control_samples=10, rate=0.7, control_rate=0.3)
    aims = (
        Aim("yes/no 70 : 30: points of accuracy, in hundreds", _value("accuracy"), expected=0.40),
        Aim("yes/no 70 : 30: told apart", _value("told_apart"), expected=0.70, tolerance=0.01),
        Aim("yes/no 70 : 30: power of change", significant("change"), expected=1.0),
    )
    return [*found, Row(moved.records, measures, aims, share=0.1)]


def _cells() -> list[Row]:
    found = []
    for samples, control in ((10, 5), (5, 2), (3, 3), (2, 2), (5, 1), (1, 2), (1, 1)):
        world = Prose(questions=12, samples=samples, control_samples=control, words=12)
        aims = tuple(
            Aim(f"{measure}, {samples} : {control} samples", significant(measure))
            for measure in ("change", "told_apart")
        )
        shared = Aim(f"shared shift, {samples} : {control} samples", significant("told_apart", "shared shift"))
        found.append(Row(world.records, ("change", "told_apart"), (*aims, shared)))
    return found


def _copies() -> list[Row]:
    read = significant("change")
    world = Prose(copied=True, words=20)
    aims = (
        Aim("change, one arm's samples are one answer", read),
        Aim("told apart, the same", significant("told_apart")),
    )
    few = Prose(words=20, alike=3)
    held = Aim("the claim holds: temperature 0, 3 of 20 questions answered alike", _holds, "level")
    greedy = Prose(words=20, samples=1, control_samples=1, alike=20)

    def four(rng: np.random.Generator) -> list[Record]:
        return levelled(greedy.records(rng), 4)

    copied = Aim("the claim holds: temperature 0, four levels that do nothing", _holds, "level")
    return [
        Row(four, ("change", "told_apart"), (copied,), share=0.3),
        Row(world.records, ("change", "told_apart"), aims),
        Row(few.records, ("change", "told_apart"), (held,), share=0.3),
    ]


def _claims() -> list[Row]:
    alike = (("assistant", 0.06), ("p0", 0.06))
    worlds = {
        "nothing anywhere": Prose(shares=(("assistant", 0.0), ("p0", 0.0))),
        "persona = placebo, both differ": Prose(shares=alike),
        "persona = placebo, both differ a little": Prose(shares=(("assistant", 0.02), ("p0", 0.02))),
    }
    found = [
        Row(world.records, ("change", "told_apart"), (Aim(f"the claim holds: {name}", _holds, "level"),), share=0.5)
        for name, world in worlds.items()
    ]
    twenty = Prose(questions=10, samples=4, control_samples=4, shares=tuple((name, 0.1) for name in _names(20)))
    aim = Aim("the claim holds for any of 20 that are like a placebo", _any_holds, "level")
    found.append(Row(twenty.records, ("change", "told_apart"), (aim,), 1_999, 0.1))
    real = Prose(shares=(("assistant", 0.0), ("p0", 0.10)))
    found.append(
        Row(
            real.records,
            ("change", "told_apart"),
            (Aim("the claim holds: a real effect", _holds, expected=1.0, tolerance=0.03),),
            share=0.1,
        )
    )
    return found


def _lost() -> list[Row]:
    length = significant("shift", "length")
    found = []
    for limit in (54.0, 50.0, 46.0):
        world = Prose(words=40, length_spread=6.0, lost_over=limit)
        aim = Aim(f"length where the arm's replies over {limit:.0f} words of 40 time out", _told(length), "level")
        found.append(Row(world.records, ("shift",), (aim,), share=0.5))
    many = Prose(questions=240, words=40, length_spread=6.0, lost_over=53.0)
    skewed = Prose(questions=40, words=20, skewed=0.7, lost_over=100.0)
    for name, world, share in (
        ("length where 2 % of the arm's replies time out, 240 questions", many, 0.1),
        ("length where 1 % of the arm's replies time out, skewed", skewed, 0.5),
    ):
        found.append(Row(world.records, ("shift",), (Aim(name, _told(length), "level"),), share=share))
    cut = Prose(words=40, length_spread=6.0, cut_over=30.0)
    found.append(Row(cut.records, ("shift",), (Aim("length where nearly all are cut", length, "never"),), share=0.1))
    tokens = Aim("tokens until the cut, the same on both sides", significant("shift", "tokens"), "level")
    some = Prose(words=40, length_spread=6.0, cut_over=42.0)
    return [*found, Row(some.records, ("shift",), (tokens,), share=0.5)]


def _clusters() -> list[Row]:
    found = []
    for count in (6, 8, 10):
        named = {f"q{question:03d}": f"stem{question % count}" for question in range(20)}

        def make(rng: np.random.Generator, count: int = count) -> list[Record]:
            return stems(rng, count)

        aim = Aim(f"20 questions of {count} stems, by cluster", significant("shift", "length"), "level")
        found.append(Row(make, ("shift",), (aim,), options={"clusters": named}))
    return found


def _levels() -> list[Row]:
    def make(rng: np.random.Generator) -> list[Record]:
        return levels(rng, 8)

    aim = Aim("--by an attribute, 8 personas of random effect", _level, "level")
    return [Row(make, ("shift",), (aim,), options={"by": "world"}, share=0.5)]


def _intervals() -> list[Row]:
    found = []
    for name, world in (
        ("alike in all questions", Prose(shares=(("p0", 0.15),))),
        ("varying by question", Prose(shares=(("p0", 0.15),), spread=0.7)),
    ):
        truth = _truth(world)
        aims = (
            Aim(f"95% interval of H, {name}", _within("change", truth["change"]), expected=0.95, tolerance=0.03),
            Aim(f"95% interval of told apart, {name}", _within("told_apart", truth["told_apart"]), "near", 0.95, 0.04),
        )
        found.append(Row(world.records, ("change", "told_apart"), aims, 99, 0.4))
    return found


def _moved() -> list[Row]:
    def make(rng: np.random.Generator) -> list[Record]:
        return _some_moved(rng, 4)

    aims = (
        Aim("more questions counted as moved than did (4 of 20)", _too_many, "level"),
        Aim("share of false names among the moved (4 of 20)", _false_names, "level"),
    )
    none = Prose(words=20)
    quiet = Aim("any question counted as moved where none did", _any_moved, "level")
    return [Row(make, ("change",), aims, share=0.3), Row(none.records, ("change",), (quiet,), share=0.3)]


def watches() -> list[tuple[str, Held, float, float, float]]:
    """Return the rows of the watch: name, what a replicate gives, what it should be, tolerance, share of them made."""
    found: list[tuple[str, Held, float, float, float]] = [
        (f"watch: a false alarm in 120 nights, {kind}", _false(kind), LEVEL, 0.0, 0.1)
        for kind in ("normal", "skewed", "rate")
    ]
    found.append(("watch: a step of .5 sd is found within a week", _step, 0.9, 0.1, 0.1))
    found.append(("watch: drift of .02 sd a night is found within 40", _drift, 0.95, 0.1, 0.05))
    found.append(("history: any false alarm in 30 nights, 2 personas", _month, LEVEL, 0.0, 0.03))
    return found


def _false(kind: str) -> Held:
    return lambda rng: float(first_alarm(rng, kind, nights=120) is not None)


def _step(rng: np.random.Generator) -> float:
    found = first_alarm(rng, "normal", nights=37, step=0.5, at=30)
    return float(found is not None and found >= 30)


def _drift(rng: np.random.Generator) -> float:
    return float(first_alarm(rng, "normal", nights=40, drift=0.02) is not None)


def _month(rng: np.random.Generator) -> float:
    return float(bool(follow("crew", month(rng)).drifted))


def _names(count: int) -> list[str]:
    return ["assistant", *(f"p{number}" for number in range(count))]


def _some_moved(rng: np.random.Generator, moved: int) -> list[Record]:
    world = Prose(words=20)
    there = {record.key: record for record in Prose(words=20, shares=(("p0", 0.4),)).records(rng)}
    return [
        there[record.key] if record.persona == "p0" and int(record.question[1:]) < moved else record
        for record in world.records(rng)
    ]


def _value(measure: str) -> Read:
    def read(comparison: Comparison) -> float | None:
        row = comparison.find(measure, "p0")
        return None if row is None else row.value

    return read


def _told(read: Read) -> Read:
    """Read a test that may be withheld: what is not told is no claim."""
    return lambda comparison: read(comparison) or 0.0


def _level(comparison: Comparison) -> float | None:
    row = comparison.find("shift", "world=sea", "length")
    return None if row is None or row.p is None else float(row.p <= LEVEL)


def _holds(comparison: Comparison) -> float | None:
    return float(any(claim.holds for claim in comparison.claims if claim.arm == "p0"))


def _any_holds(comparison: Comparison) -> float | None:
    return float(any(claim.holds for claim in comparison.claims))


def _within(measure: str, truth: float) -> Read:
    def read(comparison: Comparison) -> float | None:
        row = comparison.find(measure, "p0")
        if row is None or row.interval is None:
            return None
        return float(row.interval.low <= truth <= row.interval.high)

    return read


def _truth(world: Prose) -> dict[str, float]:
    """Return the sizes as many questions and samples show them."""
    from dataclasses import replace

    from persona_batch.comparing import compare

    large = replace(world, questions=300)
    found = compare(large.records(np.random.default_rng(0)), measures=["change", "told_apart"], permutations=9)
    return {row.measure: row.value or 0.0 for row in found.estimates if row.arm == "p0"}


def _too_many(comparison: Comparison) -> float | None:
    return float(any((arm.moved_at_least or 0) > 4 for arm in comparison.arms))


def _false_names(comparison: Comparison) -> float | None:
    named = [name for arm in comparison.arms for name in arm.moved_questions or ()]
    return sum(int(name[1:]) >= 4 for name in named) / len(named) if named else 0.0


def _any_moved(comparison: Comparison) -> float | None:
    return float(any(arm.moved_at_least for arm in comparison.arms))
