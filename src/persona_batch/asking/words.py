"""Spans and moments as a user reads them."""

from datetime import UTC, datetime, timedelta


def duration(seconds: float) -> str:
    """Return `45 s`, `12 min`, `3 h 20 min` or `36 days`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours >= 72:
        return f"{round((hours + minutes / 60) / 24)} days"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def local_time(seconds_ahead: float) -> str:
    """Return the user's local time so many seconds from now, with its zone."""
    moment = (datetime.now(UTC) + timedelta(seconds=seconds_ahead)).astimezone()
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname()}"
