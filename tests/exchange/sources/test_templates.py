"""Dotprompt, Prompty and templates of `llm`: roles, values, blocks, and what is said."""

import json
from pathlib import Path

import pytest

from exchange.sources.taking import take
from persona_batch.errors import UsageError

BLOCKS = """---
name: b
sample: {name: Bob, q: What now?}
---
system:
You help {{name}}.
{% if vip %}VIP{% endif %}
user:
{{q}}
assistant:
Sure.
user:
And {{name}}?
"""


def test_blocks_of_prompty_are_rendered_with_the_samples(tmp_path: Path) -> None:
    taken = take(tmp_path, {"block.prompty": BLOCKS})
    (persona,) = taken.personas.values()
    assert persona.variants == ("You help Bob.\n",)
    assert [(turn.user, turn.assistant) for turn in persona.examples] == [("What now?", "Sure.")]
    assert [*taken.asked.values()] == ["And Bob?"]
    assert taken.said("without a value, and nothing for conditions and loops, as in Prompty: `vip`")
    assert taken.kept("b")["template"] == BLOCKS.split("---\n")[2]


def test_prompty_is_rendered_before_its_roles_are_read(tmp_path: Path) -> None:
    body = (
        "system:\nBe kind.\n{% for item in history %}\n{{item.role}}:\n{{item.content}}\n{% endfor %}\nuser:\n{{q}}\n"
    )
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yo"}]
    files: dict[str, str | bytes] = {
        "chat.prompty": f"---\nsample: ${{file:values.json}}\n---\n{body}",
        "values.json": json.dumps({"history": history, "q": "Who?"}),
    }
    taken = take(tmp_path, files, "chat.prompty")
    assert [(turn.user, turn.assistant) for turn in taken.personas["chat"].examples] == [("Hi\n", "Yo\n")]
    assert [*taken.asked.values()] == ["Who?"]
    outside = take(tmp_path / "b", {"chat.prompty": "---\nsample: ${file:../../x.json}\n---\nsystem:\nHi {{q}}\n"})
    assert outside.prompts == {"chat": "Hi {{q}}"}
    assert outside.said("no JSON file beside the prompt")


def test_blocks_of_prompty_without_any_value_stay(tmp_path: Path) -> None:
    taken = take(tmp_path, {"a.prompty": "---\nname: a\n---\nsystem:\nHi.\n{% if x %}X{% endif %}\n"})
    assert taken.prompts == {"a": "Hi.\n{% if x %}X{% endif %}"}
    assert taken.said("the file has no values for them")


def test_mustache_in_prompty(tmp_path: Path) -> None:
    text = "---\ntemplate: mustache\nsample: {a: 1}\n---\nsystem:\n{{! hidden }}\nHi {{a}}.\n"
    taken = take(tmp_path, {"m.prompty": text})
    assert taken.prompts == {"m": "Hi 1."}


def test_marks_and_comments_of_dotprompt(tmp_path: Path) -> None:
    text = (
        "# A licence\n\n---\ninput: {default: {who: Bob}}\n---\n"
        "<<<dotprompt:role:system>>>You are {{who}}.\n{{!-- no --}}\nBye.\n"
        '{{history}}<<<dotprompt:role:user>>>Hi{{role "model"}}Yo{{role "user"}}Who, {{media url=photo}}?'
    )
    taken = take(tmp_path, {"d.prompt": text})
    assert taken.prompts == {"d": "You are Bob.\nBye.\n"}
    assert [(turn.user, turn.assistant) for turn in taken.personas["d"].examples] == [("Hi", "Yo")]
    assert [*taken.asked.values()] == ["Who, {{media url=photo}}?"]
    assert taken.said("`{{history}}`, where what was said before would stand, is left out")
    assert taken.said("`{{media url=photo}}`")
    assert "{{!-- no --}}" in taken.kept("d")["template"]


def test_with_a_block_nothing_of_dotprompt_is_filled_in(tmp_path: Path) -> None:
    block = '{{#if x}}{{role "user"}}{{who}}{{/if}}?'
    text = f'---\ninput: {{default: {{who: B}}}}\n---\n{{{{role "system"}}}}{{{{who}}}}{{{{role "user"}}}}{block}'
    taken = take(tmp_path, {"d.prompt": text})
    assert taken.prompts == {"d": "{{who}}"}
    assert [*taken.asked.values()] == [block]
    assert taken.said("nothing is filled in")


def test_a_key_that_stands_twice_is_said(tmp_path: Path) -> None:
    taken = take(tmp_path / "a", {"l.yaml": "system: a\nsystem: b\n"})
    assert taken.prompts == {"l": "b"}
    assert taken.said("l.yaml: the key `system` stands twice (line 2); the last one counts")
    config = "prompts: ['{{x}}']\ntests:\n- vars: {x: a, x: b}\n"
    assert take(tmp_path / "b", {"p/promptfooconfig.yaml": config}, "p").said("the key `x` stands twice (line 3)")


def test_what_grows_beyond_all_bounds_is_not_filled_in(tmp_path: Path) -> None:
    long, many = "x" * 10_000, "{{a}}" * 2_000
    dot = take(tmp_path / "a", {"d.prompt": f"---\ninput: {{default: {{a: {long}}}}}\n---\n{many}"})
    assert [*dot.asked.values()] == [many]
    prompty = take(tmp_path / "b", {"p.prompty": f"---\nsample: {{a: {long}}}\n---\nsystem:\n{many}"})
    assert prompty.prompts == {"p": many}
    assert dot.said("more than 16 million characters")
    assert prompty.said("more than 16 million characters")
    with pytest.raises(UsageError, match="`system` makes more than 16 million characters"):
        take(tmp_path / "c", {"l.yaml": f"system: {'$a ' * 2_000}\ndefaults: {{a: {long}}}\n"})
