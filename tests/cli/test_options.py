"""Options that several commands share."""

import pytest

from persona_batch.cli.options import read_params, read_placements, read_seconds
from persona_batch.errors import UsageError


def test_params_are_json_where_they_can_be_and_text_otherwise() -> None:
    pairs = ["temperature=0.7", 'stop=["a"]', "seed=3", "logprobs=true", "user=小明", "empty=", "a=b=c"]
    assert read_params(pairs) == {
        "temperature": 0.7,
        "stop": ["a"],
        "seed": 3,
        "logprobs": True,
        "user": "小明",
        "empty": "",
        "a": "b=c",
    }


def test_no_params_are_no_params() -> None:
    assert read_params(None) == {}


@pytest.mark.parametrize("pair", ["temperature", "=1", "x=NaN", "x=Infinity"])
def test_a_param_that_json_cannot_say_is_refused(pair: str) -> None:
    with pytest.raises(UsageError, match="--param"):
        read_params([pair])


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("1d", 86400)])
def test_times_have_units(text: str, seconds: float) -> None:
    assert read_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "0", "-5s", "5w", "inf", "nan", "1e999"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--time-limit"):
        read_seconds(text)


def test_no_time_is_none() -> None:
    assert read_seconds(None) is None


def test_placements_are_read_in_order() -> None:
    assert read_placements(["user", "none"]) == ("user", "none")


def test_a_misspelt_placement_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean `system`"):
        read_placements(["sytem"])
