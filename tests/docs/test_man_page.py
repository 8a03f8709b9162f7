"""docs/man/batch.1 is what the commands say of themselves, in roff that formatters take without a warning."""

import os
import re
import shutil
import subprocess

import pytest

from docs.cli_page import names
from docs.man_page import MAN, escaped, man_page, paragraph
from persona_batch.cli.commands import COMMANDS
from persona_batch.cli.completion.line import known_words


def formatted(*command: str, source: str | None = None) -> tuple[str, str]:
    """Return what a formatter prints, without overstrikes, and its warnings."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    env = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "100", "MAN_KEEP_FORMATTING": ""}
    done = subprocess.run(command, input=source, capture_output=True, encoding="utf-8", env=env, timeout=60)
    return re.sub(".\b", "", done.stdout), done.stderr


def test_the_man_page_is_fresh() -> None:
    assert MAN.read_text(encoding="utf-8") == man_page(), "make it anew: python tests/docs/cli_page.py"


def test_mandoc_finds_nothing_wrong() -> None:
    found, errors = formatted("mandoc", "-Tlint", "-Wwarning", str(MAN))
    assert (found, errors) == ("", "")


def test_man_warns_of_nothing_and_shows_every_command_and_option() -> None:
    shown, warnings = formatted("man", "--warnings", "-l", str(MAN))
    assert warnings == ""
    for words in names(COMMANDS):
        assert re.search(rf"^ +{' '.join(('batch', *words))} \[OPTIONS\]", shown, re.MULTILINE), words
    for facts in known_words()["commands"].values():
        for option in facts["options"]:
            assert option["names"] == ["--help", "-h"] or f"{option['names'][0]}" in shown


@pytest.mark.parametrize("text", [".not a request", "'nor this", "a\\fBc \\e", "-n --dry-run", '你好 ^~`"', "a. .b"])
@pytest.mark.parametrize("command", [("mandoc", "-Tutf8"), ("man", "-l", "-")])
def test_a_text_is_shown_as_it_is(text: str, command: tuple[str, ...]) -> None:
    page = ".TH X 1 2026-11-27\n.SH NAME\nx \\- y\n.SH TEXT\n" + "\n".join(paragraph(text)) + "\n"
    shown, _ = formatted(*command, source=page)
    assert text in shown
    assert "\n" not in escaped(text)
