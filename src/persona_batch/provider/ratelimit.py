"""What an endpoint says about its limits, in headers, fields or words: which to keep, and how long to wait.

Sources: RFC 9110 section 10.2.3 (`Retry-After`), OpenAI's rate-limit guide (`x-ratelimit-*`, `retry-after-ms`),
ModelScope's API-Inference limits (`modelscope-ratelimit-*`), google.rpc.RetryInfo (`retryDelay`), OpenRouter's errors
(the headers of who answered, in `metadata`).
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Final

KEPT: Final = ("retry-after", "x-ratelimit", "ratelimit", "modelscope-ratelimit", "x-dashscope-ratelimit")
LONGEST_WAIT: Final = 7 * 86_400.0  # seconds; a longer `Retry-After` is cut to it, a longer reset is nonsense

_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS: Final = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)

# In bodies and texts. A limit by the month may name a day that is weeks away.
_LONGEST_RESET: Final = 366 * 86_400.0  # seconds
_READ: Final = 2000  # characters of a text
_NODES: Final = 400  # values of a body
_WAIT_FIELDS: Final = re.compile(
    r"retry(delay|after|in)(s|sec|seconds|ms|milliseconds)?|(seconds|secs)(until|to)(reset|retry)|wait(seconds|ms)|"
    r"resets?(in|after|at|on|time|date|timestamp)?(seconds|ms|s)?|(next|quota|limit)resets?(time|at)?|x?ratelimitreset"
)
_SPAN_UNITS: Final = (
    (r"milli-?seconds?|msecs?|ms|毫秒", 0.001),
    (r"seconds?|secs?|s|秒钟?", 1.0),
    (r"minutes?|mins?|m|分钟?", 60.0),
    (r"hours?|hrs?|h|个?小时", 3_600.0),
    (r"days?|d|天", 86_400.0),
    (r"weeks?|w|周", 604_800.0),
)
_UNIT: Final = "|".join(names for names, _ in _SPAN_UNITS)
_PART: Final = rf"\d{{1,9}}(?:\.\d{{1,9}})?\s{{0,3}}(?:{_UNIT})(?![a-z])"
_SPAN: Final = rf"(?<![\d.]){_PART}(?:(?:,? ?and |, ?| ?)?{_PART}){{0,5}}"
_WAIT_WORDS: Final = re.compile(
    r"(?:again|retry(?:ing)?|retries|wait(?:ing)?|resets?|available|back|refresh(?:es|ed)?|renew(?:s|ed)?|resumes?|lifted|restored)\b"
    rf"[^.,;\d]{{0,40}}?(?:\b(?:in|after|for|about|least|at)\s+|\bwait\s+|[:=]\s*|\s)(?P<span>{_SPAN})|"
    rf"(?P<zh>{_SPAN})\s*(?:之?后|以后|内?再)|(?:等待|等)\s*(?P<zh_wait>{_SPAN})|"
    r"retry[-_ ]?after(?:[-_ ]?s(?:ec(?:onds)?)?)?['\"]?\s*[:=]?\s*(?P<bare>\d{1,9}(?:\.\d{1,9})?)(?![\d-])",
    re.IGNORECASE,
)
_HOURS_AHEAD: Final = re.compile(
    r"\b(in|after|for) (\d{1,3}):(\d\d):(\d\d)(?![\d:])", re.IGNORECASE
)  # a span, no clock time
_MONTHS: Final = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH: Final = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]*\.?"
_ZONE: Final = r"\s*\(?(?P<zone>Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b|北京时间)?"
_CLOCK: Final = (
    r"(?:(?:\s*T\s*|\s*,?\s*(?:at\s+)?)(?P<hour>\d{1,2})[:：](?P<minute>\d\d)(?:[:：](?P<second>\d\d)(?:\.\d+)?)?"
    rf"\s*(?P<half>[ap]\.?m\b)?{_ZONE})?"
)
_DATES: Final = tuple(
    re.compile(date + _CLOCK, re.IGNORECASE)
    for date in (
        r"(?P<year>20\d\d)\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?",
        rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>20\d\d)",
        rf"\b(?P<day>\d{{1,2}})[-\s]+{_MONTH}[-\s]+(?P<year>20\d\d)",
    )
)
_UNIX: Final = re.compile(r"(?<!\d)1[7-9]\d{8}(?:\d{3})?(?!\d)")
_SHANGHAI: Final = timezone(timedelta(hours=8))  # what a text in Chinese means by a date without a zone


def kept_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers that speak of limits, names in lower case."""
    return {name.lower(): value for name, value in headers if name.lower().startswith(KEPT)}


def retry_after(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return the seconds the endpoint asks to wait, or None when it does not say.

    `headers` have names in lower case. `Retry-After` (seconds or a date) and `retry-after-ms` win; else, of the
    limits that are used up (`…-remaining-…` is 0), the latest reset.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _at_most_longest(milliseconds / 1000)
    word = headers.get("retry-after")
    if word is not None:
        seconds = _number(word)
        return _at_most_longest(_until(word, now) if seconds is None else seconds)
    resets = [
        _moment(value, now)
        for name, value in headers.items()
        if "-reset" in name and _number(headers.get(name.replace("-reset", "-remaining"))) == 0
    ]
    sane = [reset for reset in resets if reset is not None and reset <= LONGEST_WAIT]
    return _at_most_longest(max(sane, default=None))


def used_up_today(headers: Mapping[str, str]) -> bool:
    """Whether ModelScope's headers say that the day's requests are used up, for the account or the model."""
    names = ("modelscope-ratelimit-requests-remaining", "modelscope-ratelimit-model-requests-remaining")
    return any(_number(headers.get(name)) == 0 for name in names)


def wait_in_error(body: Any, text: str, *, now: datetime | None = None) -> float | None:
    """Return the seconds until a limit is lifted as an error's body and its words have it, or None.

    `body` is the decoded JSON: `retryDelay`, `retry_after`, a reset as a moment or a span, or the headers of another
    endpoint behind this one, wherever they stand. `text` is what it says to people: "try again in 20s", "after
    2h1m1s", a date to come. Of several the longest counts: too early a request is refused again.
    """
    now = now or datetime.now(UTC)
    waits = [*_waits_in_fields(body, now), *_waits_in_words(text[:_READ], now)]
    return max((wait for wait in waits if 0 <= wait <= _LONGEST_RESET), default=None)


def _waits_in_fields(body: Any, now: datetime) -> Iterator[float]:
    waiting, seen = [body], 0
    while waiting and seen < _NODES:
        node = waiting.pop()
        seen += 1
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            headers = {str(name).lower(): str(value) for name, value in node.items()}
            counted = any("-remaining" in name for name in headers)
            wait = retry_after(headers, now=now) if counted or "retry-after" in headers else None
            if wait is not None:
                yield wait
            for name, value in () if counted else node.items():
                yield from _wait_of(re.sub(r"[\W_]", "", str(name)).lower(), value, now)


def _wait_of(name: str, value: Any, now: datetime) -> Iterator[float]:
    """Read one field; `name` is in lower case without its dashes."""
    if _WAIT_FIELDS.fullmatch(name) is None or isinstance(value, bool):
        return
    if isinstance(value, dict) and "seconds" in value:  # google.protobuf.Duration, not in its JSON form
        value = value["seconds"]
    wait = _moment(str(value), now) if isinstance(value, str | int | float) else None
    if wait is not None:
        yield wait / 1000 if name.endswith(("ms", "milliseconds")) and wait == _number(str(value)) else wait
    elif isinstance(value, str):
        yield from _dates(value, now)


def _waits_in_words(text: str, now: datetime) -> Iterator[float]:
    text = _HOURS_AHEAD.sub(r"\1 \2h\3m\4s", text)
    for match in _WAIT_WORDS.finditer(text):
        if match["bare"]:
            yield float(match["bare"])
        else:
            yield _span(match["span"] or match["zh"] or match["zh_wait"])
    yield from _dates(text, now)


def _span(text: str) -> float:
    """Return the seconds of `2h1m1s`, `1 hour and 20 minutes` or `3 分 20 秒`."""
    return sum(
        float(number) * next(scale for names, scale in _SPAN_UNITS if re.fullmatch(names, unit, re.IGNORECASE))
        for number, unit in re.findall(rf"(\d+(?:\.\d+)?)\s*({_UNIT})(?![a-z])", text, re.IGNORECASE)
    )


def _dates(text: str, now: datetime) -> Iterator[float]:
    """Yield the seconds until each moment of a text that is still to come."""
    zone = _SHANGHAI if re.search("[\u4e00-\u9fff]", text) else UTC
    for pattern in _DATES:
        for match in pattern.finditer(text):
            moment = _date(match, zone)
            if moment is not None and moment > now:
                yield (moment - now).total_seconds()
    for match in _UNIX.finditer(text):
        ahead = _moment(match[0], now)
        if ahead is not None and ahead > 0:
            yield ahead


def _date(match: re.Match[str], zone: timezone) -> datetime | None:
    found = match.groupdict()
    month = _MONTHS.index(found["name"][:3].lower()) + 1 if found.get("name") else int(found["month"])
    hour = int(found["hour"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
    named = found["zone"]
    if named == "北京时间":
        zone = _SHANGHAI
    elif named is not None and named[0] in "+-":
        offset = timedelta(hours=int(named[1:3]), minutes=int(named[-2:]))
        zone = timezone(-offset if named[0] == "-" else offset)
    elif named is not None:
        zone = UTC
    try:
        return datetime(
            int(found["year"]), month, int(found["day"]), hour, int(found["minute"] or 0), int(found["second"] or 0),
            tzinfo=zone,
        )  # fmt: skip
    except ValueError:
        return None  # 31 February, 25:00


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _at_most_longest(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(0.0, seconds), LONGEST_WAIT)


def _until(date: str, now: datetime | None) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - (now or datetime.now(UTC))).total_seconds()


def _moment(text: str, now: datetime | None) -> float | None:
    """Read `6m0s`, `20ms`, `1.5` (seconds), or a Unix time in seconds or milliseconds."""
    number = _number(text)
    if number is None:
        match = _DURATION.fullmatch(text.strip())
        if match is None or not any(match.groups()):
            return None
        return sum(float(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part)
    for scale in (1.0, 1000.0):
        if 1e9 < number / scale < 1e10:
            return number / scale - (now or datetime.now(UTC)).timestamp()
    return number
