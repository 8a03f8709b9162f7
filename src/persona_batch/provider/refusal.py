"""An endpoint's refusal, as a status and a body or as an error object inside a stream → a `ProviderError`.

The words that tell a full context from a bad parameter, or a used-up quota from a short burst, differ by
endpoint; what is known of them is in the tables here.
"""

import html
import re
from collections.abc import Mapping
from typing import Any, Final

from persona_batch import errors
from persona_batch.errors import ProviderError
from persona_batch.provider import ratelimit

EXCERPT: Final = 300  # characters of an endpoint's text in a message

_CONTEXT: Final = re.compile(
    r"context_length_exceeded|exceed_context_size|context.{0,20}(length|window|size)|maximum context|"
    r"(input|prompt).{0,20}(too long|length)|too many tokens|上下文.{0,6}(长度|超)|输入.{0,6}(过长|超)|长度超",
    re.IGNORECASE,
)
_FILTER: Final = re.compile(
    r"content_?filter|data_?inspection_?failed|content management policy|content_policy|moderation|sensitive|"
    r"inappropriate content|敏感|违规|不安全",
    re.IGNORECASE,
)
_QUOTA: Final = re.compile(
    r"insufficient_quota|insufficient.{0,10}(balance|funds|credit)|exceeded your current quota|arrearage|"
    r"billing_hard_limit|credit balance|freetieronly|free (tier|quota).{0,40}(exhaust|used up)|overdue|"
    r"(today|daily|per.?day|rpd|tpd).{0,40}(quota|limit)|(quota|limit).{0,40}(today|daily|per.?day|tomorrow)|"
    r"余额不足|欠费|额度.{0,8}(用完|用尽|不足|耗尽)|今日.{0,12}(上限|额度|次数)|每[日天].{0,12}(上限|额度|次数)",
    re.IGNORECASE,
)
# DashScope calls a per-minute token limit a quota too.
_SHORT: Final = re.compile(
    r"allocated quota exceeded|throttling|per.?min|\b[rt]pm\b|rate increased too quickly", re.IGNORECASE
)
_MODEL: Final = re.compile(
    r"model_?not_?found|model.{0,80}(not (exist|found|support|available)|does ?n.t exist|unknown)|"
    r"(unknown|invalid|no such) model|模型.{0,20}不存在",
    re.IGNORECASE,
)
_AUTH: Final = re.compile(r"invalid_api_key|invalid_?authentication|incorrect api key|unauthorized", re.IGNORECASE)
_RATE: Final = re.compile(r"rate_?limit|too many requests|throttl|请求过于频繁|并发|速率", re.IGNORECASE)
_TAGS: Final = re.compile(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>")
_TITLE: Final = re.compile(r"(?is)<title[^>]*>(.*?)</title>")


def excerpt(text: str) -> str:
    """Return a short, clean, single line of an endpoint's text; of a page, its title."""
    title = _TITLE.search(text[:20_000])
    if title is not None and title.group(1).strip():
        text = f"a web page titled “{title.group(1)}”"
    elif text.lstrip()[:1] == "<":
        text = _TAGS.sub(" ", text[:20_000])
    line = " ".join(html.unescape(text[: 4 * EXCERPT]).split())
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"


def from_response(
    status: int, body: Any, headers: Mapping[str, str] | None = None, request_id: str | None = None
) -> ProviderError:
    """Return the error for an HTTP status of 300 or more.

    `body` is the decoded JSON or the text; `headers` have names in lower case.
    """
    headers = headers or {}
    words, code = _words(body)
    kind = _by_status(status, f"{code or ''} {words}", headers)
    return kind(
        f"HTTP {status}: {excerpt(words)}" if words.strip() else f"HTTP {status}",
        http_status=status,
        code=code,
        retry_after=ratelimit.retry_after(headers),
        request_id=request_id,
    )


def from_stream(body: Any, request_id: str | None = None) -> ProviderError:
    """Return the error for an error object that came instead of, or in the middle of, a reply."""
    words, code = _words(body)
    status = _status_in(body)
    text = f"{code or ''} {words}"
    if status is not None and status >= 400:
        kind = _by_status(status, text, {})
    elif _RATE.search(text) and not _QUOTA.search(text):
        kind = errors.RateLimited
    elif _AUTH.search(text):
        kind = errors.AuthRefused
    else:
        kind = _by_words(text) or errors.ServerFailed
    said = excerpt(words) or "no message"
    return kind(f"the endpoint reported an error: {said}", http_status=status, code=code, request_id=request_id)


def _by_status(status: int, text: str, headers: Mapping[str, str]) -> type[ProviderError]:
    if status == 401:
        return errors.AuthRefused
    if status == 402:
        return errors.QuotaExhausted
    if status == 429:
        short = _SHORT.search(text) and not re.search(r"today|tomorrow|per.?day|daily", text, re.IGNORECASE)
        spent = ratelimit.used_up_today(headers) or (_QUOTA.search(text) and not short)
        return errors.QuotaExhausted if spent else errors.RateLimited
    if status in (408, 409, 425) or status >= 500:
        return errors.ServerFailed
    by_words = _by_words(text)
    if status == 403:
        return by_words if by_words in (errors.QuotaExhausted, errors.ContentFiltered) else errors.AuthRefused
    if status == 404:
        return errors.ModelUnknown if by_words is errors.ModelUnknown else errors.BadRequest
    if status == 413:
        return errors.ContextTooLong
    return by_words or (errors.AuthRefused if _AUTH.search(text) else errors.BadRequest)


def _by_words(text: str) -> type[ProviderError] | None:
    for pattern, kind in (
        (_QUOTA, errors.QuotaExhausted),
        (_CONTEXT, errors.ContextTooLong),
        (_MODEL, errors.ModelUnknown),
        (_FILTER, errors.ContentFiltered),
    ):
        if pattern.search(text):
            return kind
    return None


def _words(body: Any) -> tuple[str, str | None]:
    """Return the message and the code of an error body of any of the usual shapes."""
    if isinstance(body, dict):
        inner = body.get("error", body.get("errors", body))
        if isinstance(inner, list) and inner:
            inner = inner[0]
        if isinstance(inner, dict):
            message = next((inner[name] for name in ("message", "error_msg", "msg", "detail") if inner.get(name)), None)
            code = next((inner[name] for name in ("code", "type", "error_code") if inner.get(name)), None)
            return (str(message) if message else "", None if code is None else str(code))
        return str(inner), None if body.get("code") is None else str(body["code"])
    return ("" if body is None else str(body)), None


def _status_in(body: Any) -> int | None:
    """Return the HTTP status that an error object names as its code, if it does."""
    inner = body.get("error") if isinstance(body, dict) else None
    for place in (inner, body):
        if isinstance(place, dict):
            for name in ("status", "status_code", "code"):
                status = place.get(name)
                if isinstance(status, str) and status.isdecimal() and len(status) == 3:
                    status = int(status)
                if isinstance(status, int) and 400 <= status <= 599:
                    return status
    return None
