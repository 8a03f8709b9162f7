"""A job as systemd units, for those who manage timers themselves (systemd.timer(5), systemd.time(7))."""

from dataclasses import dataclass

from persona_batch.errors import UsageError
from persona_batch.schedule.job import Job
from persona_batch.schedule.when import When, parse_when

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit file."""

    name: str
    text: str


def render_units(job: Job) -> tuple[Unit, Unit]:
    """Return the service and its timer."""
    when = parse_when(job.at)
    name = f"persona-batch-{_unit_name(job.id)}"
    times = "".join(f"{time}\n" for time in _on(when))
    service = (
        f"[Unit]\nDescription=batch run {job.id.replace('%', '%%')}\nAfter=network-online.target\n\n"
        "[Service]\nType=oneshot\n"
        + "".join(f"Environment={_quoted(f'{key}={value}')}\n" for key, value in job.environment.items())
        + f"ExecStart={' '.join(_quoted(word, command=True) for word in job.command())}\n"
        # 3: stopped by a quota, goes on next time; 4: the last job is still at work
        "SuccessExitStatus=3 4\n"
    )
    timer = (
        f"[Unit]\nDescription=When to run {name}\n\n[Timer]\n{times}Persistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    return Unit(f"{name}.service", service), Unit(f"{name}.timer", timer)


def _on(when: When) -> list[str]:
    if not when.minutes:
        return ["OnBootSec=1min"]
    clock = f"{_listed(when.hours, 24)}:{_listed(when.minutes, 60)}:00"
    months, days = _listed(when.months, 12), _listed(when.days, 31)
    week = "" if len(when.weekdays) == 7 else ",".join(_DAYS[day] for day in when.weekdays) + " "
    if when.either_day:
        # systemd wants both the weekday and the date, cron either: two lines
        return [f"OnCalendar={week}*-{months}-* {clock}", f"OnCalendar=*-{months}-{days} {clock}"]
    return [f"OnCalendar={week}*-{months}-{days} {clock}"]


def _listed(values: tuple[int, ...], count: int) -> str:
    return "*" if len(values) == count else ",".join(f"{value:02d}" for value in values)


def _unit_name(text: str) -> str:
    """Escape as systemd-escape(1) does what a unit's name cannot hold."""
    return "".join(
        chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "_.-") else f"\\x{byte:02x}"
        for byte in text.encode()
    )


def _quoted(text: str, *, command: bool = False) -> str:
    if "\n" in text or "\r" in text:
        raise UsageError("a unit file cannot hold a line break; take it out of the path or the command")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if command:
        escaped = escaped.replace("$", "$$")
    return f'"{escaped}"'
