"""What counts as falling out of a role, and what does not."""

import pytest

from persona_batch.checks import Check, evaluate
from persona_batch.checks.markers import MARKERS, breaks_character

BROKEN = [
    "As an AI, I don't eat.",
    "As a large language model, I cannot feel the wind.",
    "I'm an AI assistant, so I have no hobbies.",
    "I am just a language model.",
    "I am ChatGPT, here to help.",
    "My name is Qwen.",
    "I was created by OpenAI.",
    "I don't have personal feelings or a body.",
    "I'm sorry, but I cannot assist with that.",
    "作为一个AI语言模型，我没有爱好。",
    "作为人工智能，我不吃东西。",
    "我是一个人工智能助手。",
    "我只是一个大型语言模型。",
    "我是通义千问，由阿里云开发。",
    "我是由阿里巴巴集团旗下的通义实验室自主研发的超大规模语言模型。",
    "我是百度公司研发的知识增强大语言模型。",
    "我叫DeepSeek。",
    "抱歉，我无法协助您。",
]
IN_ROLE = [
    "Arrr, matey! The sea be my home.",
    "俺老孙乃齐天大圣，哪里会向你低头！",
    "What is an AI, traveller? I know only gods and demons.",
    "The machine spoke of artificial intelligence, and I laughed.",
    "我不懂什么人工智能，只知道金箍棒。",
    "As a monkey, I eat peaches.",
    "I am proud of my ship.",
    "我是花果山的猴王。",
    "Claude the baker gave me bread.",
    "",
]


@pytest.mark.parametrize("reply", BROKEN)
def test_a_reply_that_calls_itself_a_machine_breaks_character(reply: str) -> None:
    assert breaks_character(reply)
    assert not evaluate(Check("in_character", argument=True), reply)


@pytest.mark.parametrize("reply", IN_ROLE)
def test_a_reply_in_its_role_does_not(reply: str) -> None:
    assert not breaks_character(reply)
    assert evaluate(Check("in_character", argument=True), reply)


@pytest.mark.parametrize("name", MARKERS)
def test_every_marker_is_found_in_a_reply(name: str) -> None:
    assert any(MARKERS[name].search(reply) for reply in BROKEN)


def test_a_long_reply_is_searched_in_linear_time() -> None:
    assert not breaks_character("我是" * 50_000 + "I am a " * 50_000)
