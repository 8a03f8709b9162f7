"""Tables of replies: which column is what, which rows are one condition and one question, and what is refused."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from cli.calling import Call
from persona_batch.record.manifest import read_manifest
from persona_batch.record.reader import read_records
from persona_batch.record.record import Record


def table(folder: Path, rows: list[dict[str, Any]], name: str = "t.jsonl") -> str:
    path = folder / name
    if name.endswith(".csv"):
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return name


def imported(call: Call, *args: str) -> tuple[Path, list[Record], str]:
    done = call("import-results", *args)
    assert done.code == 0, done.err
    run = Path(done.out.strip())
    return run, list(read_records(run / "records.jsonl")), done.err


def refused(call: Call, folder: Path, *args: str) -> str:
    done = call("import-results", *args)
    assert done.code == 2, done.out + done.err
    assert not [path for path in folder.glob("runs/*") if not path.is_symlink()]
    assert not list(folder.glob("runs/.*"))
    assert done.err.count("\n") == 1
    return done.err


def rows(**more: Any) -> list[dict[str, Any]]:
    return [
        {"persona": who, "question": asked, "reply": f"{who} {asked} {number}", **more}
        for who in ("pirate", "none")
        for asked in ("你好", "Why?")
        for number in range(2)
    ]


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_usual_names_are_known_and_rows_of_a_cell_are_its_samples(call: Call, tmp_path: Path, name: str) -> None:
    run, records, _ = imported(call, table(tmp_path, rows(), name))
    assert [(one.persona, one.question, one.sample) for one in records[:3]] == [
        ("pirate", "你好", 0),
        ("pirate", "你好", 1),
        ("pirate", "Why", 0),
    ]
    assert all(one.usage is None and one.timing is None and one.finish_reason is None for one in records)
    manifest = read_manifest(run / "run.json")
    assert {one["id"]: one.get("controls") for one in manifest.config["personas"]} == {"none": None, "pirate": ["none"]}
    assert "belong" not in call("compare", str(run)).out


def test_columns_may_be_named_and_an_unknown_one_has_its_nearest_name(call: Call, tmp_path: Path) -> None:
    plain = [{"wer": "a", "was": "Q", "antwort": "x"}]
    name = table(tmp_path, plain)
    assert "name one by --column reply=COLUMN" in refused(call, tmp_path, name)
    assert "did you mean `antwort`" in refused(call, tmp_path, name, "--column", "reply=antwrt")
    named = ("--column", "reply=antwort", "--column", "question=was", "--column", "persona=wer")
    assert imported(call, name, *named)[1][0].reply == "x"


def test_two_columns_that_may_be_the_question_are_refused(call: Call, tmp_path: Path) -> None:
    name = table(tmp_path, [{"prompt": "You are x", "question": "Q", "reply": "r"}])
    assert "--column question=question --column system=prompt" in refused(call, tmp_path, name)


def test_system_prompts_become_controls_and_personas_by_their_text(call: Call, tmp_path: Path) -> None:
    texts = [None, "", "You are a helpful assistant.", "You are x.", "You are y."]
    name = table(tmp_path, [{"system": text, "question": "Q", "reply": "r"} for text in texts])
    _, records, _ = imported(call, name)
    assert [one.persona for one in records[:3]] == ["none", "empty", "assistant"]
    assert len({one.persona for one in records}) == 5
    assert [one.messages[0].content for one in records] == ["Q", *texts[1:]]


def test_one_name_with_two_prompts_is_two_personas(call: Call, tmp_path: Path) -> None:
    texts = ["You are x.", "You are y."]
    name = table(tmp_path, [{"persona": "p", "system": text, "question": "Q", "reply": "r"} for text in texts])
    _, records, told = imported(call, name)
    assert len({one.persona for one in records}) == 2
    assert "`p` stands for several prompts" in told


def test_a_persona_called_assistant_with_a_prompt_of_its_own_is_no_control(call: Call, tmp_path: Path) -> None:
    name = table(tmp_path, [{"persona": "assistant", "system": "Be rude.", "question": "Q", "reply": "r"}])
    assert imported(call, name)[1][0].persona == "assistant-2"


def test_without_a_control_it_is_said_and_one_can_be_named(call: Call, tmp_path: Path) -> None:
    name = table(tmp_path, [{**row, "persona": f"v-{row['persona']}"} for row in rows()])
    _, _, told = imported(call, name)
    assert "no condition is a control" in told
    assert "did you mean `v-none`" in call("import-results", name, "--control", "v-non").err
    run, _, told = imported(call, name, "--control", "v-none")
    assert "no condition is a control" not in told
    assert "v-none" in call("compare", str(run)).out


def test_unlike_questions_under_one_id_are_refused(call: Call, tmp_path: Path) -> None:
    name = table(tmp_path, [{"question_id": "q", "question": text, "reply": "r"} for text in ("A", "B")])
    assert "t.jsonl:2: question `q` has another text at t.jsonl:1" in refused(call, tmp_path, name)


def test_one_text_under_two_ids_is_one_unit_of_inference(call: Call, tmp_path: Path) -> None:
    name = table(tmp_path, [{"question_id": one, "question": "A", "reply": "r"} for one in "xy"])
    run, _, told = imported(call, name)
    assert "one cluster" in told
    assert {one["cluster"] for one in read_manifest(run / "run.json").config["questions"]} == {"x"}


def test_a_sample_that_stands_there_twice_is_refused(call: Call, tmp_path: Path) -> None:
    name = table(tmp_path, [{"question": "A", "reply": "r", "sample": 3}] * 2)
    assert "t.jsonl:2: the same sample of the same cell as t.jsonl:1" in refused(call, tmp_path, name)


def test_models_and_temperatures_are_factors_and_seeds_of_repeats_are_not(call: Call, tmp_path: Path) -> None:
    grid = [
        {**row, "model": model, "temperature": heat, "seed": number}
        for number, row in enumerate(rows())
        for model in ("a", "b")
        for heat in (0.2, 1)
    ]
    run, records, told = imported(call, table(tmp_path, grid))
    assert {one.model for one in records} == {"a", "b"}
    assert {one.factors["temperature"] for one in records} == {0.2, 1}
    assert all("seed" not in one.params for one in records)
    assert "seeds differ" in told
    assert call("compare", str(run), "--by", "temperature").code == 0


def test_conditions_that_differ_in_parameters_are_told_so(call: Call, tmp_path: Path) -> None:
    name = table(tmp_path, [{**row, "temperature": float(row["persona"] == "none")} for row in rows()])
    assert "different request parameters (temperature)" in imported(call, name)[2]


def test_importing_twice_is_refused_unless_forced(call: Call, tmp_path: Path) -> None:
    name = table(tmp_path, rows())
    run, _, _ = imported(call, name)
    again = call("import-results", name)
    assert (again.code, run.name in again.err) == (2, True)
    assert imported(call, name, "--force")[0] != run


def test_a_run_is_refused_with_the_word_that_it_is_one(call: Call, tmp_path: Path) -> None:
    run, _, _ = imported(call, table(tmp_path, rows()))
    for own in (run, run / "records.jsonl", run / "run.json"):
        done = call("import-results", str(own))
        assert done.code == 2
        assert "takes it as it is" in done.err


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("x.jsonl", b"", "empty"),
        (
            "x.jsonl",
            b'{"question": "A", "reply": "r"}\n{"question": "A", "re',
            "x.jsonl:2: not JSON: Input data was truncated",
        ),
        ("x.jsonl", b'{"question": "A", "reply": ["r"]}\n', "x.jsonl:1: `reply` (reply) is no text"),
        ("x.jsonl", b'{"question": "A", "reply": "\\ud800"}\n', "x.jsonl:1"),
        ("x.jsonl", b'{"question": ' + b"[" * 100_000 + b"\n", "x.jsonl:1"),
        ("x.jsonl", b'{"question": "A", "reply": "r", "sample": "b"}\n', "no number"),
        ("x.csv", b"question,reply\na,b,c\n", "x.csv:2: 3 cells"),
        ("x.csv", b"question,reply\na,\xff\n", "x.csv:2: not UTF-8"),
        ("x.csv", b"question,reply\na," + b"b" * (17 << 20) + b"\n", "x.csv:2"),
        ("x.csv", b"question,reply,reply\na,b,c\n", "two columns"),
        ("x.csv", b"question,reply\n", "no row"),
        ("x.json", b"[" * 100_000, "x.json"),
        ("x.json", b'[{"question": "A", "reply": "r"}, 2]', "entry 2"),
        ("x.parquet", b"PAR1nothing", "x.parquet: not a Parquet file"),
        ("x.txt", b"hello", "no results of"),
        ("x.csv", b"\xff\xfea\x00", "UTF-16"),
        ("x.json", b'{"results": {"results": [{"promptIdx": 0}]}, "evalId": "e"}', "result 1"),
        ("x.json", b'{"evalId": "e", "results": {"version": 2, "table": {}}}', "table: not as promptfoo writes it"),
        ("x.json", b'{"eval": {"task_id": "x", "task": 3}}', "not as Inspect writes it"),
        ("x.eval", b"PK\x03\x04broken", "not a whole zip archive"),
        ("x.jsonl", b'{"custom_id": "a", "response": null}\n', "--requests INPUT.jsonl"),
        ("x.jsonl", b'{"index": 0, "model_output": null}\n', "does not keep the messages"),
    ],
)
def test_what_is_broken_is_one_clear_line_and_leaves_nothing(
    call: Call, tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert said in refused(call, tmp_path, name)


def test_every_beginning_of_a_file_is_refused_or_read(call: Call, tmp_path: Path) -> None:
    whole = json.dumps([{"question": "A", "reply": "r", "persona": "p"}] * 2).encode()
    for size in range(1, len(whole)):
        (tmp_path / "cut.json").write_bytes(whole[:size])
        refused(call, tmp_path, "cut.json")
