"""Prompts that are filled in question by question: one label is one condition, and never two labels are."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.calling import Call
from exchange.results.test_other_tools import promptfoo, result
from exchange.results.test_tables import imported, table
from persona_batch.record.manifest import read_manifest
from reporting.browsing import held_in

ASKED = {"Who?": "sea", "What?": "sky", "Why?": "hill", "When?": "bird", "Where?": "sea", "How?": "tree"}


def of_template(label: str, words: str, reply: str = "Arrr", **more: Any) -> list[dict[str, Any]]:
    found = []
    for asked, topic in ASKED.items():
        said = [{"role": "user", "content": asked}]
        if words:
            said.insert(0, {"role": "system", "content": words.format(topic)})
        found += [{**result(said, asked, f"{reply} {asked} {number}", label=label), **more} for number in range(3)]
    return found


def conditions(run: Path) -> dict[str, int]:
    return {one["id"]: len(one["variants"]) for one in read_manifest(run / "run.json").config["personas"]}


def compared(call: Call, run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call("compare", str(run), "--format", "json").out)
    return found


@pytest.mark.parametrize("label", ["pirate", '[{"role":"system","content":"Pirate of {{topic}}"},…'])
def test_a_template_of_promptfoo_is_one_condition_with_one_verdict(call: Call, tmp_path: Path, label: str) -> None:
    found = [*of_template("base", "", "Well"), *of_template(label, "You are a pirate of the {}")]
    run, records, told = imported(call, promptfoo(tmp_path, found))
    held = conditions(run)
    (name,) = held.keys() - {"none"}
    assert held[name] == len(set(ASKED.values()))
    assert name == "pirate" or name.startswith("You-are-a-pirate-of")
    assert f"`{name}` is one template, filled in question by question: its 5 texts are wordings" in told
    for record in records:
        if record.persona == name:
            assert record.messages[0].content == f"You are a pirate of the {ASKED[record.messages[1].content]}"
    comparison = compared(call, run)
    (claim,) = comparison["claims"]
    assert claim["holds"]
    assert [arm["missing"] for arm in comparison["arms"]] == [0, 0]
    assert not [row for row in comparison["factors"] if row["factor"] == "variant"]
    assert not any("left out" in note for note in comparison["notes"])
    assert call("report", str(run)).code == 0
    assert "missing)" not in (run / "report.html").read_text("utf-8")


def test_two_texts_for_one_question_stay_two_conditions(call: Call, tmp_path: Path) -> None:
    rows = [
        {"persona": who, "system": f"{who} of {topic}", "question": asked, "reply": "r"}
        for asked, topic in ASKED.items()
        for who in ("x", "y")
    ]
    again = {"persona": "x", "system": "x of nothing", "question": "Who?", "reply": "r"}
    run, _, told = imported(call, table(tmp_path, [*rows, again]))
    assert "`x` stands for several prompts to one question" in told
    held = conditions(run)
    assert held.pop("y") == 5
    assert len(held) == 6
    assert set(held.values()) == {1}


def test_labels_are_never_mixed_and_a_prompt_in_the_message_is_not_one_in_the_system(
    call: Call, tmp_path: Path
) -> None:
    rows = [
        {"persona": who, "system": f"You know the {topic}", "question": asked, "reply": "r"}
        for asked, topic in ASKED.items()
        for who in ("x", "y")
    ]
    run, records, _ = imported(call, table(tmp_path, rows))
    assert conditions(run) == {"x": 5, "y": 5}
    assert {one.persona for one in records} == {"x", "y"}


def test_where_a_template_was_empty_there_was_no_prompt_and_that_is_said(call: Call, tmp_path: Path) -> None:
    rows = [
        {
            "persona": who,
            "system": f"Pirate of the {topic}" if who == "p" and asked != "Who?" else None,
            "question": asked,
        }
        for asked, topic in ASKED.items()
        for who in ("base", "p")
    ]
    run, records, told = imported(call, table(tmp_path, [{**row, "reply": "r"} for row in rows]))
    assert conditions(run) == {"none": 1, "p": 5}
    assert "replies of `p` without a prompt of its own are `none`'s" in told
    assert "`base` is `none` here" in told
    assert [one.persona for one in records if one.question == "Who"] == ["none", "none"]


def test_without_a_label_each_prompt_is_a_condition(call: Call, tmp_path: Path) -> None:
    rows = [{"system": f"You know the {topic}", "question": asked, "reply": "r"} for asked, topic in ASKED.items()]
    run, _, _ = imported(call, table(tmp_path, rows))
    assert set(conditions(run).values()) == {1}
    assert len(conditions(run)) == 5


def test_readers_take_a_template_for_one_condition(call: Call, tmp_path: Path) -> None:
    found = [*of_template("base", "", "Well"), *of_template("pirate", "You are a pirate of the {}")]
    run, _, _ = imported(call, promptfoo(tmp_path, found))
    assert call("report", str(run), "-o", str(tmp_path / "r.html")).code == 0
    shown = {one["id"]: one for one in held_in(tmp_path / "r.html")["conditions"]}
    assert shown.keys() == {"none", "pirate"}
    assert shown["pirate"]["system"].count("You are a pirate of the") == 5
    assert (shown["none"]["unknown"], shown["none"]["system"]) == (False, None)
    assert "of the tree" in call("export", str(run), "--format", "markdown").out
    chats = [json.loads(line) for line in call("export", str(run), "-f", "openai-messages").out.splitlines()]
    assert len([one for one in chats if one["messages"][0]["role"] == "system"]) == 18
    assert "part of" not in call("runs").out
    by_variant = call("compare", str(run), "--by", "variant").out
    assert "could not be tested" not in by_variant
    assert "nothing can be tested" in " ".join(by_variant.split())


def test_data_of_promptfoo_is_kept_as_json_and_a_call_of_a_tool_is_not(call: Call, tmp_path: Path) -> None:
    found = of_template("base", "")[:3]
    for one, output in zip(found, ({"b": "x", "a": 1}, [1, 2], [{"type": "function", "function": 1}]), strict=True):
        one["response"]["output"] = output
    found[2]["response"]["output"] = [{"id": "c", "tool_calls": []}]
    _, records, told = imported(call, promptfoo(tmp_path, found))
    assert [one.reply for one in records] == ['{"b":"x","a":1}', "[1,2]"]
    assert "2 replies that promptfoo has as data" in told
    assert "1 result that is no text" in told


def test_what_promptfoo_does_not_say_of_times_is_null(call: Call, tmp_path: Path) -> None:
    one = {**of_template("base", "")[0], "latencyMs": 24}
    run, records, _ = imported(call, promptfoo(tmp_path, [one]))
    assert '"timing":{"started_at":null,"ttft_ms":null,"latency_ms":24.0,"chunks":null}' in (
        run / "records.jsonl"
    ).read_text("utf-8")
    assert call("show", str(run)).code == call("runs").code == 0
    assert records[0].timing is not None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("o.csv", "q,[m] a,Status,Score,Named Scores,Grader Reason,Comment,[m] b,Status,Score\nQ,r,PASS,1,,,\n"),
        ("o.yaml", "evalId: eval-1\nresults:\n  version: 3\n"),
        ("o.html", "<html><title>promptfoo</title></html>"),
    ],
)
def test_other_outputs_of_promptfoo_have_their_remedy(call: Call, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    done = call("import-results", name)
    assert done.code == 2
    assert "promptfoo eval -o out.json" in done.err


def test_nothing_is_missing_and_questions_that_an_arm_lacks_are_said(call: Call, tmp_path: Path) -> None:
    rows = [
        {"system": system, "question": f"Q{number}", "reply": f"r{again}"}
        for system in (None, "You are x.")
        for number in range(6 if system is None else 4)
        for again in range(1 + (number + len(system or "")) % 3)
    ]
    run, _, _ = imported(call, table(tmp_path, rows))
    comparison = compared(call, run)
    assert {arm["missing"] for arm in comparison["arms"]} == {0}
    assert any(
        "asked all 6 questions; these lack some: You-are-x" in note and "(2)" in note for note in comparison["notes"]
    )
    manifest = read_manifest(run / "run.json")
    assert manifest.cells == manifest.batch_cells == len(rows)


def test_prompts_that_nobody_wrote_down_are_not_said_to_be_none(call: Call, tmp_path: Path) -> None:
    rows = [{"persona": who, "question": "Q", "reply": "r"} for who in ("base", "pirate")]
    run, _, _ = imported(call, table(tmp_path, rows))
    document = call("export", str(run), "-f", "markdown").out
    assert "No system prompt" not in document
    assert document.count("The prompt is not known") == 2
    for form, noun in (("openai-messages", "chats"), ("sharegpt", "chats"), ("openai-batch", "requests")):
        done = call("export", str(run), "-f", form)
        assert f"2 {noun} without the prompt, which the imported results do not say: base, pirate" in done.err
    row = json.loads(call("export", str(run), "-f", "jsonl", "--limit", "1").out)
    assert (row.get("placement"), row.get("system")) == (None, None)
    shown = call("show", str(run)).out
    assert "prompt not known" in shown
    assert "placement none" not in shown
    assert call("report", str(run), "-o", str(tmp_path / "r.html")).code == 0
    assert [one["unknown"] for one in held_in(tmp_path / "r.html")["conditions"]] == [True, True]
