"""What is said of a source: places that nobody fills in, what is kept, and what is no prompt."""

import json
from pathlib import Path

import pytest

from exchange.sources.taking import take
from persona_batch.errors import UsageError
from persona_batch.exchange.sources.writing.notes import few_of_each


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "@"),
        ("a.md", "---\nname: a\n---\n@"),
        ("a/system.md", "@"),
        ("a.csv", "question\n@\n"),
        ("a.jsonl", '{"messages": [{"role": "user", "content": "@"}]}'),
        ("a.json", '[{"name": "m", "lang": "en", "context": [{"role": "system", "content": "@"}]}]'),
        ("b.json", '{"config": {"systemRole": "@"}, "meta": {"title": "t"}}'),
        ("a.prompt", "@"),
    ],
)
def test_places_to_fill_in_are_said_in_every_format(tmp_path: Path, name: str, text: str) -> None:
    taken = take(tmp_path, {name: text.replace("@", "Hi {{name}} {user_name}")})
    assert taken.said("not filled in, and sent as it stands: `{{name}}`, `{user_name}`")


def test_places_are_told_from_code_and_the_rest_of_them_is_counted(tmp_path: Path) -> None:
    text = r"\frac{a}{b} x_{i} $a + b$ $5 {return x} {'a': 1} f{x} ${a:B c} %(n)s {% if v %} 你{名字} $input user_{id}"
    taken = take(tmp_path / "a", {"a.txt": f"```py\nf'{{z}}'\n```\n{text}"})
    assert taken.said("as it stands: `${a:B c}`, `%(n)s`, `{% if v %}`, `{名字}`, `$input`, `{id}`")
    many = " ".join(f"{{{{v{number}}}}}" for number in range(12))
    assert take(tmp_path / "b", {"b.txt": many}).said("`{{v7}}` and 4 more")
    llm = take(tmp_path / "c", {"c.yaml": "system: Be $x\nprompt: 'Say: $input'\ndefaults: {y: z}\n"})
    assert llm.said("`$input`")
    assert llm.said("`$x`")


def test_a_note_that_matters_is_not_hidden_by_many_alike(tmp_path: Path) -> None:
    book = {"entries": [{"keys": ["k"], "content": f"c{n}", "enabled": True, "extensions": {}} for n in range(40)]}
    data: dict[str, object] = {
        "name": "A",
        "description": "d",
        "first_mes": "",
        "mes_example": "",
        "alternate_greetings": ["g"],
    }
    data |= {"character_book": book, "creator_notes": "n", "post_history_instructions": "p", "tags": [1], "zz": 1}
    taken = take(tmp_path, {"a.json": json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": data})})
    assert taken.said("kept under `imported`, not sent: ")
    assert not taken.said("more notes")
    assert [*few_of_each([*(f"row {n}: no `x{n}`" for n in range(9)), "the end"])][-2:] == [
        "the end",
        "and 4 more notes of these kinds",
    ]


def test_a_parameter_that_no_file_may_hold_is_kept(tmp_path: Path) -> None:
    agent = {"config": {"systemRole": "S", "params": {"temperature": 9, "top_p": 0.5}}, "meta": {"title": "t"}}
    taken = take(tmp_path, {"a.json": json.dumps(agent)})
    assert taken.personas["a"].params == {"top_p": 0.5}
    assert taken.said("is kept, not sent: `temperature: 9` of `a`")
    assert taken.kept("a")["params"] == {"temperature": 9}


def test_front_matter_without_a_prompt_is_no_prompt(tmp_path: Path) -> None:
    empty = "---\nname: x\ndescription: y\n---\n \n"
    with pytest.raises(UsageError, match="front matter with no prompt below it"):
        take(tmp_path / "a", {"a.md": empty})
    taken = take(tmp_path / "b", {"a.md": empty, "b.md": "---\nBe kind.\n---\n"})
    assert [*taken.prompts] == ["b"]
    assert taken.said("a.md: front matter with no prompt below it")
