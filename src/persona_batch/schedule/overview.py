"""The jobs of a crontab together with their states: what `batch schedule list` shows."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from persona_batch.credentials import mask
from persona_batch.errors import BatchError, UsageError
from persona_batch.schedule.crontab import Crontab, parse_line, read_crontab
from persona_batch.schedule.state import StateFolder
from persona_batch.schedule.when import parse_when

_OF_STATE = ("started", "ended", "exit_code", "meaning", "skipped_at", "out", "run")


class Row(msgspec.Struct, kw_only=True):
    """One job. `at` is None for a job that the crontab does not hold (a systemd timer's, say).

    `next` is local time; `started` and `ended` are UTC; all ISO 8601.
    """

    job: str
    at: str | None = None
    next: str | None = None
    started: str | None = None
    ended: str | None = None
    exit_code: int | None = None
    meaning: str | None = None
    skipped_at: str | None = None
    out: str | None = None
    run: str | None = None
    log: str
    command: str | None = None

    def lines(self) -> list[str]:
        """Return the job as lines of text for people, all but the first indented; all times local, as cron's are."""
        when = self.at or "not in this crontab"
        text = [f"{self.job}  {when}" + (f"  next {self.next.replace('T', ' ')}" if self.next else "")]
        if self.started is None:
            text.append("    has not run yet")
        else:
            code = "" if self.exit_code is None else f" ({self.exit_code})"
            end = f" to {_local(self.ended)}" if self.ended else ""
            text.append(f"    last {_local(self.started)}{end}: {self.meaning}{code}")
        if self.skipped_at is not None:
            text.append(f"    unchanged, rested {_local(self.skipped_at)}")
        if self.run is not None:
            text.append(f"    run  {self.run}")
        text.append(f"    log  {self.log}")
        return text


def overview(tab: Crontab, folder: StateFolder, now: datetime) -> list[Row]:
    """Return the jobs of the crontab in its order, then those that only have a state. `now` is local, naive."""
    rows = []
    for line in tab.jobs():
        parsed = parse_line(line)
        at = parsed.at if parsed else None
        rows.append(_row(line.id, folder, at=at, next=_next(at, now), command=mask(line.body, strict=True)))
    known = {row.job for row in rows}
    return rows + [_row(state.job, folder) for state in folder if state.job not in known]


def jobs_of(out: Path, folder: StateFolder, now: datetime) -> list[Row]:
    """Return the jobs whose runs are in a folder, as `overview` does; a crontab is read only where there are some."""
    if not any(state.out == str(out) for state in folder):
        return []
    try:
        tab = read_crontab()
    except BatchError:  # without cron there are timers still
        tab = Crontab(b"")
    return [row for row in overview(tab, folder, now) if row.out == str(out)]


def _row(job: str, folder: StateFolder, **told: Any) -> Row:
    state = folder.read(job)
    known: dict[str, Any] = {} if state is None else {name: getattr(state, name) for name in _OF_STATE}
    return Row(job=job, log=str(folder.log(job)), **told, **known)


def _local(utc: str) -> str:
    return f"{datetime.fromisoformat(utc).astimezone():%Y-%m-%d %H:%M:%S}"


def _next(at: str | None, now: datetime) -> str | None:
    if at is None:
        return None
    try:
        found = parse_when(at).next_after(now)
    except UsageError:  # somebody has edited the line into a time that we do not know
        return None
    return found.isoformat(timespec="minutes") if found else None
