"""The key is an identity people's runs rely on: it is stable, canonical and sensitive to what is asked."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from persona_batch.chat import Message
from persona_batch.plan.key import KEY_VERSION, canonical_json, cell_key

ASKED: dict[str, Any] = {
    "messages": (Message("system", "你是孙悟空"), Message("user", "你好")),
    "model": "Qwen/Qwen3-Next-80B-A3B-Instruct",
    "params": {"temperature": 0.7, "max_tokens": 96},
    "endpoint": "modelscope",
    "sample": 0,
}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_the_recipe_is_pinned_to_its_version() -> None:
    # A change here loses every unfinished run: raise KEY_VERSION with it, and say so in the CHANGELOG.
    assert (KEY_VERSION, cell_key(**ASKED)) == (1, "d7f1a836905210b97f6dd5c808ef0d30")


@pytest.mark.parametrize(
    "change",
    [
        {"messages": (Message("system", "你是孙悟空。"), Message("user", "你好"))},
        {"messages": (Message("user", "你是孙悟空"), Message("user", "你好"))},
        {"messages": (Message("system", "你是孙悟空"), Message("user", "你好", name="八戒"))},
        {"messages": (Message("user", "你好"),)},
        {"model": "Qwen/Qwen3-8B"},
        {"params": {"temperature": 0.8, "max_tokens": 96}},
        {"params": {"temperature": 0.7}},
        {"endpoint": "dashscope"},
        {"sample": 1},
        {"turns": (Message("user", "你爱吃什么？"),)},
        {"twin": "assistant/0/system"},
    ],
)
def test_any_change_of_what_is_asked_changes_the_key(change: dict[str, Any]) -> None:
    assert cell_key(**{**ASKED, **change}) != cell_key(**ASKED)


def test_a_missing_and_an_empty_system_message_are_two_conditions() -> None:
    missing = cell_key(**{**ASKED, "messages": (Message("user", "hi"),)})
    empty = cell_key(**{**ASKED, "messages": (Message("system", ""), Message("user", "hi"))})
    assert missing != empty


def test_spelling_and_order_of_params_do_not_matter() -> None:
    spelled = {**ASKED, "params": {"max_tokens": 96.0, "temperature": 0.70}}
    assert cell_key(**spelled) == cell_key(**ASKED)


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_canonical_json_ignores_the_order_of_names(value: dict[str, Any]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


@given(json_values, json_values)
@example([True, False], [True, 0])
@example({"a": 1}, {"a": 1.0})
@example({"a": [1]}, {"a": [True]})
@example(0.0, -0.0)
def test_canonical_json_tells_different_values_apart(one: Any, other: Any) -> None:
    assert (canonical_json(one) == canonical_json(other)) == alike(one, other)


def alike(one: Any, other: Any) -> bool:
    """Say whether two values are the same to JSON: a whole float is a whole number, true and false are none."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
