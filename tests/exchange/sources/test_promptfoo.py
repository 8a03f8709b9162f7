"""promptfoo configs: what is rendered, what becomes a check, what is said."""

import json
from pathlib import Path

import pytest

from exchange.sources.taking import Taken, take
from persona_batch.errors import UsageError
from persona_batch.exchange.sources.promptfoo.checks import check_of, from_csv

CHAT = '[{"role": "system", "content": "You are {{who}}."}, {"role": "user", "content": "{{q}}"}]'


def config(folder: Path, said: object, **files: str) -> Taken:
    named: dict[str, str | bytes] = {name.replace("_", "."): text for name, text in files.items()}
    return take(folder, {"pf/promptfooconfig.json": json.dumps(said), **{f"pf/{k}": v for k, v in named.items()}}, "pf")


def test_prompts_and_tests_are_multiplied_out(tmp_path: Path) -> None:
    taken = config(
        tmp_path,
        {
            "prompts": ["file://chat.json"],
            "providers": ["openai:chat:gpt-x", {"id": "openai:y", "config": {"apiKey": "secret-abc"}}, "python:x.py"],
            "defaultTest": {"vars": {"who": "a cat", "q": "Meow?"}},
            "tests": [{"vars": {"who": ["a {{kind}}", 'a "monk"\n'], "kind": "pirate"}}, {"vars": {"q": "Who\r\n?"}}],
            "evaluateOptions": {"repeat": 3, "maxConcurrency": 4, "delay": 1},
            "outputPath": "x.csv",
        },
        chat_json=CHAT,
    )
    assert {one.variants[0]: [q.text for q in one.questions] for one in taken.personas.values()} == {
        "You are a pirate.": ["Meow?"],
        'You are a "monk".': ["Meow?"],
        "You are a cat.": ["Who\r\n?"],
    }
    said = taken.files["personas/pf.yaml"]
    assert said["run"] == {"model": ["gpt-x", "y"], "samples": 3, "concurrency": 4}
    assert said["imported"] == {"outputPath": "x.csv"}
    assert taken.said("the provider `python:x.py` is not carried over")
    assert taken.said("of `evaluateOptions`: `delay`")
    assert "secret-abc" not in json.dumps(taken.files) + "".join(taken.notes)


def test_files_of_prompts_and_tests(tmp_path: Path) -> None:
    taken = config(
        tmp_path,
        {
            "prompts": ["file://p.txt", "file://gen.py:make", "file://chat.yaml"],
            "tests": ["file://*.csv", {"vars": {"t": "file://long.txt", "who": "x"}}],
        },
        p_txt="One {{t}}\r\n---\n\n Two {{ t }} \n",
        chat_yaml="- role: system\n  content: Be {{who}}.\n- {role: user, content: Hi}\n"
        "- {role: assistant, content: Yo}\n- {role: user, content: '{{t}}?'}\n",
        a_csv="t,who,__expected\nbird,tall,icontains:Wing\n",
        long_txt="\n  long text \n",
        gen_py="raise SystemExit",
    )
    texts = {one.variants[0]: {question.text for question in one.questions} for one in taken.personas.values()}
    assert texts == {
        None: {"One bird", "Two bird", "One long text", "Two long text"},
        "Be tall.": {"bird?"},
        "Be x.": {"long text?"},
    }
    assert taken.said("gen.py is code, which is never run here")
    (checked,) = [one for one in taken.questions.values() if one.text == "bird?"]
    assert [(check.kind, check.argument) for check in checked.checks] == [("regex", "(?i)Wing")]


@pytest.mark.parametrize("name", ["file:///etc/hostname", "file://../../secret.txt"])
def test_nothing_outside_of_the_folder_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    with pytest.raises(UsageError, match="lies outside of the config's folder"):
        config(tmp_path, {"prompts": ["{{x}}"], "tests": [{"vars": {"x": name}}]})


def test_a_product_without_end_is_refused(tmp_path: Path) -> None:
    many = {f"v{number}": [str(value) for value in range(50)] for number in range(9)}
    with pytest.raises(UsageError, match="more than 50,000 tests"):
        config(tmp_path, {"prompts": ["{{v1}}"], "tests": [{"vars": many}]})


@pytest.mark.parametrize(
    ("asserted", "check"),
    [
        ({"type": "contains", "value": "a"}, {"contains": "a"}),
        ({"type": "not-contains", "value": "a"}, {"not_contains": "a"}),
        ({"type": "equals", "value": 3}, {"equals": "3"}),
        ({"type": "contains-all", "value": ["a", "b"]}, {"all": [{"contains": "a"}, {"contains": "b"}]}),
        ({"type": "not-contains-any", "value": ["a", "b"]}, {"not_contains": ["a", "b"]}),
        ({"type": "starts-with", "value": "a."}, {"regex": r"\Aa\."}),
        ({"type": "regex", "value": r"^\d$"}, {"regex": r"(?a)^\d\Z"}),
        ({"type": "regex", "value": r"a$b"}, None),
        ({"type": "regex", "value": r"(?<year>\d)"}, None),
        ({"type": "is-json"}, {"json": True}),
        ({"type": "is-json", "value": {"type": "object"}}, None),
        ({"type": "not-is-json"}, {"not": {"json": True}}),
        ({"type": "contains", "value": "file://x.txt"}, None),
        ({"type": "llm-rubric", "value": "good"}, None),
        ({"type": "contains", "value": "a", "transform": "output.x"}, None),
        ("contains", None),
        (from_csv("contains-any: a, b"), {"contains": ["a", "b"]}),
        (from_csv("just this"), {"equals": "just this"}),
        (from_csv("javascript: x"), None),
        (from_csv("not-icontains:a"), {"not": {"regex": "(?i)a"}}),
    ],
)
def test_an_assert_is_a_check_where_one_says_the_same(asserted: object, check: object) -> None:
    assert check_of(asserted) == check


def test_what_no_file_may_say_is_left_out_and_said(tmp_path: Path) -> None:
    key = "sk-" + "a1B2" * 8
    taken = config(
        tmp_path,
        {
            "prompts": ["Say {{x}}"],
            "providers": [{"id": "openai:gpt-x", "config": {"temperature": "high", "top_p": 0.5}}],
            "tests": [
                {"vars": {"x": "a"}, "assert": [{"type": "contains", "value": text} for text in (key, "\0", "b")]}
            ],
        },
    )
    assert taken.files["personas/pf.yaml"]["params"] == {"top_p": 0.5}
    assert taken.said("no parameter that can stand here: `temperature: high`")
    (question,) = taken.questions.values()
    assert [check.argument for check in question.checks] == ["b"]
    assert key not in json.dumps(taken.files) + "".join(taken.notes)


LOOP = """[{"role": "system", "content": {{ who | dump }}},
{% for message in before %}{% for role, content in message %}
{"role": "{{ role }}", "content": {{ content | dump }}},{% endfor %}{% endfor %}
{"role": "user", "content": {{ q | dump }}}]"""
BEFORE = [{"user": 'Who "founded" it?'}, {"assistant": "He.\nHe did."}]


def test_a_chat_is_rendered_first_and_then_read(tmp_path: Path) -> None:
    tests = [{"vars": {"who": 'a "pirate"', "before": BEFORE, "q": "Why?"}}]
    taken = config(tmp_path / "a", {"prompts": ["file://chat.json"], "tests": tests}, chat_json=LOOP)
    (persona,) = taken.personas.values()
    assert persona.variants == ('a "pirate"',)
    assert [(turn.user, turn.assistant) for turn in persona.examples] == [(BEFORE[0]["user"], "He.\nHe did.")]
    assert [*taken.asked.values()] == ["Why?"]
    text = (
        "- role: system\n  content: You are {{who}}\n{% if x %}- role: user\n  content: no\n{% endif %}- role: user\n"
    )
    taken = config(
        tmp_path / "b", {"prompts": [f"{text}  content: {{{{q}}}}"], "tests": [{"vars": {"who": "W", "q": "Q"}}]}
    )
    assert [one.variants for one in taken.personas.values()] == [("You are W",)]
    assert [*taken.asked.values()] == ["Q"]


def test_a_chat_that_is_broken_once_it_is_filled_in_is_said(tmp_path: Path) -> None:
    prompt = '[{"role": "user", "content": "{{ q }}"}{% if x %}{% endif %}]'
    with pytest.raises(UsageError, match=r"no prompt can be asked .*1 of 1: the chat is no JSON once it is filled in"):
        config(tmp_path, {"prompts": [prompt], "tests": [{"vars": {"q": 'a "b"'}}]})


def test_only_lists_that_begin_with_a_text_are_multiplied_out(tmp_path: Path) -> None:
    values = {"o": {"a": 1}, "l": [{"z": 1}, {"z": 2}], "n": [1, 2], "t": ["x", "y"]}
    taken = config(tmp_path, {"prompts": ["{{o}} {{o.a}} {{l[1].z}} {{n}} {{t}}"], "tests": [{"vars": values}]})
    assert [*taken.asked.values()] == ["[object Object] 1 2 1,2 x", "[object Object] 1 2 1,2 y"]
    assert taken.said("a mapping is `[object Object]` in a text")


def test_the_environment_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL_SECRET", "visible")
    said = {"prompts": ["{{env.SHELL_SECRET}} {{q}}"], "tests": [{"vars": {"q": "Q"}}], "env": {"PLACE": "here"}}
    with pytest.raises(UsageError, match=r"\{\{env.SHELL_SECRET\}\}: what the environment says is never read"):
        config(tmp_path / "a", said)
    taken = config(tmp_path / "b", {**said, "prompts": ["{{env.PLACE}} {{q}}", "{{ env | dump }}"]})
    assert [*taken.asked.values()] == ["here Q"]
    assert "visible" not in json.dumps(taken.files)
    assert taken.said("left out of prompts × tests: 1 of 2: {{env}}")


HISTORY = """[{"role": "system", "content": "S"},
{% for one in _conversation %}{"role": "user", "content": "{{ INPUT }}"},
{"role": "assistant", "content": "{{ one.output }}"},{% endfor %}
{"role": "user", "content": "{{ q }}"}]"""


@pytest.mark.parametrize("said", ["one.input", "one.input[one.input.length - 1].content", "one.prompt[1].content"])
def test_tests_of_one_conversation_are_turns(tmp_path: Path, said: str) -> None:
    tests = [
        {"vars": {"q": text}, "metadata": {"conversationId": name}, "assert": [{"type": "contains", "value": text}]}
        for name, text in (("a", "Who?"), ("b", "What?"), ("a", "Where?"))
    ]
    taken = config(tmp_path, {"prompts": [HISTORY.replace("INPUT", said)], "tests": tests})
    assert taken.prompts == {"pf": "S"}
    assert [[turn.text for turn in one.turns] or one.text for one in taken.questions.values()] == [
        ["Who?", "Where?"],
        "What?",
    ]
    assert [[check.argument for check in one.checks] for one in taken.questions.values()] == [["Where?"], ["What?"]]
    assert taken.said("turns before the last are kept")


def test_replies_within_a_text_are_not_made_up(tmp_path: Path) -> None:
    prompt = "{% for one in _conversation %}You said {{ one.output }}. {% endfor %}{{ q }}"
    tests = [{"vars": {"q": "A?"}}, {"vars": {"q": "B?"}}]
    taken = config(tmp_path, {"prompts": [prompt], "tests": tests})
    assert [*taken.asked.values()] == ["A?"]
    assert taken.said("1 of 2: `_conversation` puts the model's replies into a text")


def test_what_several_tests_say_of_one_question_is_kept(tmp_path: Path) -> None:
    tests = [{"vars": {"unused": text}, "description": text} for text in ("one", "two")]
    taken = config(tmp_path, {"prompts": ["Say"], "tests": tests})
    (question,) = taken.questions
    assert [one["vars"] for one in taken.kept(question)["tests"]] == [{"unused": "one"}, {"unused": "two"}]
    assert [one["description"] for one in taken.kept(question)["tests"]] == ["one", "two"]


def test_a_tag_that_is_not_closed_makes_the_prompt_a_text(tmp_path: Path) -> None:
    taken = config(tmp_path, {"prompts": ["{{q}} and {{ q"], "tests": [{"vars": {"q": "Q"}}]})
    assert [*taken.asked.values()] == ["{{q}} and {{ q"]


def test_a_scenario_is_a_conversation(tmp_path: Path) -> None:
    scenarios = [{"config": [{}], "tests": [{"vars": {"q": f"{name}{n}?"}} for n in (1, 2)]} for name in "ab"]
    taken = config(tmp_path, {"prompts": [HISTORY.replace("INPUT", "one.input")], "scenarios": scenarios})
    turns = [[turn.text for turn in one.turns] for one in taken.questions.values()]
    assert turns == [["a1?", "a2?"], ["b1?", "b2?"]]


def test_chats_of_other_providers_and_pictures(tmp_path: Path) -> None:
    user = {"role": "user", "parts": [{"text": "{{q}}"}]}
    gemini = {"system_instruction": {"parts": [{"text": "G"}]}, "contents": [user]}
    claude = {"system": "C", "messages": [{"role": "user", "content": [{"type": "text", "text": "{{q}}"}]}]}
    picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
    prompts = [json.dumps(one) for one in (gemini, claude, picture)]
    taken = config(tmp_path, {"prompts": prompts, "providers": ["openai:realtime:x"], "tests": [{"vars": {"q": "Q"}}]})
    assert taken.prompts == {"G": "G", "C": "C"}
    assert [*taken.asked.values()] == ["Q"]
    assert taken.said("1 of 3: `image_url` of a message cannot be asked")
    assert taken.said("the provider `openai:realtime:x` is not carried over")
