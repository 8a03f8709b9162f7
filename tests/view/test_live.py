"""The progress of a run: numbers in words, a bar on a terminal, lines elsewhere."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from persona_batch.chat import Usage
from persona_batch.engine.progress import Progress
from persona_batch.pricing.price import Price, PriceList
from persona_batch.record import Record, Timing
from persona_batch.view.live import line_of, waits_for
from terminals.command import bare_env
from terminals.session import TerminalSession
from view.records import make_cell, make_record

RUN = """
import sys
from persona_batch.engine.progress import Progress
from persona_batch.view.live import LiveDisplay
from persona_batch.view.palette import palette_for
progress = Progress(total=200, skipped=50)
with LiveDisplay(palette_for(sys.stderr)) as display:
    display.note("第一句\\x1b[31m")
    display.update(progress)
    sys.stdin.readline()
    progress.done = 30
    progress.failed = 2
    progress.waiting_for = "the minute's limit"
    sys.stdin.readline()
    display.note("second")
    sys.stdin.readline()
print("runs/x")
"""


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bar_follows_the_counts_and_is_gone_at_the_end(tmp_path: Path) -> None:
    with TerminalSession([sys.executable, "-c", RUN], cwd=tmp_path, env=bare_env(tmp_path)) as terminal:
        terminal.expect("50/200 · 25 %")
        terminal.type("\n")
        terminal.expect("80/200 · 40 % · 2 failed")
        terminal.expect("waiting for the minute's limit")
        terminal.type("\n")
        terminal.expect("batch: second\n")
        terminal.type("\n")
        assert terminal.wait() == 0
        assert terminal.text.rstrip().endswith("runs/x")
        assert "batch: 第一句␛[31m\n" in terminal.text


def test_a_bar_fits_the_terminal(tmp_path: Path) -> None:
    with TerminalSession([sys.executable, "-c", RUN], cwd=tmp_path, env=bare_env(tmp_path), columns=60) as terminal:
        terminal.expect("50/200 · 25 %")
        line = next(line for line in terminal.text.splitlines() if "50/200" in line)
        assert len(line.rpartition("\r")[2]) <= 60
        terminal.type("\n\n\n")
        assert terminal.wait() == 0


def test_no_color_leaves_the_bar_without_colours(tmp_path: Path) -> None:
    env = bare_env(tmp_path, NO_COLOR="1")
    with TerminalSession([sys.executable, "-c", RUN], cwd=tmp_path, env=env) as terminal:
        terminal.expect("50/200 · 25 %")
        terminal.type("\n\n\n")
        assert terminal.wait() == 0
        assert "\x1b[3" not in terminal.output


def test_a_dumb_terminal_has_lines(tmp_path: Path) -> None:
    env = bare_env(tmp_path, TERM="dumb")
    with TerminalSession([sys.executable, "-c", RUN], cwd=tmp_path, env=env) as terminal:
        terminal.expect("batch: 50/200 · 25 %\n")
        terminal.type("\n\n\n")
        assert terminal.wait() == 0
        assert "\x1b" not in terminal.output


def test_where_there_is_no_terminal_a_line_comes_when_a_tenth_is_done(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=tmp_path,
        env=bare_env(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "batch: 第一句␛[31m\n"
    assert process.stderr.readline() == "batch: 50/200 · 25 %\n"
    out, rest = process.communicate("\n\n\n", timeout=30)
    assert (out, rest) == ("runs/x\n", "batch: second\n")


def test_a_line_has_rate_and_time_left_once_they_are_known() -> None:
    now = Clock()
    progress = Progress(total=100, clock=now)
    assert line_of(progress) == "0/100 · 0 %"
    for sample in range(10):
        now.now += 1
        progress.finish(make_record(make_cell(sample=sample)))
    assert line_of(progress) == "10/100 · 10 % · 1.0/s · 1:30 left"


def test_a_slow_run_counts_by_the_minute() -> None:
    now = Clock()
    progress = Progress(total=4, clock=now)
    now.now += 30
    progress.finish(make_record())
    assert "2.0/min" in line_of(progress)


def test_an_empty_run_is_complete() -> None:
    assert line_of(Progress(total=0)) == "0/0 · 100 %"


def test_nothing_is_waited_for_when_nothing_is() -> None:
    assert waits_for(Progress(total=1)) is None


def test_money_is_told_where_anybody_is_paid() -> None:
    yuan = Price(input=Decimal(10), output=Decimal(100), currency="CNY")
    told = []
    for lists in ([], [PriceList("", {})], [PriceList("", {"m": yuan})]):
        progress = Progress(total=2, prices=lists, clock=lambda: 0.0)
        usage, sent = Usage(22, 180, 202), Timing("2026-11-22T06:56:00.000Z")
        progress.finish(Record(key="k", persona="p", question="q", model="m", status="ok", usage=usage, timing=sent))
        told.append(line_of(progress))
    assert told == ["1/2 · 50 %", "1/2 · 50 % · cost unknown", "1/2 · 50 % · ¥0.0182"]
