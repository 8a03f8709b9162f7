"""When colours are used."""

import io
import os
import pty
from collections.abc import Iterator
from typing import TextIO

import pytest

from persona_batch.view.palette import Palette, palette_for


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A stream that is a terminal."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as stream:
        yield stream
    os.close(master)


def test_a_terminal_has_colours(terminal: TextIO) -> None:
    assert palette_for(terminal, env={"TERM": "xterm"}).color


def test_a_pipe_has_none() -> None:
    assert not palette_for(io.StringIO(), env={"TERM": "xterm"}).color


def test_no_color_turns_them_off_on_a_terminal(terminal: TextIO) -> None:
    assert not palette_for(terminal, env={"TERM": "xterm", "NO_COLOR": "1", "FORCE_COLOR": "1"}).color


def test_an_empty_no_color_says_nothing(terminal: TextIO) -> None:
    assert palette_for(terminal, env={"TERM": "xterm", "NO_COLOR": ""}).color


def test_a_dumb_terminal_has_none(terminal: TextIO) -> None:
    assert not palette_for(terminal, env={"TERM": "dumb"}).color


def test_force_color_turns_them_on_in_a_pipe() -> None:
    assert palette_for(io.StringIO(), env={"FORCE_COLOR": "1"}).color


def test_the_option_stands_above_the_environment(terminal: TextIO) -> None:
    assert palette_for(io.StringIO(), "always", env={"NO_COLOR": "1"}).color
    assert not palette_for(terminal, "never", env={"FORCE_COLOR": "1"}).color


def test_without_colour_text_stays_as_it_is() -> None:
    assert Palette(False).message(0, "x") + Palette(False).bad("y") == "xy"


def test_every_painted_text_ends_its_colour() -> None:
    palette = Palette(True)
    for painted in (palette.message(7, "x"), palette.bold("x"), palette.dim("x"), palette.bad("x"), palette.good("x")):
        assert painted.startswith("\x1b[")
        assert painted.endswith("x\x1b[0m")
