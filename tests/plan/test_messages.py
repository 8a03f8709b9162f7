"""Where a persona's words go, for each placement."""

from persona_batch.chat import Message
from persona_batch.config.batch import Example, Persona, Question
from persona_batch.plan.messages import build_messages

QUESTION = Question(id="food", text="你爱吃什么？")
KITTEN = Persona(id="kitten", variants=("你是一只小猫",), questions=(QUESTION,))
SHOWN = Persona(id="kitten", variants=("你是一只小猫",), questions=(QUESTION,), examples=(Example("你是谁？", "喵！"),))


def test_system_message_stands_first() -> None:
    assert build_messages(KITTEN, "你是一只小猫", "system", QUESTION) == (
        Message("system", "你是一只小猫"),
        Message("user", "你爱吃什么？"),
    )


def test_developer_message_takes_the_role_the_endpoint_knows() -> None:
    assert build_messages(KITTEN, "x", "developer", QUESTION)[0].role == "developer"
    assert build_messages(KITTEN, "x", "developer", QUESTION, developer_role="system")[0].role == "system"


def test_user_placement_writes_the_persona_in_front_of_the_question() -> None:
    assert build_messages(KITTEN, "你是一只小猫", "user", QUESTION) == (
        Message("user", "你是一只小猫\n\n你爱吃什么？"),
    )


def test_user_placement_with_examples_goes_before_the_first_example() -> None:
    assert build_messages(SHOWN, "你是一只小猫", "user", QUESTION) == (
        Message("user", "你是一只小猫\n\n你是谁？"),
        Message("assistant", "喵！"),
        Message("user", "你爱吃什么？"),
    )


def test_examples_stand_between_persona_and_question() -> None:
    roles = [message.role for message in build_messages(SHOWN, "你是一只小猫", "system", QUESTION)]
    assert roles == ["system", "user", "assistant", "user"]


def test_no_persona_sends_the_question_alone_and_an_empty_one_an_empty_message() -> None:
    assert build_messages(KITTEN, None, "none", QUESTION) == (Message("user", "你爱吃什么？"),)
    assert build_messages(KITTEN, "你是一只小猫", "none", QUESTION) == (Message("user", "你爱吃什么？"),)
    assert build_messages(KITTEN, "", "system", QUESTION)[0] == Message("system", "")
