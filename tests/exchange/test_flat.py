"""The flat table of a run: its columns, and what stands in them."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from comparing.made import record
from persona_batch.chat import Message, Usage
from persona_batch.errors import UsageError
from persona_batch.exchange.columns import Value
from persona_batch.exchange.flat import FlatTable, flat_table
from persona_batch.record import CheckResult, Record
from persona_batch.record.record import ErrorInfo, ProbeRecord, Timing, TurnRecord, encode
from persona_batch.record.rundir import RunDir, run_at
from reporting.runs import keyed, write_run

CONFIG = {
    "personas": [{"id": "wukong", "name": "孙悟空", "variants": ["你是孙悟空"]}],
    "questions": [{"id": "view", "text": "你对取经怎么看？", "cluster": "journey", "answer": "B"}],
}


def rows_of(table: FlatTable) -> list[dict[str, Value]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows()]


def written(out: Path, records: list[Record], config: dict[str, Any] | None = None) -> list[dict[str, Value]]:
    with flat_table([run_at(write_run(out, keyed(records), config=config))]) as table:
        assert table.count == len(records)
        return rows_of(table)


def test_a_row_says_what_the_record_and_the_files_say(tmp_path: Path) -> None:
    said = record(
        "wukong",
        "view",
        "俺老孙…",
        system="你是孙悟空",
        checks=[CheckResult("contains", True, "俺老孙")],
        attributes={"world": "西游记"},
        factors={"temperature": 0.2},
        params={"temperature": 0.2},
        usage=Usage(22, 180, 202),
        timing=Timing("2026-11-22T06:56:00.123Z", 0.0, 2210.5, 180),
    )
    [row] = written(tmp_path, [said], CONFIG)
    assert row["persona_name"] == "孙悟空"
    assert (row["question_text"], row["cluster"], row["answer"]) == ("你对取经怎么看？", "journey", "B")
    assert row["system"] == "你是孙悟空"
    assert json.loads(str(row["messages"]))[0] == {"role": "system", "content": "你是孙悟空"}
    assert (row["check:contains"], row["attribute:world"], row["factor:temperature"]) == (True, "西游记", 0.2)
    assert (row["prompt_tokens"], row["completion_tokens"], row["total_tokens"]) == (22, 180, 202)
    assert (row["ttft_ms"], row["latency_ms"], row["started_at"]) == (0.0, 2210.5, "2026-11-22T06:56:00.123Z")
    assert row["turns"] is None


def test_without_a_manifest_the_records_say_what_was_asked(tmp_path: Path) -> None:
    joined = record("pirate", "sea", "Arrr", placement="user")
    joined = replace(joined, messages=[Message("user", "You are a pirate.\n\nThe sea?")])
    write_run(tmp_path, keyed([joined, record("none", "sea", "Wide.")]))
    copied = tmp_path / "copied.jsonl"
    copied.write_bytes(next(tmp_path.glob("*/records.jsonl")).read_bytes())
    with flat_table([RunDir(tmp_path, copied)]) as table:
        assert [row["question_text"] for row in rows_of(table)] == ["What about sea?"] * 2


def test_a_prompt_in_front_of_the_users_message_is_known_by_the_manifest(tmp_path: Path) -> None:
    [row] = written(tmp_path, [replace(record("wukong", "view", "…", placement="user"), messages=[])], CONFIG)
    assert row["system"] == "你是孙悟空"


def test_checks_of_one_name_are_told_apart_where_a_reply_is_held_to_several(tmp_path: Path) -> None:
    both = [CheckResult("contains", True, "sea"), CheckResult("contains", False, "oak")]
    first, second = written(tmp_path, [record("a", "q", "sea", checks=both), record("b", "q", "")])
    assert (first["check:contains sea"], first["check:contains oak"]) == (True, False)
    assert second["check:contains sea"] is None


def test_checks_whose_arguments_differ_by_question_share_a_column(tmp_path: Path) -> None:
    asked = [record("a", f"q{place}", "", checks=[CheckResult("equals", place > 0, str(place))]) for place in range(3)]
    assert [row["check:equals"] for row in written(tmp_path, asked)] == [False, True, True]


def test_a_conversation_is_summed(tmp_path: Path) -> None:
    turn = TurnRecord(
        user="Who?", reply="I", status="ok", usage=Usage(3, 4), checks=[CheckResult("contains", False, "x")]
    )
    again = replace(turn, usage=Usage(5, None), checks=[CheckResult("contains", True, "x")])
    probe = ProbeRecord(after=1, text="Really?", reply="Yes", status="ok", usage=Usage(7, 1))
    [row] = written(tmp_path, [record("a", "q", "I", turns=[turn, again], probes=[probe])])
    assert (row["prompt_tokens"], row["completion_tokens"], row["total_tokens"]) == (15, 5, None)
    assert row["check:contains"] is False
    assert [one["user"] for one in json.loads(str(row["turns"]))] == ["Who?", "Who?"]
    assert json.loads(str(row["probes"]))[0]["text"] == "Really?"


def test_hostile_names_become_columns_that_no_database_takes_for_one(tmp_path: Path) -> None:
    odd = {"World": "a", "world": "b", "wor\nld": "c", "wor\x00ld": "d", "x" * 5000: "e", "": "f", "persona": "g"}
    [row] = written(tmp_path, [record("a", "q", "", attributes=odd)])
    assert len({name.casefold() for name in row}) == len(row)
    assert sorted(str(value) for name, value in row.items() if name.startswith("attribute:")) == list("abcdefg")
    assert all(name.isprintable() and len(name) < 130 for name in row)


def test_more_attributes_than_a_table_has_columns_stand_in_one(tmp_path: Path) -> None:
    many = {f"a{place}": str(place) for place in range(3000)}
    [row] = written(tmp_path, [record("a", "q", "", attributes=many)])
    assert len(row) < 100
    assert json.loads(str(row["attributes"])) == many


@pytest.mark.parametrize(
    ("levels", "kind", "values"),
    [
        ([None, 1, 2.5], "real", [None, 1.0, 2.5]),
        ([1, None], "integer", [1, None]),
        ([True, False], "boolean", [True, False]),
        (["a", "b"], "text", ["a", "b"]),
        (["a", 1, {"b": 2}], "json", ['"a"', "1", '{"b":2}']),
        ([2**80], "integer", [None]),
    ],
)
def test_a_factor_has_the_kind_of_its_levels(tmp_path: Path, levels: list[Any], kind: str, values: list[Any]) -> None:
    asked = [record("a", f"q{place}", "", factors={"f": level}) for place, level in enumerate(levels)]
    with flat_table([run_at(write_run(tmp_path, keyed(asked)))]) as table:
        assert next(column.kind for column in table.columns if column.name == "factor:f") == kind
        assert [row["factor:f"] for row in rows_of(table)] == values


def test_the_later_of_two_lines_of_one_key_counts(tmp_path: Path) -> None:
    failed = record("a", "q", "", status="error", error=ErrorInfo("timeout", "too late"))
    run = write_run(tmp_path, keyed([failed, record("b", "q", "…"), replace(failed, status="ok", reply="at last")]))
    with flat_table([run_at(run)]) as table:
        assert table.count == 2
        assert [row["reply"] for row in rows_of(table)] == ["…", "at last"]


def test_what_a_run_adds_meanwhile_is_not_seen(tmp_path: Path) -> None:
    run = write_run(tmp_path, keyed([record("a", "q", "…")]), state="running")
    with flat_table([run_at(run)]) as table:
        with (run / "records.jsonl").open("ab") as file:
            file.write(encode(record("b", "q", "later")) + b"\n")
        assert [row["persona"] for row in rows_of(table)] == ["a"]
        assert [row["persona"] for row in rows_of(table)] == ["a"]


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path, keyed([record("a", "q", "…")]))
    with (run / "records.jsonl").open("ab") as file:
        file.write(b'{"key": 1}\n')
    with pytest.raises(UsageError, match=r"records\.jsonl:2: not a record"), flat_table([run_at(run)]):
        pass
