"""Routes that answer at once, in JSON: asked through the connection, with the key and the errors of the replies."""

import json

import pytest

from persona_batch import errors
from persona_batch.config.batch import RunSettings
from persona_batch.provider.contract import Timeouts
from persona_batch.provider.openai import OpenAIProvider
from provider.asking import ask, talk
from servers.act import Act, Script, error_body
from servers.faulty import FaultyServer

KEY = "my-very-own-key-1"
SETTINGS = RunSettings(api_key_env="MINE", extra_headers={"X-Team": "${TEAM}"})
ENV = {"MINE": KEY, "TEAM": "team-blue-12345"}


@pytest.mark.parametrize("query", ["", "?api-version=2024-06-01"])
@pytest.mark.parametrize("proxied", [False, True])
def test_a_route_is_read_or_posted_to_with_the_key_and_the_headers(query: str, *, proxied: bool) -> None:
    async def conversation(provider: OpenAIProvider, server: FaultyServer) -> None:
        await ask(provider)
        assert json.loads(await provider.call("/batches/b-1")) == {"id": "b-1"}
        assert json.loads(await provider.call("/batches", {"input_file_id": "f-1"})) == {"id": "b-1"}
        assert json.loads(await provider.call("/batches/b-1/cancel", {})) == {"status": "cancelling"}
        first, read, posted, cancelled = server.requests
        assert [request.method for request in (first, read, posted, cancelled)] == ["POST", "GET", "POST", "POST"]
        assert read.path.removeprefix("http://name.invalid") == f"/v1/batches/b-1{query}"
        assert (read.body, posted.body, cancelled.body) == (None, {"input_file_id": "f-1"}, {})
        for name in ("authorization", "x-team", "user-agent"):
            assert first.headers[name] == read.headers[name] == posted.headers[name]
        assert not [name for name in (*read.headers, *posted.headers) if name.startswith("x-stainless")]

    batch, cancelling = Act(body='{"id": "b-1"}'), Act(body='{"status": "cancelling"}')
    routes = {"/batches": batch, "/batches/b-1": batch, "/batches/b-1/cancel": cancelling}
    script = Script(api_key=KEY, routes=routes)
    if proxied:  # a proxy is asked for whole URLs
        script = Script(api_key=KEY, routes={f"http://name.invalid/v1{path}": act for path, act in routes.items()})
    talk(script, conversation, settings=SETTINGS, env=ENV, proxied=proxied, query=query)


def test_a_file_is_uploaded_as_it_is() -> None:
    lines = b'{"custom_id": "a"}\n{"custom_id": "\xe4\xbf\xba"}\n'

    async def conversation(provider: OpenAIProvider, server: FaultyServer) -> None:
        answer = await provider.call("/files", {"purpose": "batch"}, files={"file": ("cells.jsonl", lines)})
        assert json.loads(answer) == {"id": "f-1"}
        (sent,) = server.requests
        assert sent.headers["content-type"].startswith("multipart/form-data; boundary=")
        for part in (lines.decode(), 'name="purpose"\r\n\r\nbatch\r\n', 'name="file"; filename="cells.jsonl"'):
            assert part in sent.body

    talk(Script(api_key=KEY, routes={"/files": Act(body='{"id": "f-1"}')}), conversation, settings=SETTINGS, env=ENV)


@pytest.mark.parametrize("posted", [None, {"a": 1}])
@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (Act(status=429, headers={"Retry-After": "3"}, body=error_body("slow down")), errors.RateLimited),
        (Act(status=401, body=error_body(f"{KEY} is wrong", code="invalid_api_key")), errors.AuthRefused),
        (Act(status=404, body="no such route"), errors.BadRequest),
        (Act(status=500, body="<title>Oops</title>"), errors.ServerFailed),
        (Act(body="x" * (9 << 20)), errors.MalformedReply),
        (Act(body="{}", content_length=100), errors.ConnectionFailed),
        (Act(silent=True), errors.TimedOut),
    ],
    ids=["too fast", "refused", "unknown", "failed", "too long", "cut", "silent"],
)
def test_what_goes_wrong_is_an_error_of_ours(act: Act, kind: type[errors.ProviderError], posted: object) -> None:
    async def conversation(provider: OpenAIProvider, _: FaultyServer) -> None:
        with pytest.raises(kind) as caught:
            await provider.call("/batches", posted, seconds=0.05 if act.silent else 30.0)
        assert KEY not in caught.value.message
        assert "list of models" not in caught.value.message
        assert (caught.value.retry_after == 3.0) is (kind is errors.RateLimited)

    script = Script(routes={"/batches": act})
    talk(script, conversation, settings=SETTINGS, env=ENV, timeouts=Timeouts(connect=0.5))
