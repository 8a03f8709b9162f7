"""What response headers say about rate limits: which to keep, and how long to wait.

Sources: RFC 9110 section 10.2.3 (`Retry-After`), OpenAI's rate-limit guide (`x-ratelimit-*`, `retry-after-ms`),
ModelScope's API-Inference limits (`modelscope-ratelimit-*`).
"""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

KEPT: Final = ("retry-after", "x-ratelimit", "ratelimit", "modelscope-ratelimit", "x-dashscope-ratelimit")
LONGEST_WAIT: Final = 7 * 86_400.0  # seconds; a longer `Retry-After` is cut to it, a longer reset is nonsense

_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_UNITS: Final = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)


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
