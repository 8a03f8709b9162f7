"""Where a persona's words go, for each placement."""

from dataclasses import replace
from typing import Any

import pytest

from persona_batch.chat import Message, Placement
from persona_batch.config.batch import Batch, Example, Persona, Question, RunSettings
from persona_batch.plan.asked import cell_of
from persona_batch.plan.cell import Endpoint
from persona_batch.plan.grid import Grid

QUESTION = Question(id="food", text="你爱吃什么？")
KITTEN = Persona(id="kitten", variants=("你是一只小猫",), questions=(QUESTION,))
SHOWN = Persona(id="kitten", variants=("你是一只小猫",), questions=(QUESTION,), examples=(Example("你是谁？", "喵！"),))
ENDPOINT = Endpoint("test", "http://test/v1")


def sent(
    persona: Persona, text: str | None, placement: Placement, question: Question, **options: Any
) -> tuple[Message, ...]:
    cell = cell_of(
        replace(persona, variants=(text,)), question, placement=placement, endpoint=ENDPOINT, model="m", **options
    )
    return cell.messages


def test_system_message_stands_first() -> None:
    assert sent(KITTEN, "你是一只小猫", "system", QUESTION) == (
        Message("system", "你是一只小猫"),
        Message("user", "你爱吃什么？"),
    )


def test_developer_message_takes_the_role_the_endpoint_knows() -> None:
    assert sent(KITTEN, "x", "developer", QUESTION)[0].role == "developer"
    assert sent(KITTEN, "x", "developer", QUESTION, developer_role="system")[0].role == "system"


def test_user_placement_writes_the_persona_in_front_of_the_question() -> None:
    assert sent(KITTEN, "你是一只小猫", "user", QUESTION) == (Message("user", "你是一只小猫\n\n你爱吃什么？"),)


def test_user_placement_with_examples_goes_before_the_first_example() -> None:
    assert sent(SHOWN, "你是一只小猫", "user", QUESTION) == (
        Message("user", "你是一只小猫\n\n你是谁？"),
        Message("assistant", "喵！"),
        Message("user", "你爱吃什么？"),
    )


def test_examples_stand_between_persona_and_question() -> None:
    roles = [message.role for message in sent(SHOWN, "你是一只小猫", "system", QUESTION)]
    assert roles == ["system", "user", "assistant", "user"]


def test_a_greeting_stands_in_its_place_among_the_examples() -> None:
    greeting = Message("assistant", "喵呜")
    greets = replace(SHOWN, examples=(*SHOWN.examples, Example(None, "喵呜")))
    messages = sent(greets, "你是一只小猫", "system", QUESTION)
    assert [message.role for message in messages] == ["system", "user", "assistant", "assistant", "user"]
    assert messages[3] == greeting


@pytest.mark.parametrize(("text", "before"), [("你是一只小猫", [Message("user", "你是一只小猫")]), ("", [])])
def test_user_placement_puts_the_prompt_before_a_greeting_as_a_message_by_itself(
    text: str, before: list[Message]
) -> None:
    greets = replace(KITTEN, examples=(Example(None, "喵呜"),))
    assert sent(greets, text, "user", QUESTION) == (
        *before,
        Message("assistant", "喵呜"),
        Message("user", "你爱吃什么？"),
    )


def test_no_persona_sends_the_question_alone_and_an_empty_one_an_empty_message() -> None:
    assert sent(KITTEN, None, "none", QUESTION) == (Message("user", "你爱吃什么？"),)
    assert sent(KITTEN, "你是一只小猫", "none", QUESTION) == (Message("user", "你爱吃什么？"),)
    assert sent(KITTEN, "", "system", QUESTION)[0] == Message("system", "")


@pytest.mark.parametrize(
    "persona",
    [KITTEN, SHOWN, replace(KITTEN, examples=(Example(None, "喵"),))],
    ids=["plain", "with examples", "greeting"],
)
@pytest.mark.parametrize("placement", ["system", "developer", "user"])
@pytest.mark.parametrize("text", ["你是一只小猫", "", None])
@pytest.mark.parametrize("params", [{}, {"top_p": 0.5}], ids=["no params", "params"])
def test_a_cell_outside_any_grid_is_the_one_a_grid_has(
    persona: Persona, placement: Placement, text: str | None, params: dict[str, float]
) -> None:
    question = replace(QUESTION, params=params)
    one = replace(persona, variants=(text,), placement=placement, params={"temperature": 1.0}, questions=(question,))
    merged: Any = {"provider_params": {"seed": 7, "top_p": 1}, "cli_params": {"max_tokens": 9}}
    batch = Batch(id="b", personas=(one,), run=RunSettings(), files=())
    (cell,) = Grid(batch, endpoint=ENDPOINT, models=["m"], **merged)
    assert cell_of(one, question, endpoint=ENDPOINT, model="m", **merged) == cell


def test_a_later_turn_is_asked_behind_all_before_it() -> None:
    first = cell_of(KITTEN, QUESTION, endpoint=ENDPOINT, model="m")
    history = (*first.messages, Message("assistant", "鱼"))
    later = cell_of(KITTEN, Question("why", "为什么？"), endpoint=ENDPOINT, model="m", history=history)
    assert later.messages == (*history, Message("user", "为什么？"))
    assert later.key != first.key
