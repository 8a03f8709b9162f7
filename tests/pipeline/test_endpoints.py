"""Runs against endpoints that want or refuse something of their own: what is sent, kept and said."""

from datetime import UTC, datetime, timedelta

import pytest

from persona_batch.pipeline.sealing import Summary
from pipeline.workshop import Workshop
from servers.act import Act, Script, error_body
from servers.faulty import serving

KEY = "my-very-own-key-0123456789"
PERSONA = "id: p\nsystem: Be brief.\ncontrols: []\nquestions: [Hello?]\n"


def everything_in(workshop: Workshop) -> str:
    files = [path for path in workshop.out.rglob("*") if path.is_file()]
    return "".join(path.read_text(encoding="utf-8") for path in files) + str(workshop.seen)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    "endpoint",
    [
        "api_key_env: GATE, api_key_header: api-key",
        "extra_headers: {api-key: '${GATE}'}",
        "extra_headers: {api-key: 'Key ${GATE}', X-Team: a}",
    ],
)
def test_a_key_in_another_header_is_sent_and_kept_nowhere(
    workshop: Workshop, endpoint: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATE", KEY)
    echo = Act(reply=f"You sent me {KEY}, thank you.")
    with serving(Script(default=echo)) as server:
        block = f"run: {{provider: {{base_url: '{server.base_url}', {endpoint}}}, model: test-model}}\n"
        file = workshop.write("p.yaml", PERSONA + block)
        summary = workshop.run([file], overrides={"base_url": None}, workers=workers)
    assert summary.exit_code == 0
    assert server.chats[0].headers["api-key"].endswith(KEY)
    assert "authorization" not in server.chats[0].headers
    kept = everything_in(workshop)
    assert KEY not in kept
    assert "[key]" in kept


def stopped(workshop: Workshop, act: Act) -> Summary:
    return workshop.run([workshop.write("p.yaml", PERSONA)], Script(default=act))


@pytest.mark.parametrize(
    ("status", "message", "says"),
    [
        (429, "Your quota will reset after 2h1m1s.", "come back after 20"),
        (429, "已达到 5 小时的使用上限。您的限额将在 {soon:%Y-%m-%d %H:%M:%S} 重置。", "come back after 20"),
        (429, "Usage limit reached, resets at {soon:%Y-%m-%dT%H:%M:%SZ}", "come back after 20"),
        (429, "Weekly limit reached", "resume the run"),
        (403, "您的账户余额不足，请充值", "account"),
        (402, "Payment required", "account"),
        (200, "rate limit: try again in 3 hours", "come back after 20"),
        (200, "insufficient balance", "account"),
    ],
)
def test_what_is_over_for_long_ends_the_run_at_once_to_be_resumed(
    workshop: Workshop, status: int, message: str, says: str
) -> None:
    message = message.format(soon=datetime.now(UTC) + timedelta(days=2))
    summary = stopped(workshop, Act(status=status, body=error_body(message, kind="limit")))
    assert (summary.exit_code, summary.left, len(workshop.asked)) == (3, 1, 1)
    assert summary.message is not None
    assert says in summary.message
    assert "check the key" not in summary.message


@pytest.mark.parametrize(
    "body",
    [
        error_body("You exceeded your current quota; see error-code#token-limit", code="insufficient_quota"),
        error_body("Requests per minute reached, try again in 20ms"),
        '{"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}',
        '{"code": 1302, "msg": "并发数过高"}',
    ],
)
@pytest.mark.parametrize("status", [429, 200])
def test_what_is_over_for_a_moment_is_waited_for(workshop: Workshop, status: int, body: str) -> None:
    script = Script(acts=[Act(status=status, body=body)])
    summary = workshop.run([workshop.write("p.yaml", PERSONA)], script)
    assert (summary.exit_code, len(workshop.asked)) == (0, 2)
    assert workshop.records(summary)[0].attempts == 2


def test_a_limit_in_the_middle_of_a_stream_is_waited_for(workshop: Workshop) -> None:
    start = 'data: {"choices": [{"index": 0, "delta": {"content": "Ha"}}]}\n\n'
    limit = f"data: {error_body('TPM of this model exceeded', code='insufficient_quota')}\n\n"
    summary = workshop.run([workshop.write("p.yaml", PERSONA)], Script(acts=[Act(events=[start, limit])]))
    assert (summary.exit_code, len(workshop.asked)) == (0, 2)


@pytest.mark.parametrize("message", ["System role not supported", "Only user messages: unknown role: system"])
def test_an_endpoint_without_a_system_role_says_what_helps(workshop: Workshop, message: str) -> None:
    summary = stopped(workshop, Act(status=400, body=error_body(message)))
    record = workshop.records(summary)[0]
    assert summary.exit_code == 1
    assert record.error is not None
    assert "--placement user" in record.error.message


@pytest.mark.parametrize("act", [Act(status=401, body=error_body("no")), Act(status=500), Act(body="<html></html>")])
def test_a_named_model_is_asked_though_the_list_fails(workshop: Workshop, act: Act) -> None:
    summary = workshop.run([workshop.write("p.yaml", PERSONA)], Script(models_act=act), overrides={"models": ("any",)})
    assert summary.exit_code == 0
