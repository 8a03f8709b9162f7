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
