"""A series on the terminal: right at 80 columns, in any script, and harmless."""

from msgspec.structs import replace
from rich.cells import cell_len

from persona_batch.comparing.series import Alarm, RunPoint, Series, Transition, Trend
from persona_batch.view.history import history_text
from persona_batch.view.palette import Palette
from persona_batch.view.transcript import Page

RUNS = [
    RunPoint(f"202611{day:02d}T030000Z-三打白骨精", f"2026-11-{day:02d}T03:00:00.000Z", 12_000, day, ["m"])
    for day in (1, 2, 3)
]
SERIES = Series(
    batch="三打白骨精",
    level=0.05,
    runs=RUNS,
    trends=[
        Trend("孙悟空" * 8, "shift", "length", "characters", [100.0, None, 140.5]),
        Trend("猪八戒", "shift", "markdown", "share of replies", [0.0, 0.0, 0.0]),
    ],
    transitions=[
        Transition(
            before=RUNS[0].run,
            after=RUNS[1].run,
            started_at=RUNS[1].started_at,
            compared=1,
            tested=True,
            steps=[],
            alarms=[],
            notes=[],
        ),
        Transition(
            before=RUNS[1].run,
            after=RUNS[2].run,
            started_at=RUNS[2].started_at,
            compared=1,
            tested=True,
            steps=[],
            alarms=[Alarm(kind="moved", persona="x", text="x\x1b[2J: length moved beyond noise", p_adjusted=0.012)],
            notes=["y: asked otherwise than in the run before, not compared"],
        ),
    ],
    notes=[],
)


def test_tables_fit_80_columns_whatever_the_script() -> None:
    lines = history_text(SERIES, Page(Palette(color=False), 80)).splitlines()
    tables = lines[
        : next(
            number for number, line in enumerate(lines) if line.endswith(f"  {RUNS[2].run}") and "12,000" not in line
        )
    ]
    assert max(cell_len(line) for line in tables) <= 80
    assert any("▁·█" in line and "140.5" in line for line in lines)


def test_large_numbers_have_commas() -> None:
    trend = Trend("none", "shift", "length", "characters", [1_234.5, 23_390.0])
    text = history_text(replace(SERIES, trends=[trend]), Page(Palette(color=False), 80))
    assert ["1,234", "23,390", "characters"] in [line.split()[-3:] for line in text.splitlines()]


def test_what_never_varies_is_left_out_and_what_is_said_is_there() -> None:
    text = history_text(SERIES, Page(Palette(color=False), None))
    assert "markdown" not in text
    assert "1 of 2 transitions drifted." in text
    assert "(p 0.012, corrected for the whole series)" in text
    assert "asked otherwise than in the run before" in text
    assert "at most 5%" in text


def test_control_sequences_in_names_are_shown_and_not_obeyed() -> None:
    assert "\x1b" not in history_text(SERIES, Page(Palette(color=False), 80))
