"""Each format: what becomes of what a source says."""

import json
from pathlib import Path

import pytest

from exchange.sources.taking import take
from persona_batch.errors import UsageError

PIRATE = "You are a pirate, and you sail the sea."


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'act,prompt\nA b,"be ""x"";\r\ny"\n'),
        ("a.csv", b'\xef\xbb\xbfname;system_prompt\r\nA b;"be ""x"";\r\ny"\r\n'),
        ("a.tsv", 'Title\tPrompt\nA b\t"be ""x"";\r\ny"\n'),
        ("a.json", json.dumps([{"role": "A b", "content": 'be "x";\r\ny'}])),
        ("a.json", json.dumps({"version": "2", "prompts": [{"act": "A b", "prompt": 'be "x";\r\ny'}]})),
        ("a.jsonl", json.dumps({"persona": "A b", "instruction": 'be "x";\r\ny'}) + "\n\n"),
    ],
)
def test_a_table_of_prompts_has_a_persona_per_row(tmp_path: Path, name: str, text: str | bytes) -> None:
    taken = take(tmp_path, {name: text})
    assert taken.formats == ["prompts"]
    assert taken.prompts == {"A-b": 'be "x";\r\ny'}
    assert taken.personas["A-b"].name == "A b"


def test_other_columns_are_attributes_or_kept(tmp_path: Path) -> None:
    rows = [
        {"act": "a", "prompt": "x", "for_devs": "TRUE", "note": "long " * 40, "n": 3, "tags": ["u", "v"]},
        {"act": "b", "prompt": "y", "for_devs": "", "note": "short", "n": None},
    ]
    taken = take(tmp_path, {"a.jsonl": "\n".join(map(json.dumps, rows))})
    assert dict(taken.personas["a"].attributes) == {"for_devs": "TRUE", "n": "3"}
    assert dict(taken.personas["b"].attributes) == {}
    assert taken.kept("a") == {"note": "long " * 40, "tags": ["u", "v"]}
    assert taken.kept("b") == {"note": "short"}
    assert taken.said("kept under `imported`, not sent: `note`, `tags`")


def test_a_parquet_file_of_many_personas_is_a_table_with_a_template(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    texts = [f"A baker\r\nof {number} {{{{ breads }}}}" for number in range(800)]
    table = pa.table({"input persona": texts, "synthesized text": [f"q{number}" for number in range(800)]})
    parquet.write_table(table, tmp_path / "hub.parquet")
    taken = take(tmp_path, {"hub.parquet": (tmp_path / "hub.parquet").read_bytes()})
    (shape,) = taken.personas.values()
    assert shape.rows is not None
    assert [shape.rows.persona(shape, number).variants[0] for number in range(800)] == texts
    assert taken.files["personas/hub.yaml"]["personas"][0]["from"] == "hub.jsonl"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("q.jsonl", '{"question_id": 7, "prompt": "Who\\u2028 are you? "}'),
        ("q.csv", 'id,question\n7,"Who\u2028 are you? "\n'),
        ("q.json", '[{"uid": "7", "query": "Who\\u2028 are you? "}]'),
    ],
)
def test_a_table_of_questions(tmp_path: Path, name: str, text: str) -> None:
    taken = take(tmp_path, {name: text})
    assert taken.formats == ["questions"]
    assert taken.asked == {"7": "Who\u2028 are you? "}


def test_questions_of_several_turns_keep_what_they_have_besides(tmp_path: Path) -> None:
    row = {"question_id": 81, "category": "writing", "turns": ["Write. ", "Again\r\n"], "reference": ["r"]}
    taken = take(tmp_path, {"mt.jsonl": json.dumps(row)})
    assert [turn.text for turn in taken.questions["81"].turns] == row["turns"]
    assert taken.kept("81") == {"category": "writing", "reference": ["r"]}


def test_lists_and_objects_of_texts(tmp_path: Path) -> None:
    named = take(tmp_path / "a", {"a.json": json.dumps({"pirate": PIRATE, "a monk": f"{PIRATE}!"})})
    assert named.prompts == {"pirate": PIRATE, "a-monk": f"{PIRATE}!"}
    listed = take(tmp_path / "b", {"b.json": json.dumps(["What is rain?", "What is rain?"])})
    assert [*listed.asked.values()] == ["What is rain?"] * 2
    lines = take(tmp_path / "c", {"c.txt": "Who?\n\n Is it?\r\n"}, form="question-lines")
    assert [*lines.asked.values()] == ["Who?", " Is it?"]


def test_tables_in_markdown(tmp_path: Path) -> None:
    text = r"""# Prompts

name | prompt
:--- | ---:
a\|b | `x` \| y \n
c | **d**

```
| question |
|---|
| no table |
```

| 标题 | 问题 |
|---|:-:|
| t | 你是谁？ |

| other | columns |
|---|---|
| 1 | 2 |
"""
    taken = take(tmp_path, {"a.md": text})
    assert taken.formats == ["markdown"]
    assert taken.prompts == {"a-b": r"`x` | y \n", "c": "**d**"}
    assert taken.asked == {"你是谁": "你是谁？"}
    assert taken.said("a table of `other`, `columns` was passed over")


def test_role_json_is_wordings_questions_and_a_rubric(tmp_path: Path) -> None:
    judge = "Q: {question}\nA: {answer} {{x}}\nRespond with a number between 0 and 3."
    role = {"instruction": [{"pos": "a"}, {"pos": ""}, {"pos": "a"}], "questions": ["Who?"], "eval_prompt": judge}
    taken = take(tmp_path, {"bard.json": json.dumps(role)})
    assert taken.personas["bard"].variants == ("a", "")
    assert taken.said("wordings that stand twice")
    rubric = taken.files["prompts/judges/bard.yaml"]
    assert rubric["score"] == {"min": 0, "max": 3}
    assert "{{ question }}" in rubric["text"]
    assert "{% raw %}" in rubric["text"]


def test_conversations_are_personas_and_what_the_user_says(tmp_path: Path) -> None:
    def said(*turns: tuple[str, str]) -> list[dict[str, str]]:
        return [{"from": role, "value": text} for role, text in turns]

    rows = [
        {"id": "a", "conversations": said(("system", "S"), ("human", "Hi"), ("gpt", "Yo"), ("human", "Who? "))},
        {"id": "b", "conversations": said(("system", "S"), ("human", "Well?"), ("gpt", "Fine"))},
        {"id": "c", "conversations": said(("gpt", "Welcome!"), ("human", "Well?"))},
    ]
    taken = take(tmp_path, {"talks.json": json.dumps(rows)})
    assert taken.prompts == {"talks-1": "S", "talks-2": None}
    assert [turn.text for turn in taken.questions["a"].turns] == ["Hi", "Who? "]
    assert taken.asked["b"] == "Well?"
    assert taken.personas["talks-2"].examples[0].assistant == "Welcome!"
    assert taken.kept("b")["messages"] == rows[1]["conversations"]


@pytest.mark.parametrize(
    "row",
    [
        {"system": "S", "conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]},
        {"input": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}], "ideal": "A"},
        {"custom_id": "r", "body": {"model": "m", "messages": [
            {"role": "system", "content": "S"}, {"role": "user", "content": [{"type": "text", "text": "Q"}]}]}},
        {"system": "S", "instruction": "Q", "input": "", "output": "A"},
        {"system_prompt": "S", "prompt": "Q"},
        {"persona": "S", "question": "Q"},
    ],
)  # fmt: skip
def test_a_system_message_beside_what_is_asked(tmp_path: Path, row: dict[str, object]) -> None:
    taken = take(tmp_path, {"x.jsonl": json.dumps(row)})
    (persona,) = taken.personas.values()
    assert persona.variants == ("S",)
    assert [question.text for question in persona.questions] == ["Q"]
    everything = json.dumps(taken.files)
    assert all(f'"{value}"' in everything for value in row.values() if isinstance(value, str) and value)


def test_the_forms_of_checks_that_are_exact(tmp_path: Path) -> None:
    sources = ['lambda x: "Tokyo" in x', "lambda x: 'a' not in x", "lambda x: len(x) == 1", '__import__("os").abort()']
    rows = [{"id": n, "system": f"s{n}", "probe": "Who?", "check_source": text} for n, text in enumerate(sources)]
    taken = take(tmp_path, {"probes.json": json.dumps(rows)})
    found = [[(check.kind, check.argument) for check in one.checks] for one in taken.personas.values()]
    assert found == [[("contains", "Tokyo")], [("not_contains", "a")], [], []]
    assert [taken.kept(str(number))["check_source"] for number in range(4)] == sources
    assert sum("no check of ours is exactly" in note for note in taken.notes) == 2


DOTPROMPT = """---
model: some/model
config: {temperature: 0.7, stopSequences: [STOP]}
input: {default: {language: English}}
---
{{role "system"}}
Reply in {{language}}.
{{role "user"}}Say hello to {{name}}.
"""
PROMPTY = """---
name: Basic
model: {api: chat, parameters: {max_tokens: 128}}
sample: {who: Jane}
---
system:
You help {{who}}.

user:
{{question}}
"""


def test_dotprompt_prompty_and_llm_templates(tmp_path: Path) -> None:
    dot = take(tmp_path / "a", {"greet.prompt": DOTPROMPT})
    assert dot.prompts == {"greet": "\nReply in English.\n"}
    assert dot.personas["greet"].params == {"temperature": 0.7, "stop": ["STOP"]}
    assert [*dot.asked.values()] == ["Say hello to {{name}}.\n"]
    assert dot.said("not filled in, and sent as it stands: `{{name}}`")
    assert dot.kept("greet")["model"] == "some/model"
    basic = take(tmp_path / "b", {"basic.prompty": PROMPTY})
    assert basic.prompts == {"Basic": "You help Jane.\n"}
    assert basic.questions == {}
    text = "system: Speak like $who for $$5\nprompt: $input\ndefaults: {who: a pirate}\noptions: {temperature: 1}\n"
    llm = take(tmp_path / "c", {"wild.yaml": text})
    assert llm.formats == ["llm-template"]
    assert llm.prompts == {"wild": "Speak like a pirate for $5"}


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("act,prompt,for_devs,type,contributor", 'A,"x ",TRUE,TEXT,f'),
        ("topic,prompt,contributor,link", 'A,"x ",https://example.org,'),
        ("app,prompt,contributor,techstack", 'A,"x ",f,React'),
    ],
)
def test_collections_of_prompts_are_personas_whatever_names_them(tmp_path: Path, columns: str, row: str) -> None:
    assert take(tmp_path, {"prompts.csv": f"{columns}\n{row}\n"}).prompts == {"A": "x "}


def test_a_topic_alone_is_no_name_unless_one_says_so(tmp_path: Path) -> None:
    table = "topic,prompt\nmath,What is 1+1?\n"
    taken = take(tmp_path / "a", {"a.csv": table})
    assert [*taken.asked.values()] == ["What is 1+1?"]
    assert taken.said("`--format prompts` makes personas of them, named by `topic`")
    assert take(tmp_path / "b", {"b.csv": table}, form="prompts").prompts == {"math": "What is 1+1?"}


def test_a_folder_is_looked_through_and_strangers_are_named(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"a/x.csv": "act,prompt\na,1\n", "b/x.csv": "act,prompt\na,2\n"}
    files |= {"c.bin": b"\0", ".hidden.csv": "act,prompt\nz,3\n", "cut.json": "[{"}
    taken = take(tmp_path, files)
    assert taken.prompts == {"a": "1", "a-2": "2"}
    assert set(taken.files) == {"personas/x.yaml", "personas/x-2.yaml"}
    assert taken.said("c.bin: not recognised; it was passed over")
    assert taken.said("cut.json:1:3: not JSON")


def test_what_is_not_recognised_is_an_error_with_the_formats(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not recognised; `--format NAME` forces one of .*promptfoo"):
        take(tmp_path, {"a.json": "[1, 2]"})
    with pytest.raises(UsageError, match="did you mean `prompts`"):
        take(tmp_path, {"a.json": "[1, 2]"}, form="promts")
