"""Factors through a real endpoint: what is asked, what is recorded, and what a resumed call takes for the same."""

import json

import pytest

from persona_batch.config.load import Overrides
from persona_batch.errors import UsageError
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.preview import preview
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


WHO = """\
id: who
speaker: [null, {name: 猪八戒, as: system}, {name: 猪八戒, as: name}, {name: 猪八戒, as: prefix}]
questions:
  - {id: me, text: 我是谁？}
  - {id: two, turns: [你好, 我是谁？], probe: 猜猜我是谁？, speaker: {name: Bajie, as: prefix}}
"""


def test_a_speaker_is_told_in_each_way_and_nobody_is_the_control(workshop: Workshop) -> None:
    batch, who = workshop.write("wukong.yaml", PLAIN), workshop.write("who.yaml", WHO)
    summary = workshop.run([batch], questions=(who,), persona_globs=("wukong",))
    records = [record for record in workshop.records(summary) if record.persona == "wukong"]
    by_told = {record.factors.get("speaker_as"): record for record in records if record.question == "me"}
    assert {told: record.speaker for told, record in by_told.items()} == {
        None: None,
        "system": "猪八戒",
        "name": "猪八戒",
        "prefix": "猪八戒",
    }
    assert [one.content for one in by_told["system"].messages] == ["你是孙悟空\n\n和你说话的是猪八戒。", "我是谁？"]
    assert by_told["prefix"].messages[-1].content == "猪八戒：我是谁？"
    assert (by_told["name"].messages[-1].name, by_told["name"].messages[-1].content) == ("猪八戒", "我是谁？")
    (two,) = (record for record in records if record.question == "two")
    assert [turn.user for turn in two.turns or ()] == ["Bajie：你好", "Bajie：我是谁？"]
    assert {probe.text for probe in two.probes or ()} == {"Bajie：猜猜我是谁？"}


@pytest.mark.parametrize(
    ("provider", "name", "refused", "noted"),
    [
        ("openai", "Zhu Bajie", True, False),
        ("openai", "猪八戒", False, False),
        ("ollama", "Zhu Bajie", False, True),
        ("vllm", "Zhu Bajie", False, False),
    ],
)
def test_what_an_endpoint_takes_as_a_name_is_known_before_it_is_asked(
    workshop: Workshop, provider: str, name: str, refused: bool, noted: bool
) -> None:
    batch = workshop.write("wukong.yaml", PLAIN)
    who = workshop.write("who.yaml", f"questions: [{{text: Who am I?, speaker: {{name: {name}, as: name}}}}]\n")
    overrides = Overrides(provider=provider, models=("m",))
    options = RunOptions(files=(batch,), questions=(who,), overrides=overrides, out=workshop.out)
    if refused:
        with pytest.raises(UsageError, match="takes a message's name only"):
            preview(options)
    else:
        assert any("passes no message names on" in warning for warning in preview(options).warnings) == noted
