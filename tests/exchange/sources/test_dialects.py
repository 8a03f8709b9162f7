"""Recorded conversations in the dialects people have: what the user said is asked, and the rest is kept or said."""

import json
from pathlib import Path
from typing import Any

import pytest

from exchange.sources.taking import Taken, take
from persona_batch.errors import UsageError

USER = {"role": "user", "content": "Q "}
REPLY = {"role": "assistant", "content": "R"}
SHAREGPT = [{"from": "human", "value": "Q "}, {"from": "gpt", "value": "R"}]
CLAUDE = [{"sender": "human", "text": "Q "}, {"sender": "assistant", "text": "R"}]
CHATML = "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ <|im_end|>\n<|im_start|>assistant\nR<|im_end|>\n"
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.org/y.png"}}
TOOLS = [
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    {"role": "tool", "content": "T", "tool_call_id": "1"},
]


def asked(taken: Taken) -> list[list[str]]:
    """Return what is asked, turn by turn."""
    return [[turn.text for turn in one.turns] or [one.text] for one in taken.questions.values()]


def systems(taken: Taken) -> list[tuple[str | None, ...]]:
    return [one.variants for one in taken.personas.values()]


def taken_of(folder: Path, *rows: Any, name: str = "x.jsonl") -> Taken:
    text = "\n".join(json.dumps(row) for row in rows) if name.endswith("l") else json.dumps(rows[0])
    return take(folder, {name: text})


@pytest.mark.parametrize(
    ("row", "system"),
    [
        ({"messages": [{"role": "system", "content": "S\r\n"}, USER, REPLY]}, "S\r\n"),
        ({"system": "S\r\n", "conversations": SHAREGPT}, "S\r\n"),
        ({"system_prompt": "S", "messages": [USER, REPLY], "tools": "[]"}, "S"),
        ({"system": [{"type": "text", "text": "S"}], "messages": [USER, REPLY]}, "S"),
        ({"custom_id": "1", "params": {"system": "S", "messages": [USER]}}, "S"),
        ({"custom_id": "1", "body": {"instructions": "S", "input": [USER]}}, "S"),
        ({"custom_id": "1", "body": {"instructions": "S", "input": "Q "}}, "S"),
        ({"systemInstruction": {"parts": [{"text": "S"}]}, "contents": [{"role": "user", "parts": ["Q "]}]}, "S"),
        ({"system": "S", "conversation": [{"human": "Q ", "assistant": "R"}]}, "S"),
        ({"prompt": "Q ", "chosen": [{"role": "system", "content": "S"}, USER, REPLY], "rejected": [USER]}, "S"),
        ({"text": CHATML}, "S"),
        ({"conversation": [{"system": "S", "input": "Q ", "output": "R"}]}, "S"),
        ({"id": "1", "data": ["Q ", "R"]}, None),
        ({"prompt": "\n\nHuman: Q \n\nAssistant:", "answers": []}, None),
        ({"messages": [{**USER, "role": "User"}, {**REPLY, "role": "Chatbot"}, {**USER, "content": ""}]}, None),
        ({"chosen": "\n\nHuman: Q \n\nAssistant: R", "rejected": "\n\nHuman: Q \n\nAssistant: No"}, None),
        ({"text": "### Human: Q ### Assistant: R"}, None),
        ({"conversation_id": "1", "conversation_a": [USER, REPLY], "conversation_b": [USER]}, None),
        ({"context": "S", "messages": [{"author": "user", "content": "Q "}]}, "S"),
        ({"uuid": "1", "chat_messages": CLAUDE}, None),
        ({"message_id": "1", "parent_id": None, "text": "Q ", "role": "prompter"}, None),
        ({"conversations": json.dumps([{"from": "human", "value": "Q "}])}, None),
    ],
)  # fmt: skip
def test_each_dialect_says_whose_prompt_it_is_and_what_is_asked(
    tmp_path: Path, row: dict[str, Any], system: str | None
) -> None:
    taken = taken_of(tmp_path, row)
    assert taken.formats == ["conversations"]
    assert systems(taken) == [(system,)]
    assert asked(taken) == [["Q "]]


@pytest.mark.parametrize(
    ("row", "turns", "kept"),
    [
        ({"instruction": "Do it.", "input": "this\n", "output": "o"}, ["Do it.\nthis\n"], {"output": "o"}),
        ({"instruction": "Do it.", "input": "", "output": "o"}, ["Do it."], {"output": "o"}),
        ({"instruction": "When?", "context": "C", "response": "r"}, ["When?\nC"], {"response": "r"}),
        (
            {"instruction": "i", "input": "n", "output": "o", "history": [["a", "b"], ["c", "d"]]},
            ["a", "c", "i\nn"],
            {"output": "o", "history": [["a", "b"], ["c", "d"]]},
        ),
        ({"prompt": "p", "response": "r", "history": [["a", "b"]]}, ["a", "p"], {"response": "r"}),
    ],
)
def test_an_instruction_and_its_input_are_one_question(
    tmp_path: Path, row: dict[str, Any], turns: list[str], kept: dict[str, Any]
) -> None:
    taken = taken_of(tmp_path, row | {"system": "SYS"})
    assert asked(taken) == [turns]
    assert systems(taken) == [("SYS",)]
    assert all(f"`{name}`" in taken.notes[0] for name in kept)
    (one, *_) = taken.questions
    assert taken.kept(one).items() >= kept.items()


def test_instructions_that_nobody_is_told_are_questions_alone(tmp_path: Path) -> None:
    taken = taken_of(tmp_path, [{"instruction": "a", "input": "b", "output": "c"}], name="alpaca.json")
    assert (taken.personas, asked(taken)) == ({}, [["a\nb"]])


def test_pictures_and_tools_are_left_out_and_said_and_the_rest_is_asked(tmp_path: Path) -> None:
    parts = {"role": "user", "content": [{"type": "text", "text": "What is it? "}, PICTURE]}
    alone = {"role": "user", "content": [PICTURE]}
    taken = taken_of(
        tmp_path,
        {"id": "a", "messages": [{"role": "system", "content": "S"}, parts]},
        {"id": "b", "messages": [{"role": "system", "content": "S"}, USER, *TOOLS, REPLY, {**USER, "content": "q2"}]},
        {"id": "c", "messages": [{"role": "system", "content": "S"}, alone]},
    )
    assert systems(taken) == [("S",)]
    assert asked(taken) == [["What is it? "], ["Q ", "q2"]]
    assert taken.said("kept under `imported`: `image_url` of a message: row 1")
    assert taken.said("what tools were asked and said: row 2")
    assert taken.said("left out, as the user says nothing in them: row 3")
    assert taken.kept("a")["messages"][1] == parts
    assert taken.kept("b")["messages"][2:4] == TOOLS


def test_a_system_message_beside_one_in_the_talk_is_said(tmp_path: Path) -> None:
    taken = taken_of(tmp_path, {"system": "A", "messages": [{"role": "developer", "content": "B"}, USER]})
    assert systems(taken) == [("B",)]
    assert taken.said("a system message beside the talk")
    assert taken.kept("Q")["system"] == "A"


@pytest.mark.parametrize(
    "document", [[USER, REPLY], [[USER]], {"messages": [USER]}, {"conversations": [{"messages": [USER]}]}]
)
def test_a_file_may_be_one_conversation_or_hold_its_rows_by_a_name(tmp_path: Path, document: Any) -> None:
    assert asked(taken_of(tmp_path, document, name="x.json")) == [["Q "]]


def test_an_empty_conversation_does_not_spoil_a_file(tmp_path: Path) -> None:
    rows = [{"conversations": []}, {"conversations": [{"from": "human", "value": "Hi"}]}, {"conversations": None}]
    taken = take(tmp_path, {"x.json": json.dumps(rows)})
    assert asked(taken) == [["Hi"]]
    assert taken.said("rows without messages are left out: row 1 and 1 more")


def test_of_trees_one_branch_is_asked(tmp_path: Path) -> None:
    said = {"worse": "no", "best": "and?"}
    replies = [
        {
            "role": "assistant",
            "text": text,
            "rank": rank,
            "replies": [{"role": "prompter", "text": then, "replies": []}],
        }
        for rank, (text, then) in zip((1, 0), said.items(), strict=True)
    ]
    tree = {"message_tree_id": "t", "prompt": {"role": "prompter", "text": "root", "replies": replies}}
    taken = taken_of(tmp_path / "trees", tree)
    assert asked(taken) == [["root", "and?"]]
    assert taken.said("left out: all but one branch")
    nodes = {
        "r": {"message": None, "parent": None},
        "a": {"message": {"author": {"role": "user"}, "content": {"parts": ["hello"]}}, "parent": "r"},
        "b": {"message": {"author": {"role": "assistant"}, "content": {"parts": ["yo"]}}, "parent": "a"},
        "c": {"message": {"author": {"role": "user"}, "content": {"parts": ["again"]}}, "parent": "b"},
    }
    export = [{"title": "T", "mapping": nodes, "current_node": "c"}]
    assert asked(taken_of(tmp_path / "export", export, name="x.json")) == [["hello", "again"]]
    rows = [{"message_id": "1", "parent_id": None, "text": "root", "role": "prompter"}]
    rows.append({"message_id": "2", "parent_id": "1", "text": "reply", "role": "assistant"})
    flat = taken_of(tmp_path / "flat", *rows)
    assert asked(flat) == [["root"]]
    assert flat.said("messages below the first of a tree of replies: row 2")


def test_tables_that_only_resemble_talk_are_none(tmp_path: Path) -> None:
    assert take(tmp_path / "a", {"a.csv": "act,prompt\na,### Human\n"}).formats == ["prompts"]
    assert take(tmp_path / "b", {"b.jsonl": '{"instruction": "Who?"}'}).formats == ["questions"]
    with pytest.raises(UsageError, match="not recognised"):
        take(tmp_path / "c", {"c.json": json.dumps([{"conversations": []}])})


def test_rows_of_one_prompt_are_one_persona(tmp_path: Path) -> None:
    table = "name,system_prompt,question,level\nA,SP,Q1,x\nA,SP,Q2,x\nB,SP2,Q1,x\nA,SP,Q3,y\n"
    taken = take(tmp_path / "a", {"a.csv": table})
    assert [(name, one.variants[0], len(one.questions)) for name, one in taken.personas.items()] == [
        ("A", "SP", 2),
        ("B", "SP2", 1),
        ("A-2", "SP", 1),
    ]
    rows = [{"id": n, "system_prompt": "S", "question": n, "response": f"r{n}"} for n in ("one", "two")]
    orca = taken_of(tmp_path / "b", *rows)
    assert [*orca.personas] == ["x"]
    assert [*orca.questions] == ["one", "two"]
    everything = json.dumps(orca.files)
    assert '"response": "rone"' in everything
    assert "attributes" not in everything
    assert orca.said("kept under `imported`, not sent: `response`")
