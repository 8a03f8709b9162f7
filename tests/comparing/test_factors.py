import pytest

from comparing.made import grid, record
from persona_batch.comparing import compare
from persona_batch.errors import UsageError
from persona_batch.record import Record

PIRATE = {"none": "", "assistant": "", "pirate": "Arrr, matey!"}


def remade(records: list[Record], own: str = "", **other: object) -> list[Record]:
    """Return the records with another factor level, their replies beginning otherwise."""
    return [record(r.persona, r.question, own + r.reply, sample=r.sample, **other) for r in records]  # type: ignore[arg-type]  # names of Record's fields


def arms(records: list[Record], by: str, **other: object) -> dict[str, tuple[str, str | None]]:
    found = compare(records, by=by, measures=["shift"], **other)  # type: ignore[arg-type]  # names of parameters
    return {arm.name: (arm.role, arm.reference) for arm in found.arms}


def test_personas_are_compared_with_the_control_and_the_placebo_is_a_yardstick() -> None:
    assert arms(grid(PIRATE), "persona") == {
        "none": ("control", None),
        "assistant": ("placebo", "none"),
        "pirate": ("persona", "none"),
    }


def test_controls_of_the_manifest_replace_the_built_in_ones() -> None:
    records = grid({"butler": "", "monk": "", "pirate": "Arrr!", "none": ""})
    named = {"pirate": ["butler", "monk"], "butler": [], "monk": [], "none": []}
    assert arms(records, "persona", controls=named) == {
        "butler": ("control", None),
        "monk": ("placebo", "butler"),
        "none": ("persona", None),
        "pirate": ("persona", "butler"),
    }


def test_one_persona_may_be_made_everyones_control() -> None:
    found = arms(grid(PIRATE), "persona", control="pirate")
    assert found["none"] == ("placebo", "pirate")
    assert found["pirate"] == ("control", None)


def test_a_control_that_is_not_there_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(UsageError, match=r"--control butler: no such persona.*assistant, none, pirate"):
        compare(grid(PIRATE), control="butler")


def test_placements_are_compared_within_a_persona() -> None:
    others = [r for r in grid(PIRATE, seed=2) if r.persona == "pirate"]
    records = [*grid(PIRATE), *remade(others, "Hm, well, then, by Neptune: ", placement="user")]
    assert arms(records, "placement") == {
        "pirate · system": ("control", None),
        "pirate · user": ("level", "pirate · system"),
    }
    row = compare(records, by="placement").find("change", "pirate · user")
    assert row is not None
    assert row.questions == 8
    assert (row.p_holm or 1) < 0.01


def test_another_level_may_be_the_reference() -> None:
    pirate = [r for r in grid(PIRATE) if r.persona == "pirate"]
    records = [*pirate, *remade(pirate, placement="user")]
    assert arms(records, "placement", control="user")["pirate · system"] == ("level", "pirate · user")
    with pytest.raises(UsageError, match="--control none: no such placement"):
        compare(records, by="placement", control="none")


def test_models_are_compared_within_a_persona_and_the_control_shows_what_the_model_does_alone() -> None:
    records = [*grid(PIRATE, samples=2), *remade(grid(PIRATE, samples=2), "Sure! ", model="n")]
    found = arms(records, "model")
    assert found["pirate · n"] == ("level", "pirate · m")
    assert found["none · n"] == ("placebo", "none · m")


def test_variants_are_compared_with_the_first() -> None:
    pirate = [r for r in grid(PIRATE) if r.persona == "pirate"]
    records = [*pirate, *(again for variant in (10, 2) for again in remade(pirate, variant=variant))]
    assert list(arms(records, "variant")) == ["pirate · 0", "pirate · 2", "pirate · 10"]


def test_speakers_are_compared_with_nobody() -> None:
    pirate = [r for r in grid(PIRATE) if r.persona == "pirate"]
    records = [*pirate, *remade(pirate, speaker="猪八戒")]
    assert arms(records, "speaker")["pirate · 猪八戒"] == ("level", "pirate · nobody")


def test_an_attribute_groups_personas_against_their_control() -> None:
    world = {"wukong": "西游记", "bajie": "西游记", "pirate": "sea"}
    records = [
        record(
            r.persona,
            r.question,
            r.reply,
            sample=r.sample,
            attributes={"world": world[r.persona]} if r.persona in world else {},
        )
        for r in grid(
            {"none": "", "assistant": "", "wukong": "Ha!", "bajie": "Oink!", "pirate": "Arrr!", "cat": "Meow!"}
        )
    ]
    found = compare(records, by="world", measures=["shift"])
    assert {arm.name: arm.personas for arm in found.arms} == {
        "none": ["none"],
        "assistant": ["assistant"],
        "world=sea": ["pirate"],
        "world=西游记": ["bajie", "wukong"],
    }
    row = found.find("shift", "world=西游记", "length")
    assert row is not None
    assert (row.reference, row.samples, row.reference_samples) == ("none", 64, 32)


def test_an_unknown_factor_is_an_error_that_names_the_known() -> None:
    with pytest.raises(UsageError, match=r"wrld.*persona, placement"):
        compare(grid(PIRATE), by="wrld")
