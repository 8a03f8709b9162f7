"""How things are told, the same on every screen: counts, tokens, spans and moments, lists, the nearest name."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

_LISTED = 12  # names that an error lists where none is near
_NEAR = 0.6


def counted(number: int, noun: str) -> str:
    """Return `1 cell`, `1,200 cells`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return `a, b and 3 more`; an empty text for no names."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def token_pair(prompt: int | None, reply: int | None) -> str:
    """Return the tokens of a table's cell, `1,200+340`: those of the prompts and those of the replies.

    None or 0: the endpoint reported none; of both, `–`.
    """
    if not prompt and not reply:
        return "–"
    return "+".join("–" if not count else f"{count:,}" for count in (prompt, reply))


def token_sum(prompt: int | None, reply: int | None) -> str:
    """Return `1,540 tokens (1,200 prompt + 340 reply)`; what was not reported is left out of the sum."""
    known = [(count, what) for count, what in ((prompt, "prompt"), (reply, "reply")) if count is not None]
    told = " + ".join(f"{count:,} {what}" for count, what in known)
    return f"{counted(sum(count for count, _ in known), 'token')} ({told})" if known else "tokens: none reported"


def duration(seconds: float) -> str:
    """Return a span in words: `45 s`, `12 min`, `3 h 20 min` or `36 days`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours >= 72:
        return f"{round((hours + minutes / 60) / 24)} days"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def seconds_of(text: str) -> float | None:
    """Return `90`, `90s`, `30m`, `2h` or `1d` in seconds; None: it is no span above 0."""
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}.get(text[-1:])
    try:
        seconds = float(text) if unit is None else float(text[:-1]) * unit
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None


def clock(seconds: float) -> str:
    """Return a span as a clock shows it: `0:42`, `1:04:09`, `2 d 3 h`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def local_time(seconds_ahead: float) -> str:
    """Return the user's local time so many seconds from now, with its zone."""
    moment = (datetime.now(UTC) + timedelta(seconds=seconds_ahead)).astimezone()
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname()}"


def local_minute(moment: str) -> str:
    """Return a moment of a file (ISO 8601, UTC) in the user's local time, without its zone."""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"


def nearest(name: str, valid: Iterable[str], cutoff: float = _NEAR) -> str | None:
    """Return the valid name that was probably meant; None: nothing is near.

    Case does not count, nor do `-` and `_`. Unless more is asked of nearness (`cutoff`, 0 to 1), a beginning that
    only one name has is that name.
    """
    from difflib import get_close_matches  # needed for mistakes only

    names = {_plain(known): known for known in valid}
    wanted = _plain(name)
    close = get_close_matches(wanted, names, n=1, cutoff=cutoff)
    if close:
        return names[close[0]]
    begun = [known for plain, known in names.items() if len(wanted) > 1 and plain.startswith(wanted)]
    return begun[0] if len(begun) == 1 and cutoff <= _NEAR else None


def meant(name: str, valid: Iterable[str]) -> str:
    """Return the remedy for an unknown name: ``did you mean `x`?``, else what there is."""
    known = list(valid)
    near = nearest(name, known)
    if near is not None:
        return f"did you mean `{near}`?"
    several = "one of " if len(known) > 1 else ""
    return f"expected {several}{listed(known, _LISTED)}" if known else "there are none"


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-")


def said_level(level: object) -> str:
    """Return a level of a factor as a person reads it; None is a parameter that is not sent."""
    if level is None:
        return "not sent"
    return level if isinstance(level, str) else json.dumps(level, ensure_ascii=False)
