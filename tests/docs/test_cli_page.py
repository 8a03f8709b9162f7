"""docs/cli.md is what the commands say of themselves."""

from docs.cli_page import PAGE, names, page
from persona_batch.cli.commands import COMMANDS


def test_the_page_of_commands_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make it anew: python tests/docs/cli_page.py"


def test_every_command_has_an_example_in_its_help() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for words in names(COMMANDS):
        called = " ".join(("batch", *words))
        section = text.partition(f"# {called}\n")[2].partition("\n#")[0]
        assert f"    {called}" in section, called
