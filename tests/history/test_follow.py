"""Following a batch over its runs: what is marked, what is not, and how often nothing is marked wrongly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from history.recorded import Day, series
from persona_batch.comparing.follow import follow
from persona_batch.comparing.series import Series
from persona_batch.view.history import sparkline


def marked(found: Series) -> list[int]:
    """Days (from 0) with an alarm."""
    return [number + 1 for number, transition in enumerate(found.transitions) if transition.alarms]


def kinds(found: Series) -> set[str]:
    return {alarm.kind for transition in found.transitions for alarm in transition.alarms}


def test_a_model_that_changes_in_the_middle_marks_that_day_and_no_other() -> None:
    found = follow("crew", series(8, changes={4: Day(lean=0.3)}))
    assert marked(found) == [4]
    assert kinds(found) == {"moved"}
    assert {alarm.persona for alarm in found.transitions[3].alarms} == {"sailor0", "sailor1"}


def test_a_long_series_is_as_sharp_as_a_short_one_where_the_change_is_plain() -> None:
    found = follow("crew", series(30, changes={17: Day(lean=0.4)}))
    assert marked(found) == [17]


def test_longer_replies_are_seen_with_one_sample_a_cell() -> None:
    found = follow("crew", series(6, changes={3: Day(longer=40)}, questions=20, samples=1))
    assert marked(found) == [3]
    assert any("length moved beyond noise" in alarm.text for alarm in found.transitions[2].alarms)


def test_another_name_that_answers_is_an_alarm_without_any_test() -> None:
    found = follow("crew", series(4, changes={2: Day(answers_as="test-model-v2")}))
    (alarm,) = found.transitions[1].alarms
    assert (alarm.kind, alarm.p_adjusted) == ("model_returned", None)
    assert "answers as test-model-v2, before as test-model" in alarm.text
    assert marked(found) == [2]


def test_failures_that_rise_are_an_alarm_and_failures_that_fall_are_not() -> None:
    found = follow("crew", series(5, changes={2: Day(failing=0.5), 3: Day()}))
    assert marked(found) == [2]
    assert kinds(found) == {"failures"}


def test_a_prompt_that_was_edited_is_no_drift() -> None:
    found = follow("crew", series(4, changes={2: Day(prompt="You are someone else.", lean=0.4)}))
    assert marked(found) == []
    assert "sailor0: asked otherwise" in found.transitions[1].notes[0]
    assert found.transitions[1].compared == 0
    assert found.transitions[2].compared == 60


def test_trends_run_parallel_to_the_runs_and_point_forward() -> None:
    found = follow("crew", series(5, changes={3: Day(longer=40)}))
    (length,) = [trend for trend in found.trends if (trend.persona, trend.metric) == ("sailor0", "length")]
    values = [value for value in length.values if value is not None]
    assert len(values) == len(found.runs) == 5
    assert min(values[3:]) > max(values[:3]) + 100
    (step,) = [step for step in found.transitions[2].steps if (step.persona, step.metric) == ("sailor0", "length")]
    assert step.value is not None
    assert step.value > 100


def test_what_is_too_little_to_test_is_not_taken_for_calm() -> None:
    found = follow("crew", series(3, questions=5, samples=1))
    assert [transition.tested for transition in found.transitions] == [False, False]
    assert "too little to test" in found.transitions[0].notes[0]
    assert all(transition.tested for transition in follow("crew", series(3, questions=6, samples=1)).transitions)
    assert all(transition.tested for transition in follow("crew", series(3, questions=5, samples=2)).transitions)


@pytest.mark.parametrize("days", [0, 1])
def test_with_less_than_two_runs_there_is_nothing_to_say(days: int) -> None:
    found = follow("crew", series(days))
    assert found.transitions == []
    assert found.notes


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_on_unchanged_series_false_alarms_are_no_more_than_said() -> None:
    """100 series of a week, tests of all families in them: 10 false ones or more would happen in 2.8 % of trials
    at the nominal .05."""
    every_day = {0: Day(failing=0.05)}
    runs = (series(7, seed, changes=every_day, personas=1, questions=12, samples=2) for seed in range(100))
    false = sum(bool(follow("crew", week).drifted) for week in runs)
    assert false <= 9, f"{false} of 100 unchanged series had an alarm; at most 5 in 100 are promised"


@given(st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False)))
def test_a_sparkline_has_one_bar_a_value_and_never_falls_where_values_rise(values: list[float | None]) -> None:
    bars = sparkline(values)
    assert len(bars) == len(values)
    assert [bar == "·" for bar in bars] == [value is None for value in values]
    shown = sorted((value, bar) for value, bar in zip(values, bars, strict=True) if value is not None)
    assert [bar for _, bar in shown] == sorted(bar for _, bar in shown)


def test_a_sparkline_reaches_from_the_lowest_to_the_highest_bar() -> None:
    assert sparkline([0, None, 5, 10]) == "▁·▅█"
    assert sparkline([3, 3]) == "▄▄"
