"""A series on the terminal: right at 80 columns, in any script and language, and harmless."""

from msgspec.structs import replace
from rich.cells import cell_len

from persona_batch.comparing.comparison import Interval
from persona_batch.comparing.series import Alarm, RunPoint, Series, Step, Transition, Trend
from persona_batch.verdict.translation import language_of
from persona_batch.view.history import history_text
from persona_batch.view.palette import Palette
from persona_batch.view.transcript import Page

RUNS = [
    RunPoint(f"202611{day:02d}T030000Z-三打白骨精", f"2026-11-{day:02d}T03:00:00.000Z", 12_000, day, ["m"])
    for day in (1, 2, 3)
]


def trend(persona: str, values: list[float | None], **other: object) -> Trend:
    facts = {"measure": "length", "unit": "characters", "possible_from": 3, **other}
    return Trend(
        persona=persona,
        values=values,
        evidence=[None, 1.0, 30.0],
        threshold=20.0,
        questions=8,
        alarms=[],
        **facts,  # type: ignore[arg-type]  # fields of Trend
    )


ALARM = Alarm(kind="moved", persona="x\x1b[2J", measure="length", unit="characters", before="100", now="140.5")
STEP = Step(
    against="before",
    persona="猪八戒",
    measure="length",
    unit="characters",
    value=31.0,
    interval=Interval(26.4, 35.6, "t by question"),
    questions=8,
)
SERIES = Series(
    batch="三打白骨精",
    level=0.05,
    baseline=RUNS[0].run,
    seen=3,
    runs=RUNS,
    trends=[trend("孙悟空" * 8, [100.0, None, 140.5]), trend("猪八戒", [0.0, 0.0, 0.0], measure="character")],
    transitions=[
        Transition(
            before=RUNS[number].run,
            after=RUNS[number + 1].run,
            started_at=RUNS[number + 1].started_at,
            compared=1,
            steps=[STEP] if number else [],
            alarms=[ALARM] if number else [],
            edited=["y"] if number else [],
            fingerprints=[],
        )
        for number in (0, 1)
    ],
)
PLAIN = Page(Palette(color=False), 80)


def test_lines_fit_80_columns_whatever_the_script() -> None:
    for language in (language_of("en", {}), language_of("zh", {})):
        text = history_text(SERIES, PLAIN, language)
        assert max(cell_len(line) for line in text.splitlines()) <= 80
        assert any("▁·█" in line and "140.5" in line for line in text.splitlines())


def test_large_numbers_have_commas() -> None:
    text = history_text(replace(SERIES, trends=[trend("none", [1_234.5, 23_390.0])]), PLAIN)
    assert ["1,234", "23,390", "characters"] in [line.split()[-3:] for line in text.splitlines()]


def test_what_never_varies_is_left_out_and_what_is_said_is_there() -> None:
    text = history_text(SERIES, Page(Palette(color=False), None))
    assert "character " not in text
    assert "1 run with an alarm, of 3." in text
    assert "length is not where it was: 100 in the runs before, 140.5 in this one" in text
    assert "y: asked otherwise than in the run before" in text
    assert "猪八戒 length +31 (26.4 to 35.6)" in text
    assert "at most 5%" in text


def test_where_no_alarm_was_possible_it_is_said_and_calm_is_not() -> None:
    calm = replace(
        SERIES,
        trends=[trend("a", [1.0, 2.0, 3.0], possible_from=5)],
        transitions=[replace(one, alarms=[]) for one in SERIES.transitions],
    )
    text = " ".join(history_text(calm, PLAIN).split())
    assert (
        "None was possible yet: 1 series are watched, and the first that could alarm needs 5 runs; there are 3." in text
    )
    assert "nothing moved" not in text.lower()
    never = replace(calm, trends=[trend("a", [1.0, 2.0, 3.0], possible_from=None)])
    assert "No alarm is possible with these questions" in history_text(never, PLAIN)


def test_control_sequences_in_names_are_shown_and_not_obeyed() -> None:
    assert "\x1b" not in history_text(SERIES, PLAIN)
