"""What an endpoint refuses by its name, in requests and their answers: left out or sent otherwise, and remembered."""

import pytest

from persona_batch.chat import Params
from persona_batch.errors import BadRequest
from persona_batch.provider.openai import OpenAIProvider
from provider.asking import ask, talk
from servers.act import Act, Script, error_body
from servers.faulty import FaultyServer


@pytest.mark.parametrize(
    ("refused", "params", "names"),
    [
        (
            Act(status=400, body=error_body("'max_tokens' is not supported with this model")),
            {"max_tokens": 7},
            ["max_tokens", "max_completion_tokens", "max_completion_tokens"],
        ),
        (
            Act(status=500, body="TypeError: unexpected keyword argument 'max_tokens'"),
            {"max_tokens": 7},
            ["max_tokens", "max_completion_tokens", "max_completion_tokens"],
        ),
        (
            Act(status=422, body=error_body("max_completion_tokens: Extra inputs are not permitted")),
            {"max_completion_tokens": 7},
            ["max_completion_tokens", "max_tokens", "max_tokens"],
        ),
        (
            Act(status=400, body=error_body("max_tokens is deprecated in favor of max_completion_tokens")),
            {"max_tokens": 7},
            ["max_tokens", "max_completion_tokens", "max_completion_tokens"],
        ),
        (Act(status=500, body="unknown field stream_options"), {}, ["stream_options", None, None]),
    ],
)
def test_what_is_refused_by_its_name_is_sent_otherwise_from_then_on(
    refused: Act, params: Params, names: list[str | None]
) -> None:
    known = {"max_tokens", "max_completion_tokens", *(() if params else ("stream_options",))}

    async def sent(provider: OpenAIProvider, server: FaultyServer) -> list[str | None]:
        for _turn in range(2):
            await ask(provider, params=params)
        return [next(iter(known & request.body.keys()), None) for request in server.chats]

    assert talk(Script(acts=[refused]), sent) == names


def test_a_parameter_that_is_refused_by_both_names_is_asked_for_once_each() -> None:
    names = ("max_tokens", "max_completion_tokens")
    acts = [Act(status=400, body=error_body(f"Unsupported parameter: {name}")) for name in names]

    async def refused(provider: OpenAIProvider, server: FaultyServer) -> list[bool]:
        with pytest.raises(BadRequest, match="Unsupported parameter: max_tokens"):
            await ask(provider, params={"max_tokens": 7})
        await ask(provider, params={"max_tokens": 7})
        return ["max_tokens" in request.body for request in server.chats]

    assert talk(Script(acts=acts), refused) == [True, False, True]


def test_each_model_has_its_own_way() -> None:
    refused = Act(status=400, body=error_body("'max_tokens' is not supported with this model"))

    async def sent(provider: OpenAIProvider, server: FaultyServer) -> list[bool]:
        for model in ("new", "old", "new"):
            await ask(provider, model=model, params={"max_tokens": 7})
        return ["max_tokens" in request.body for request in server.chats]

    assert talk(Script(acts=[refused]), sent) == [True, False, True, False]
