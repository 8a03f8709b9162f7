"""Factors through a real endpoint: what is asked, what is recorded, and what a resumed call takes for the same."""

import json

from pipeline.workshop import WUKONG, Workshop

PLAIN = WUKONG.replace("params: {temperature: 0.7}\n", "")


def test_levels_are_sent_and_recorded_and_null_sends_nothing(workshop: Workshop) -> None:
    batch = workshop.write(
        "wukong.yaml", PLAIN + 'factors: {temperature: [0.2, null], format: {a: "{{ text }}", b: "{{ text }}!"}}\n'
    )
    summary = workshop.run([batch])
    records = workshop.records(summary)
    assert len(records) == 3 * 2 * 2 * 2
    for record in records:
        level = record.factors["temperature"]
        assert record.params == ({} if level is None else {"temperature": level})
        assert record.messages[-1].content.endswith("!") == (record.factors["format"] == "b")
    sent = {json.dumps([asked.body["messages"], asked.body.get("temperature")]) for asked in workshop.asked}
    assert len(sent) == len(records)


def test_a_factor_asks_nothing_that_the_parameter_has(workshop: Workshop) -> None:
    batch = workshop.write("wukong.yaml", PLAIN)
    first = workshop.run([batch], overrides={"params": {"temperature": 0.2}})
    asked = len(workshop.asked)
    again = workshop.run([batch], resume=first.path, overrides={"factors": {"temperature": (0.2,)}})
    assert (again.asked, len(workshop.asked)) == (0, asked)
    assert all(record.factors == {"temperature": 0.2} for record in workshop.records(again))
    more = workshop.run([batch], resume=first.path, overrides={"factors": {"temperature": (0.2, 1.0)}})
    assert more.asked == asked
    assert workshop.run([], resume=first.path).asked == 0  # by what the run was begun with: 0.2 alone


def test_continue_goes_on_with_the_run_of_the_same_factors(workshop: Workshop) -> None:
    batch = workshop.write("wukong.yaml", PLAIN)
    warm = {"factors": {"temperature": (0.2, 1.0)}}
    begun = workshop.run([batch], overrides=warm, max_requests=3)
    other = workshop.run([batch], overrides={"factors": {"temperature": (0.2,)}}, max_requests=3, continue_newest=True)
    assert other.path != begun.path
    same = workshop.run([batch], overrides={"factors": {"temperature": (1.0, 0.2)}}, continue_newest=True)
    assert same.path == begun.path
    assert same.exit_code == 0
    assert len(workshop.records(same)) == 12
