"""What a run ends with: its table of personas, and why cells failed."""

from collections.abc import Iterable, Sequence

from persona_batch.engine.progress import MOST_PERSONAS, PersonaTally, tally
from persona_batch.record import CheckResult, ErrorInfo, Record
from persona_batch.view.closing import MOST, Failures, persona_totals
from persona_batch.view.palette import Palette
from view.records import make_cell, make_record


def totals(records: Iterable[Record], personas: Sequence[str] = ()) -> str:
    tallies: dict[str, PersonaTally] = {}
    for record in records:
        tally(tallies, record)
    return persona_totals(tallies, personas, Palette(False))


def test_totals_have_a_row_per_persona_in_the_order_of_appearance() -> None:
    records = [
        make_record(make_cell("wukong"), "一二三四"),
        make_record(make_cell("none"), "12"),
        make_record(make_cell("wukong", sample=1), "一二", ttft_ms=200.0),
        make_record(
            make_cell("wukong", sample=2), status="error", error=ErrorInfo("server", "x"), usage=None, ttft_ms=None
        ),
    ]
    assert totals(records) == (
        "persona  cells  ok  failed  mean chars  first token  tokens\n"
        "wukong       3   2       1           3       306 ms  44+360\n"
        "none         1   1       0           2       412 ms  22+180\n"
        "total        4   3       1           3       341 ms  66+540\n"
        "606 tokens (66 prompt + 540 reply)\n"
    )


def test_totals_stand_in_the_order_of_the_grid() -> None:
    records = [make_record(make_cell(persona)) for persona in ("wukong", "assistant", "stranger", "none")]
    rows = [line.split()[0] for line in totals(records, ["none", "assistant", "wukong"]).splitlines()[1:-1]]
    assert rows == ["none", "assistant", "wukong", "stranger", "total"]


def test_checks_are_counted_where_there_are_any() -> None:
    checked = make_record(checks=(CheckResult("contains", True), CheckResult("equals", False)))
    _, wukong, none, _, _ = totals([checked, make_record(make_cell("none"))]).splitlines()
    assert " 1/2 " in wukong
    assert " – " in none


def test_what_was_never_measured_is_no_zero() -> None:
    failed = make_record(status="error", error=ErrorInfo("server", "x"), usage=None, ttft_ms=None)
    assert totals([failed]).splitlines()[1].split() == ["wukong", "1", "0", "1", "–", "–", "–"]


def test_no_records_make_no_table() -> None:
    assert totals([]) == ""


def test_many_personas_are_cut_and_counted() -> None:
    lines = totals(make_record(make_cell(f"p{number}")) for number in range(MOST_PERSONAS + 500)).splitlines()
    assert len(lines) == 1 + MOST + 3
    *_, more, total, tokens = lines
    assert more == f"… and {MOST_PERSONAS + 1 - MOST:,} more"
    assert total.split()[:2] == ["total", f"{MOST_PERSONAS + 500:,}"]
    assert tokens == "303,000 tokens (33,000 prompt + 270,000 reply)"


def reasons(*errors: tuple[str, str]) -> str:
    failures = Failures()
    for kind, message in errors:
        failures.add(ErrorInfo(kind, message))
    return failures.reasons()


def test_no_failure_has_no_reason() -> None:
    assert reasons() == ""


def test_failures_of_one_kind_are_told_by_the_first() -> None:
    assert reasons(("server", "HTTP 500: oops"), ("server", "HTTP 502")) == "server: HTTP 500: oops"


def test_several_kinds_are_counted_the_most_frequent_first_and_cut() -> None:
    errors = [("a", "x"), ("b", "y"), ("b", "z"), ("c", "u"), ("c", "v"), ("c", "w")]
    assert reasons(*errors) == "3 × c: u; 2 × b: y; …"
    assert reasons(*errors[:3]) == "2 × b: y; 1 × a: x"


def test_a_message_is_harmless_on_one_line_and_not_long() -> None:
    told = reasons(("server", "\x1b[31m" + "long \n" * 100))
    assert "\x1b" not in told
    assert len(told) == len("server: ") + 120
    assert told.endswith("…")
