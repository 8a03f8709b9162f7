"""When a job runs: a cron time, validated, with the moments it names.

The grammar is python-crontab's, narrowed to what Debian's cron takes (crontab(5)): five fields or one of the
`@` names; no `~`, `<`, `>` and no bare `daily`. Times are local and naive, as cron's are.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from crontab import CronSlices

from persona_batch.errors import UsageError

NAMES = ("@reboot", "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
_FIELD = re.compile(r"[0-9A-Za-z*,/-]+")
# every combination of date and weekday comes round within 28 years; 40 bridge a skipped leap year (2100)
_HORIZON_DAYS = 40 * 366


@dataclass(frozen=True, slots=True)
class When:
    """A cron time. `expression` is normalised in its spaces only; the fields are sorted.

    `weekdays` count from Sunday, 0. `either_day`: both days of the month and weekdays are given, so that either
    is enough (crontab(5)). All fields are empty for `@reboot`.
    """

    expression: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool = False

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first minute after `moment` (local, naive); None for `@reboot` or a date that never comes."""
        if not self.minutes:
            return None
        start = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = start.replace(hour=0, minute=0)
        for _ in range(_HORIZON_DAYS):
            if self._on(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        found = day.replace(hour=hour, minute=minute)
                        if found >= start:
                            return found
            day += timedelta(days=1)
        return None

    def _on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        of_month = day.day in self.days
        of_week = day.isoweekday() % 7 in self.weekdays
        return (of_month or of_week) if self.either_day else (of_month and of_week)


def parse_when(expression: str) -> When:
    """Read a cron time.

    Raises:
        UsageError: it is none, or it names a date that never comes.
    """
    text = " ".join(expression.split())
    if text.startswith("@"):
        if text.lower() not in NAMES:
            raise _no_time(expression, f"the names are {', '.join(NAMES)}")
        text = text.lower()
    else:
        fields = text.split(" ")
        if len(fields) != 5 or not all(_FIELD.fullmatch(field) for field in fields):
            raise _no_time(expression, "expected five fields: minute hour day month weekday")
    try:
        slices = CronSlices(text)
        minutes, hours, days, months, weekdays = (tuple(sorted({int(value) for value in part})) for part in slices)
    except (ValueError, KeyError) as error:
        raise _no_time(expression, str(error.args[0])) from error
    if text == "@reboot":
        return When(text, (), (), (), (), ())
    # what counts is the letter: cron takes `1-31` for a restriction
    fields = text.split(" ")
    when = When(
        text,
        minutes,
        hours,
        days,
        months,
        weekdays,
        either_day=len(fields) == 5 and not fields[2].startswith("*") and not fields[4].startswith("*"),
    )
    # a leap day is the rarest date there is; any year with one in reach will do as a start
    if when.next_after(datetime(2024, 1, 1)) is None:
        raise _no_time(expression, "that date never comes")
    return when


def _no_time(expression: str, why: str) -> UsageError:
    return UsageError(f"--at {expression!r} is no cron time: {why}; an example: '0 3 * * *', every day at 03:00")
