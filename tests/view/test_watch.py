"""`--watch`: replies one after the other though they come at the same time."""

import io

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from persona_batch.plan.cell import Cell
from persona_batch.record import ErrorInfo
from persona_batch.view.live import Watch
from persona_batch.view.palette import Palette
from persona_batch.view.transcript import Page, transcript
from view.records import make_cell, make_record

PLAIN = Page(Palette(False), None)


def watching() -> tuple[io.StringIO, Watch]:
    """Return a watch and what it writes to."""
    stream = io.StringIO()
    return stream, Watch(stream, PLAIN)


def test_a_reply_is_written_as_it_comes() -> None:
    stream, watch = watching()
    cell = make_cell()
    watch.text(cell, "俺老")
    assert stream.getvalue().endswith("─\n俺老")
    watch.text(cell, "孙")
    assert stream.getvalue().endswith("─\n俺老孙")
    watch.record(make_record(cell, "俺老孙"))
    assert stream.getvalue() == transcript(make_record(cell, "俺老孙"), PLAIN) + "\n"


def test_a_second_reply_waits_for_the_first_to_end() -> None:
    stream, watch = watching()
    first, second = make_cell("a"), make_cell("b")
    watch.text(first, "one")
    watch.text(second, "two")
    assert "two" not in stream.getvalue()
    watch.record(make_record(first, "one"))
    assert stream.getvalue().endswith("─\ntwo")


def test_a_reply_that_was_asked_again_ends_with_the_one_that_was_kept() -> None:
    stream, watch = watching()
    cell = make_cell()
    watch.text(cell, "half a rep")
    watch.text(cell, "a whole reply")
    watch.record(make_record(cell, "a whole reply"))
    assert "asked again; the reply that was kept:\na whole reply\n" in stream.getvalue()


def test_a_thought_that_showed_itself_at_its_end_is_followed_by_the_reply() -> None:
    stream, watch = watching()
    cell = make_cell()
    watch.text(cell, "A cow?</think>\nMoo")
    watch.record(replace(make_record(cell, "Moo"), reasoning="A cow?"))
    assert "what came first was a thought; the reply is:\nMoo\n" in stream.getvalue()


def test_a_reply_in_whose_midst_the_run_stops_ends_its_line() -> None:
    stream, watch = watching()
    watch.text(make_cell("a"), "half")
    watch.text(make_cell("b"), "held back")
    watch.close()
    assert stream.getvalue().endswith("─\nhalf\ncut off, and not recorded\n\n")


def test_after_the_last_reply_there_is_nothing_to_end() -> None:
    stream, watch = watching()
    watch.text(make_cell(), "one")
    watch.record(make_record(make_cell(), "one"))
    shown = stream.getvalue()
    watch.close()
    assert stream.getvalue() == shown


def test_a_failure_without_text_is_shown_when_the_reply_before_it_ends() -> None:
    stream, watch = watching()
    first, failed = make_cell("a"), make_cell("b")
    watch.text(first, "one")
    watch.record(make_record(failed, status="error", error=ErrorInfo("server", "went away")))
    assert "went away" not in stream.getvalue()
    watch.record(make_record(first, "one"))
    assert "error (server): went away" in stream.getvalue()


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=60))
def test_whatever_the_order_every_finished_cell_is_shown_once_and_unmixed(steps: list[tuple[int, bool]]) -> None:
    stream, watch = watching()
    cells: dict[int, Cell] = {number: make_cell(f"p{number}") for number in range(5)}
    said: dict[int, str] = dict.fromkeys(range(5), "")
    ended: set[int] = set()
    for number, ends in steps:
        if number in ended:
            continue
        if ends:
            ended.add(number)
            watch.record(make_record(cells[number], said[number]))
        else:
            said[number] += f"<{number}>"
            watch.text(cells[number], f"<{number}>")
    for number in set(range(5)) - ended:
        watch.record(make_record(cells[number], said[number]))
    shown = stream.getvalue()
    for number, cell in cells.items():
        assert shown.count(transcript(make_record(cell, said[number]), PLAIN)) == 1
