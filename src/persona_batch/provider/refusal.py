"""An endpoint's refusal, as a status and a body or as an error object inside a stream → a `ProviderError`.

The words that tell a full context from a bad parameter, an empty account from a limit by the minute, or a firewall
from a wrong key differ by endpoint; what is known of them is in the tables here.
"""

import html
import re
from collections.abc import Mapping
from typing import Any, Final

from persona_batch import errors
from persona_batch.errors import ProviderError
from persona_batch.provider import ratelimit

EXCERPT: Final = 300  # characters of an endpoint's text in a message
_READ: Final = 4000  # characters of it that are judged
_SOON: Final = 600.0  # seconds; in less nobody's day ends and nobody's account fills
_MESSAGES: Final = ("message", "error_msg", "status_msg", "msg", "detail", "error_description")
_CODES: Final = ("code", "type", "error_code", "status_code")

_CONTEXT: Final = re.compile(
    r"context_length_exceeded|exceed_context_size|context.{0,20}(length|window|size)|maximum context|"
    r"(input|prompt).{0,20}(too long|length)|too many tokens|上下文.{0,6}(长度|超)|输入.{0,6}(过长|超)|"
    r"长度(超|.{0,4}上限)",
    re.IGNORECASE,
)
_FILTER: Final = re.compile(
    r"content_?filter|data_?inspection_?failed|content management policy|content_policy|moderation|sensitive|"
    r"inappropriate content|敏感|违规|不安全",
    re.IGNORECASE,
)
_LACK: Final = (
    r"(insufficient|not enough|too low|exhausted|depleted|negative|used (up|all)|ran out|run out|overdrawn|unpaid)"
)
_FUNDS: Final = r"(balance|funds|credits?|user[_ ]?quota)"
_NO_MONEY: Final = re.compile(
    rf"{_LACK}.{{0,40}}{_FUNDS}|{_FUNDS}\b.{{0,40}}{_LACK}|insufficient_user_quota|token quota is not enough|"
    r"arrearage|in arrears|overdue|billing_hard_limit|(spend|spending|usage) (limit|cap).{0,20}\$|payment required|"
    r"reached.{0,30}\b(spending|credit) limit|"
    r"(out of|no|requires? more|never purchased) (api )?credits|"
    r"(requires?|needs?) (a )?(paid|positive).{0,10}balance|(please|need to) (top.?up|recharge)|"
    r"account.{0,40}(suspended|deactivated).{0,60}(billing|balance|payment)|exceeded_current_quota_error|"
    r"[余餘][额額].{0,4}(不足|不够|不夠|为\s*[0负]|[小低少]于|耗尽|用完|用尽)|欠费|欠費|欠款|停机|[请請需]\S{0,4}(充值|儲值)|"
    r"(资源包|授权余量).{0,8}(不足|用完|用尽|耗尽)|(用户|令牌|账户|账号|可用)额度.{0,6}(不足|用完|用尽|耗尽)|"
    r"免费额度.{0,8}(用完|用尽|耗尽)|freetieronly|"
    r"free (tier|quota).{0,40}(exhaust|used up)|无可用资源包|套餐.{0,6}(到期|过期)",
    re.IGNORECASE,
)
# Not a word of money or of a day in it: some say this of a minute's tokens too.
_QUOTA: Final = re.compile(
    r"insufficient_quota|exceeded your (current|monthly|daily) quota|exceeded your current quota|quota.{0,20}exhausted|"
    r"额度.{0,8}(用完|用尽|不足|耗尽)|配额.{0,8}(用完|用尽|不足|耗尽)",
    re.IGNORECASE,
)
_LONG: Final = re.compile(
    r"today|tomorrow|daily|per.?day|\b[rt]pd\b|weekly|per.?week|monthly|per.?month|"
    r"\d+.?hours?\b.{0,20}(limit|quota|window)|(limit|quota)\b.{0,30}\d+.?hour|usage limit|"
    r"今[日天]|明[日天]|每[日天周月]|本[周月]|当[日天月]|小时.{0,8}(上限|限额|额度)",
    re.IGNORECASE,
)
_DAY_IN_FIELD: Final = re.compile(r"Per(Project)?(Day|Month)\w*|RequestsPerDay|TokensPerDay")
_SHORT: Final = re.compile(
    r"allocated quota exceeded|throttl|per.?min|\b[rtq]p[ms]\b|rate increased too quickly|per.?second|token-limit|"
    r"每分钟|每秒|分钟.{0,8}(上限|限额|额度)",
    re.IGNORECASE,
)
_MODEL: Final = re.compile(
    r"model_?not_?found|model.{0,80}(not (exist|found|supported|available)|not support\W*$|does ?n.t exist|unknown)|"
    r"(unknown|invalid|no such) model|模型.{0,20}不存在",
    re.IGNORECASE,
)
_AUTH: Final = re.compile(
    r"invalid.{0,3}api.{0,3}key|invalid_?authentication|incorrect api key|unauthorized|authentication|"
    r"(api.?key|密钥|令牌|token).{0,12}(无效|错误|过期|不存在)|login fail|鉴权失败|身份验证失败",
    re.IGNORECASE,
)
_RATE: Final = re.compile(
    r"rate.?limit|too many requests|throttl|resource_?exhausted|qps|request limit reached|concurren(cy|t).{0,30}limit|"
    r"\b[rt]pm\b|请求过于频繁|请求过多|请求量过大|访问量过大|频率(?!惩罚)|并发|速率|限流|限速|达到.{0,12}(上限|限额)",
    re.IGNORECASE,
)
_FIREWALL: Final = re.compile(
    r"cloudflare|\bwaf\b|firewall|error code: 10\d\d|request (was |has been |is )?(blocked|rejected|denied)|"
    r"you have been blocked|support id|country, region|unsupported_country|not available in your (country|region)|"
    r"\bip\b.{0,30}(not allowed|not in|block|whitelist|allowlist|denied)|防火墙|拦截|阻断|白名单",
    re.IGNORECASE,
)
_ROLE: Final = r"[\"'`“‘]?\b(system|developer)\b[\"'`”’]?"
_UNWANTED: Final = (
    r"(not (be )?(support|enabl|allow|accept|permit|valid|recogni|one of|a valid)|unsupported|"
    r"n.t (support|allow|accept)|invalid|unknown|unexpected|unrecogni|disabled|forbidden)"
)
_NO_SYSTEM_ROLE: Final = re.compile(
    rf"{_ROLE}.{{0,12}}(role|message|prompt|instruction)s?\b.{{0,30}}{_UNWANTED}|"
    rf"{_UNWANTED}\w*.{{0,30}}\b(role|message|prompt|instruction)s?\b.{{0,20}}{_ROLE}|"
    rf"{_UNWANTED}\w*.{{0,30}}{_ROLE}.{{0,3}}(role|message|prompt|instruction)|\brole\b.{{0,20}}{_ROLE}.{{0,30}}{_UNWANTED}|"
    rf"{_ROLE} is {_UNWANTED}|invalid value:? {_ROLE}|\(found '(system|developer)'\)|roles must alternate|"
    r"(不支持|暂不支持|未启用|不允许|无效).{0,12}(system|developer|系统|开发者).{0,4}(角色|消息|提示|指令|role|message|prompt)|"
    r"(system|developer|系统|开发者).{0,3}(角色|消息|提示词?|指令|role|message|prompt).{0,8}(不支持|不被支持|未启用|不允许|无效|非法)|"
    r"角色.{0,12}(system|developer).{0,8}(不支持|不被支持|不允许|无效|非法)|"
    # the roles that are there, without that of the system
    r"(must be|should be|one of|\bonly|[仅只](支持|能是|能为|允许))\W{0,4}(either\W{1,4})?user\W{1,5}"
    r"((and|or|和|或|与)\W{0,3})?assistant\b(?!.{0,40}\b(system|developer)\b)|"
    r"first message.{0,20}(must|should) (be|use|have|come)\b.{0,16}\buser\b",
    re.IGNORECASE,
)
_TAGS: Final = re.compile(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>")
_TITLE: Final = re.compile(r"(?is)<title[^>]*>(.*?)</title>")


def excerpt(text: str) -> str:
    """Return a short, clean, single line of an endpoint's text; of a page, its title."""
    title = _TITLE.search(text[:20_000])
    if title is not None and title.group(1).strip():
        text = f"a web page titled “{title.group(1)}”"
    elif _is_page(text):
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
    return _error(f"HTTP {status}", status, body, headers or {}, request_id)


def from_stream(body: Any, request_id: str | None = None) -> ProviderError:
    """Return the error for an error object that came instead of, or in the middle of, a reply."""
    return _error("the endpoint reported an error", _status_in(body), body, {}, request_id)


def _error(
    what: str, status: int | None, body: Any, headers: Mapping[str, str], request_id: str | None
) -> ProviderError:
    """Return the error; its message begins with `what` and, where one is known, the remedy."""
    words, code = _words(body)
    said = excerpt(words) or ("" if status else "no message")
    is_page = _is_page(words)
    words = excerpt(words) if is_page else words[:_READ]
    text = words if code is None else f"{code} {words}"
    waits = [ratelimit.retry_after(headers), None if is_page else ratelimit.wait_in_error(body, text)]
    wait = max((one for one in waits if one is not None), default=None)
    kind = _kind(status, text, headers, wait)
    if kind is errors.QuotaExhausted and wait is not None and wait < _SOON:
        wait = None
    if status == 403 and kind is errors.AuthRefused and (is_page or _FIREWALL.search(text)):
        kind = errors.MalformedReply if is_page else errors.BadRequest
        said = f"refused by a firewall or another rule in front of the endpoint, not the key ({said})"
    elif kind in (errors.BadRequest, errors.ModelUnknown, errors.ServerFailed) and _NO_SYSTEM_ROLE.search(text):
        kind = errors.BadRequest  # also as a 500, which is what a template that raises comes to
        said = f"no system message is taken here, ask with `--placement user` ({said})"
    return kind(
        f"{what}: {said}" if said else what, http_status=status, code=code, retry_after=wait, request_id=request_id
    )


def _is_page(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] == "<"


def _kind(status: int | None, text: str, headers: Mapping[str, str], wait: float | None) -> type[ProviderError]:
    if status == 402 or _NO_MONEY.search(text):
        return errors.QuotaExhausted
    if status == 429:
        return _limit(text, headers, wait)
    if status == 401:
        return errors.AuthRefused
    by_words = _by_words(text)
    limited = by_words is errors.QuotaExhausted or (by_words is not errors.ContextTooLong and _RATE.search(text))
    if status in (None, 400, 403) and limited:
        return _limit(text, headers, wait)
    if status is None:
        return errors.AuthRefused if _AUTH.search(text) else by_words or errors.ServerFailed
    return _by_status(status, text, by_words)


def _by_status(status: int, text: str, by_words: type[ProviderError] | None) -> type[ProviderError]:
    if status in (408, 409, 425) or status >= 500:
        return errors.ServerFailed
    if status == 403:
        return errors.ContentFiltered if by_words is errors.ContentFiltered else errors.AuthRefused
    if status == 404:
        return errors.ModelUnknown if by_words is errors.ModelUnknown else errors.BadRequest
    if status == 413:
        return errors.ContextTooLong
    return by_words or (errors.AuthRefused if _AUTH.search(text) else errors.BadRequest)


def _limit(text: str, headers: Mapping[str, str], wait: float | None) -> type[ProviderError]:
    """Tell a limit that passes from one that does not; one whose end is known passes, however late.

    Several call every limit a quota, Gemini gives a day's limit a wait of seconds, and a text about a minute may
    well speak of plans and billing.
    """
    if ratelimit.used_up_today(headers) or _DAY_IN_FIELD.search(text):
        return errors.QuotaExhausted
    if wait is not None or (_SHORT.search(text) and not _LONG.search(text)):
        return errors.RateLimited
    return errors.QuotaExhausted if _LONG.search(text) or _QUOTA.search(text) else errors.RateLimited


def _by_words(text: str) -> type[ProviderError] | None:
    for pattern, kind in (
        (_NO_MONEY, errors.QuotaExhausted),
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
    if isinstance(body, list) and body:  # Gemini wraps its errors in a list
        body = body[0]
    if not isinstance(body, dict):
        return ("" if body is None else str(body)), None
    inner = next((body[name] for name in ("error", "errors", "base_resp") if body.get(name)), body)
    if isinstance(inner, list):
        inner = inner[0]
    if not isinstance(inner, dict):
        return str(inner), None if body.get("code") is None else str(body["code"])
    message = next((inner[name] for name in _MESSAGES if inner.get(name)), None)
    code = next((inner[name] for name in _CODES if inner.get(name)), None)
    violated = _violated(inner.get("details"))
    if isinstance(message, list):
        message = "; ".join(map(_invalid, message))
    text = " ".join(part for part in (str(message) if message else "", violated) if part)
    return text, None if code is None else str(code)


def _invalid(detail: Any) -> str:
    """Return what pydantic found wrong, as FastAPI's servers list it."""
    if not isinstance(detail, dict) or "msg" not in detail:
        return str(detail)
    place = ".".join(map(str, detail.get("loc") or ()))
    found = detail.get("input")
    return f"{place}: {detail['msg']}" + (f" (found {found[:40]!r})" if isinstance(found, str) else "")


def _violated(details: Any) -> str:
    """Return which quotas a google.rpc.QuotaFailure says were exceeded, as `(…PerMinute…)`."""
    parts = [part for part in details if isinstance(part, dict)] if isinstance(details, list) else []
    violations = [one for part in parts for one in part.get("violations") or () if isinstance(one, dict)]
    names = [str(one["quotaId"]) for one in violations if one.get("quotaId")]
    return f"({', '.join(names)})" if names else ""


def _status_in(body: Any) -> int | None:
    """Return the HTTP status that an error object names as its code, if it does."""
    if isinstance(body, list) and body:
        body = body[0]
    inner = body.get("error") if isinstance(body, dict) else None
    for place in (inner, body):
        if isinstance(place, dict):
            for name in ("status", "status_code", "http_code", "code"):
                status = place.get(name)
                if isinstance(status, str) and status.isdecimal() and len(status) == 3:
                    status = int(status)
                if isinstance(status, int) and 400 <= status <= 599:
                    return status
    return None
