"""`--param` on the command line: the same rules as for `params:` in a file."""

import json

import pytest

from config.conftest import Load, Problems
from persona_batch.chat import JsonValue, Params
from persona_batch.config.settings import Overrides

PERSONA = "system: x\nquestions: [Hello]\n"
KEY = "sk-0123456789abcdefghij"


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"temperature": "hot"}, "--param temperature: found text `hot`, expected a number"),
        ({"temperature": -1}, "--param temperature: found `-1`, expected at least 0"),
        ({"max_tokens": 0}, "--param max_tokens: found `0`, expected at least 1"),
        ({"max_tokens": 1.5}, "--param max_tokens: found `1.5`, read as a number, expected a whole number"),
        ({"stop": 5}, "--param stop: found `5`, read as a number, expected text or a list"),
        ({"temprature": 1}, "--param temprature: unknown parameter `temprature`, did you mean `temperature`?"),
        ({"model": "x"}, "--param model: the parameter `model` cannot be set here: name the model under"),
        ({"messages": []}, "--param messages: the parameter `messages` cannot be set here"),
        ({"stream": False}, "--param stream: the parameter `stream` cannot be set here"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_parameter_is_one_problem_that_names_its_option(
    params: Params, problem: str, problems: Problems
) -> None:
    (found,) = problems(PERSONA, overrides=Overrides(params=params))
    assert found.startswith(problem)


@pytest.mark.parametrize(
    "params", [{"api_key": "abc"}, {"user": KEY}, {"metadata": {"a": [f"Bearer {KEY}"]}}, {KEY: 1}], ids=json.dumps
)
def test_a_secret_is_refused_and_not_shown(params: Params, problems: Problems) -> None:
    found = problems(PERSONA, overrides=Overrides(params=params))
    assert any("never stands on the command line" in problem for problem in found)
    assert not any(KEY in problem for problem in found)


@pytest.mark.parametrize(
    ("name", "value"),
    [("temperature", 0), ("top_k", 40), ("seed", None), ("chat_template_kwargs", {"a": [None]}), ("stop", ["a"])],
)
def test_a_right_parameter_is_left_to_the_plan(name: str, value: JsonValue, load: Load) -> None:
    assert load(PERSONA, overrides=Overrides(params={name: value})).run == load(PERSONA).run


def test_a_model_without_a_name_is_refused(problems: Problems) -> None:
    assert problems(PERSONA, overrides=Overrides(models=(" ",))) == ["--model: found nothing, expected a model's name"]
