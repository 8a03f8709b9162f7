"""Following a batch over its runs: what is marked, what is not, and how often nothing is marked wrongly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from history.recorded import Day, series
from persona_batch.comparing.follow import follow
from persona_batch.comparing.nights import PastRun
from persona_batch.comparing.series import Alarm, Series
from persona_batch.errors import UsageError
from persona_batch.view.history import sparkline


def marked(found: Series) -> list[int]:
    """Days (from 0) with an alarm."""
    return [number + 1 for number, transition in enumerate(found.transitions) if transition.alarms]


def alarms(found: Series) -> list[Alarm]:
    return [alarm for transition in found.transitions for alarm in transition.alarms]


def kinds(found: Series) -> set[str]:
    return {alarm.kind for alarm in alarms(found)}


def test_a_model_that_changes_for_good_is_marked_within_a_few_runs_and_only_then() -> None:
    found = follow("crew", series(12, changes={6: Day(lean=0.45)}))
    assert marked(found)
    assert 6 <= min(marked(found)) <= 9
    assert kinds(found) == {"moved"}
    assert {alarm.persona for alarm in alarms(found)} <= {"sailor0", "sailor1"}
    assert "text" in {alarm.measure for alarm in alarms(found)}


def test_after_an_alarm_the_new_state_is_what_is_watched_from() -> None:
    found = follow("crew", series(20, changes={5: Day(longer=60)}))
    lengths = [trend for trend in found.trends if trend.measure == "length"]
    assert [len(trend.alarms) for trend in lengths] == [1, 1]


def test_longer_replies_are_seen_with_one_sample_a_cell() -> None:
    found = follow("crew", series(8, changes={4: Day(longer=40)}, questions=20, samples=1))
    (alarm, *_) = [alarm for alarm in alarms(found) if alarm.measure == "length"]
    assert float(alarm.now) > float(alarm.before) + 100


def test_slow_drift_is_found_though_no_run_stands_out_from_its_neighbour() -> None:
    drifting = {day: Day(longer=day) for day in range(1, 40)}
    found = follow("crew", series(40, changes=drifting, personas=1))
    assert any(alarm.measure == "length" for alarm in alarms(found))


def test_another_name_that_answers_is_an_alarm_without_any_test() -> None:
    found = follow("crew", series(4, changes={2: Day(answers_as="test-model-v2")}))
    (alarm,) = found.transitions[1].alarms
    assert (alarm.kind, alarm.before, alarm.now) == ("model_returned", "test-model", "test-model-v2")
    assert marked(found) == [2]


def test_failures_that_rise_are_an_alarm() -> None:
    found = follow("crew", series(8, changes={4: Day(failing=0.6)}))
    assert ("sailor0", "failures") in {(alarm.persona, alarm.measure) for alarm in alarms(found)}


def test_a_prompt_that_was_edited_is_no_drift() -> None:
    found = follow("crew", series(8, changes={4: Day(prompt="You are someone else.", lean=0.4)}))
    assert marked(found) == []
    assert found.transitions[3].edited == ["sailor0", "sailor1"]
    assert found.transitions[3].compared == 0
    assert found.transitions[4].compared == 60


def test_trends_run_parallel_to_the_runs_and_point_forward() -> None:
    found = follow("crew", series(5, changes={3: Day(longer=40)}))
    (length,) = [trend for trend in found.trends if (trend.persona, trend.measure) == ("sailor0", "length")]
    values = [value for value in length.values if value is not None]
    assert len(values) == len(found.runs) == 5
    assert min(values[3:]) > max(values[:3]) + 100
    (step,) = [
        step
        for step in found.transitions[2].steps
        if (step.persona, step.measure, step.against) == ("sailor0", "length", "before")
    ]
    assert step.value > 100
    assert step.interval is not None
    assert step.interval.low > 0


def test_a_run_is_set_beside_the_baseline_that_is_named() -> None:
    runs = series(5, changes={2: Day(longer=60)})
    found = follow("crew", runs, baseline=runs[1].id)
    lengths = [
        step
        for step in found.transitions[-1].steps
        if (step.persona, step.measure, step.against) == ("sailor0", "length", "baseline")
    ]
    assert found.baseline == runs[1].id
    assert [step.value > 100 for step in lengths] == [True]
    with pytest.raises(UsageError, match="--baseline nowhere: it is no finished run of crew"):
        follow("crew", runs, baseline="nowhere")


def test_a_run_more_changes_nothing_of_what_was_said_before() -> None:
    runs = series(9, changes={4: Day(longer=60)})
    whole = follow("crew", runs)
    for days in (3, 6, 8):
        part = follow("crew", runs[:days])
        assert part.transitions == whole.transitions[: days - 1]
        for one, other in zip(part.trends, whole.trends, strict=True):
            assert one.values == other.values[:days]
            assert one.evidence == other.evidence[:days]


def test_a_persona_that_comes_later_changes_no_threshold_of_the_others() -> None:
    one, two = series(4, personas=1), series(4, personas=2)
    alone = {trend.measure: trend.threshold for trend in follow("crew", one).trends}
    later = follow("crew", [*one[:2], *two[2:]])
    assert {t.measure: t.threshold for t in later.trends if t.persona == "sailor0"} == alone
    assert all(t.threshold > alone[t.measure] for t in later.trends if t.persona == "sailor1")


def test_the_newest_runs_alone_are_told_with_what_all_have_taught() -> None:
    runs = series(9, changes={4: Day(longer=60)})
    whole, newest = follow("crew", runs), follow("crew", runs, last=3)
    assert newest.transitions == whole.transitions[-2:]
    assert newest.runs == whole.runs[-3:]
    assert newest.seen == 9


def test_when_an_alarm_is_possible_is_known_from_the_start() -> None:
    found = follow("crew", series(2, questions=1, samples=1))
    assert all(trend.possible_from is None or trend.possible_from > 5 for trend in found.trends)
    few, many = (
        min(trend.possible_from or 999 for trend in follow("crew", series(2, questions=count)).trends)
        for count in (1, 20)
    )
    assert many < few


@pytest.mark.parametrize("days", [0, 1])
def test_with_less_than_two_runs_there_is_nothing_to_say(days: int) -> None:
    found = follow("crew", series(days))
    assert found.transitions == []
    assert len(found.runs) == days


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_on_unchanged_series_false_alarms_are_no_more_than_said() -> None:
    """40 series of three weeks: 7 false ones or more would happen in .3 % of trials at the promised .05 a year."""
    every_day = {0: Day(failing=0.05)}
    runs = (series(21, seed, changes=every_day, personas=1, questions=8, samples=2) for seed in range(40))
    false = sum(bool(follow("crew", nights).drifted) for nights in runs)
    assert false <= 6, f"{false} of 40 unchanged series had an alarm"


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


def test_a_run_in_batch_files_after_a_streamed_one_is_told() -> None:
    first, second, third = series(3)
    runs = [first, *(replaced(run) for run in (second, third))]
    ways = [transition.ways for transition in follow("crew", runs).transitions]
    assert ways[1] is None
    assert ways[0] is not None
    assert ways[0].startswith(f"Not made the same way as {first.id} (streamed): {second.id} (in batch files). ")


def replaced(run: PastRun) -> PastRun:
    """Return the run as one that came in batch files."""
    return PastRun(run.id, run.started_at, lambda: [replace(record, engine="batch") for record in run.records()])
