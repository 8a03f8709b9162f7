from typing import Any

import pytest

from persona_batch import errors
from persona_batch.errors import ProviderError
from persona_batch.provider.refusal import EXCERPT, excerpt, from_response, from_stream


@pytest.mark.parametrize(
    ("status", "message", "code", "kind"),
    [
        (400, "This model's maximum context length is 4096 tokens", None, errors.ContextTooLong),
        (400, "Range of input length should be [1, 30720]", "invalid_parameter_error", errors.ContextTooLong),
        (400, "输入长度超过限制", "1261", errors.ContextTooLong),
        (413, "", None, errors.ContextTooLong),
        (400, "Input data may contain inappropriate content.", "DataInspectionFailed", errors.ContentFiltered),
        (400, "系统检测到输入或生成内容可能包含不安全或敏感内容", "1301", errors.ContentFiltered),
        (403, "flagged by moderation", None, errors.ContentFiltered),
        (403, "Your free tier quota is exhausted", "AllocationQuota.FreeTierOnly", errors.QuotaExhausted),
        (429, "We have exceeded today's quota for model Qwen, please try again tomorrow", None, errors.QuotaExhausted),
        (429, "Rate limit reached: free-models-per-day", None, errors.QuotaExhausted),
        (429, "您的账户余额不足", "1113", errors.QuotaExhausted),
        (429, "Request rate increased too quickly", "limit_burst_rate", errors.RateLimited),
        (429, "Allocated quota exceeded, please increase your quota limit.", "insufficient_quota", errors.RateLimited),
        (429, "Rate limit reached for requests per min (RPM)", "rate_limit_exceeded", errors.RateLimited),
        (400, "Model not exist.", None, errors.ModelUnknown),
        (404, "model 'x' not found, try pulling it first", None, errors.ModelUnknown),
        (400, "模型 x 不存在", None, errors.ModelUnknown),
        (400, "Incorrect API key provided", "invalid_api_key", errors.AuthRefused),
        (400, "temperature must be below 2", None, errors.BadRequest),
        (503, "model is loading", None, errors.ServerFailed),
        (
            429,
            "Your account reached max request per minute: 3, please try again after 1 seconds",
            None,
            errors.RateLimited,
        ),
        (429, "You exceeded your current quota, see your plan and billing details", None, errors.QuotaExhausted),
        (429, "Quota exceeded for TPM of this model", "insufficient_quota", errors.RateLimited),
        (429, "您当前的并发数过高，请联系客服增加限额", "1302", errors.RateLimited),
        (429, "当前API请求过多，请稍后重试。", "1305", errors.RateLimited),
        (429, "该API今天的调用次数限额已达上限", "1304", errors.QuotaExhausted),
        (429, "Usage limit reached for 5 hour", None, errors.QuotaExhausted),
        (429, "Requests per min (RPM): Limit 3. Add a payment method to raise it", None, errors.RateLimited),
        (403, "Request was rejected due to rate limiting. Details: TPM limit reached.", "50604", errors.RateLimited),
        (403, "Sorry, your account balance is insufficient", "30001", errors.QuotaExhausted),
        (403, "用户额度不足, 剩余额度: 0.00", "insufficient_user_quota", errors.QuotaExhausted),
        (403, "token quota is not enough", None, errors.QuotaExhausted),
        (401, "该令牌额度已用尽", None, errors.QuotaExhausted),
        (400, "Your credit balance is too low. Go to Plans & Billing", None, errors.QuotaExhausted),
        (400, "Access denied, see that your account is in good standing", "Arrearage", errors.QuotaExhausted),
        (402, "Insufficient Balance", None, errors.QuotaExhausted),
        (429, "账户已欠费，请充值后再试", None, errors.QuotaExhausted),
        (
            403,
            "Your team has used all available credits or reached its monthly spending limit.",
            None,
            errors.QuotaExhausted,
        ),
        (403, "可用余额小于0", None, errors.QuotaExhausted),
        (403, "餘額不足，請儲值", None, errors.QuotaExhausted),
        (400, "资源包余量已用尽，请购买资源包", None, errors.QuotaExhausted),
        (500, "pre-consume failed: insufficient user quota", None, errors.QuotaExhausted),
        (400, "this model does not support the parameter top_k", None, errors.BadRequest),
        (400, "输入已达到最大长度上限", None, errors.ContextTooLong),
        (400, "频率惩罚 frequency_penalty 超出范围", None, errors.BadRequest),
    ],
)
def test_the_words_of_an_endpoint_decide(
    status: int, message: str, code: str | None, kind: type[ProviderError]
) -> None:
    error = from_response(status, {"error": {"message": message, "code": code}})
    assert type(error) is kind
    assert error.code == code


def test_modelscopes_header_tells_that_the_day_is_over() -> None:
    headers = {"modelscope-ratelimit-model-requests-remaining": "0"}
    assert type(from_response(429, "Too Many Requests", headers)) is errors.QuotaExhausted
    headers = {"modelscope-ratelimit-model-requests-remaining": "12"}
    assert type(from_response(429, "Too Many Requests", headers)) is errors.RateLimited


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "said", "code": 7}}, "said"),
        ({"error": "said"}, "said"),
        ({"message": "said", "code": "X"}, "said"),
        ({"errors": [{"message": "said"}]}, "said"),
        ({"error_msg": "said"}, "said"),
        ({"detail": "said"}, "said"),
        ("said", "said"),
        ("<html><body><script>x()</script><p>said</p></body></html>", "said"),
        ("<html><head><title> said\n</title></head></html>", "a web page titled “ said ”"),
    ],
)
def test_any_shape_of_body_gives_its_message(body: Any, message: str) -> None:
    assert " ".join(from_response(418, body).message.split()) == " ".join(f"HTTP 418: {message}".split())


@pytest.mark.parametrize("body", [None, "", {}, {"error": {}}, {"error": None}, [], 7])
def test_a_body_that_says_nothing_is_no_crash(body: Any) -> None:
    assert from_response(500, body).message.startswith("HTTP 500")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "overloaded", "code": 503}}, errors.ServerFailed),
        ({"error": {"message": "slow", "code": "429"}}, errors.RateLimited),
        ({"error": {"message": "Too many requests"}}, errors.RateLimited),
        ({"error": {"message": "something broke"}}, errors.ServerFailed),
        ({"code": "DataInspectionFailed", "message": "inappropriate content"}, errors.ContentFiltered),
        ({"error": {"message": "bad key", "code": "invalid_api_key"}}, errors.AuthRefused),
        ({"object": "error", "message": "maximum context length", "code": 400}, errors.ContextTooLong),
    ],
)
def test_an_error_object_in_a_stream_has_its_kind(body: Any, kind: type[ProviderError]) -> None:
    assert type(from_stream(body)) is kind


def test_an_excerpt_is_one_short_clean_line() -> None:
    said = excerpt("a\x1b[31m red\r\nb\t" + "x" * 5000)
    assert said.startswith("a\N{REPLACEMENT CHARACTER}[31m red b x")
    assert len(said) == EXCERPT
    assert said.isprintable()


@pytest.mark.parametrize(
    ("quota", "kind"),
    [
        ("GenerateContentInputTokensPerModelPerMinute-FreeTier", errors.RateLimited),
        ("GenerateRequestsPerDayPerProjectPerModel-FreeTier", errors.QuotaExhausted),
    ],
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_the_quota_that_google_names_decides_not_the_wait_that_stands_beside_it(
    quota: str, kind: type[ProviderError], wrapped: bool
) -> None:
    details = [{"violations": [{"quotaId": quota}]}, {"@type": "type.googleapis.com/RetryInfo", "retryDelay": "34s"}]
    error = {"error": {"code": 429, "message": "You exceeded your current quota, check your plan", "details": details}}
    body = [error] if wrapped else error
    for refused in (from_response(429, body), from_stream(body)):
        assert type(refused) is kind
        assert quota in refused.message
        assert refused.retry_after == (34 if kind is errors.RateLimited else None)


@pytest.mark.parametrize(
    "body",
    [
        "<html><head><title>Attention Required!</title></head></html>",
        "<html><head><title>403 Forbidden</title></head><body>nginx</body></html>",
        "\ufeff<html><body>no</body></html>",
        "error code: 1020",
        {"error": {"message": "Request blocked by WAF rule 949110"}},
        {"error": {"message": "Country, region, or territory not supported", "code": "unsupported_country"}},
        {"message": "您的访问被防火墙拦截"},
    ],
)
def test_a_firewall_is_no_wrong_key(body: Any) -> None:
    error = from_response(403, body)
    assert not isinstance(error, errors.AuthRefused)
    assert not error.retryable
    assert "not the key (" in error.message


@pytest.mark.parametrize("message", ["Forbidden", "This key may not use this model", "No access"])
def test_a_plain_refusal_is_about_the_key(message: str) -> None:
    assert type(from_response(403, {"message": message})) is errors.AuthRefused


@pytest.mark.parametrize(
    "message",
    [
        "Developer instruction is not enabled for models/gemma",
        "'system' role is not supported by this model",
        "This model does not support system messages.",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "unknown role: system",
        "Invalid value: 'developer'. Supported values are: 'system', 'assistant', 'user'",
        "'developer' is not one of ['system', 'assistant', 'user'] - 'messages.0.role'",
        "该模型不支持 system 角色",
        "系统提示词暂不支持",
        "Only user and assistant roles are supported!",
        "the message role must be user or assistant",
        "'messages.[0].role' must be one of ['user','assistant']",
        "messages 参数非法：role 仅支持 user 和 assistant",
        'first message must use the "user" role',
    ],
)
@pytest.mark.parametrize("status", [400, 422, 500])
def test_an_endpoint_without_a_system_role_has_its_remedy(message: str, status: int) -> None:
    error = from_response(status, {"error": {"message": message}})
    assert type(error) is errors.BadRequest
    assert "--placement user" in error.message


def test_what_pydantic_found_wrong_is_read() -> None:
    detail = {"loc": ["body", "messages", 0, "role"], "msg": "Input should be 'user' or 'assistant'", "input": "system"}
    error = from_response(422, {"detail": [{**detail, "type": "literal_error"}]})
    assert "body.messages.0.role: Input should be 'user' or 'assistant' (found 'system')" in error.message
    assert "--placement user" in error.message


@pytest.mark.parametrize(
    "message",
    ["temperature is not supported", "the system is overloaded", "role must be one of ['user', 'assistant', 'system']"],
)
def test_other_refusals_have_no_remedy_of_that_kind(message: str) -> None:
    assert "--placement" not in from_response(400, {"error": {"message": message}}).message


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"base_resp": {"status_code": 1002, "status_msg": "rate limit triggered"}}, errors.RateLimited),
        ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, errors.QuotaExhausted),
        ({"base_resp": {"status_code": 1004, "status_msg": "login fail"}}, errors.AuthRefused),
        ({"base_resp": {"status_code": 1000, "status_msg": "unknown error"}}, errors.ServerFailed),
        ({"code": 1302, "msg": "您的账户已达到速率限制，请您控制请求频率"}, errors.RateLimited),
        ({"error_code": 18, "error_msg": "Open api qps request limit reached"}, errors.RateLimited),
        ({"error_code": 17, "error_msg": "Open api daily request limit reached"}, errors.QuotaExhausted),
        ({"success": False, "code": 30001, "message": "账户余额不足"}, errors.QuotaExhausted),
        ({"error": "Rate limit exceeded, try again in 20s"}, errors.RateLimited),
        ({"error": {"message": "You exceeded your current quota: tokens per minute"}}, errors.RateLimited),
    ],
)
def test_an_error_in_a_good_status_is_one_of_its_kind(body: Any, kind: type[ProviderError]) -> None:
    assert type(from_stream(body)) is kind
