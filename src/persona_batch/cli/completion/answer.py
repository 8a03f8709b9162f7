r"""What `batch __complete SHELL WORD…` prints: what the last word, which is under the cursor, may go on to.

The first line says what follows: `files` (the shell quotes them, a folder is gone on with), `words` (they stand as
they are, then a space), `open` (the same, without a space) or `native` (nothing: the shell's own completion of files
knows better, as in `~/` or `$HOME`). Each further line is a value, a tab, and a word about it. What cannot stand in a
line, or would do something to a terminal, is left out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from persona_batch.cli.completion.line import Line, known_words
from persona_batch.cli.completion.values import FILES, VALUES, Found, paths

_SAFE: Final = re.compile(r"[\w@%+=:,./-]+")  # needs no quotes in any shell
_LISTS: Final = ("--measures", "--factor", "--personas")  # several values may stand between commas
_MOST: Final = 1_000


class Answer(NamedTuple):
    """The kind of what follows, and the values."""

    kind: str
    found: list[Found]


def answer(shell: str, words: Sequence[str]) -> str:
    """Return the lines for a shell; `words` are those behind the program's name, as they were typed.

    Args:
        shell: bash, zsh or fish. Bash takes words apart at `=` and `:`, and wants only the part behind.
        words: the last one is under the cursor, up to it.
    """
    typed = [*words] or [""]
    skipped = 0
    if shell == "bash":
        typed, skipped = _joined(typed)
    if re.match(r"""["']?[~$`]""", typed[-1].rpartition("=")[2]):
        return "native\n"
    plain = [unquoted(word) for word in typed]
    kind, found = _answer(Line.of(plain[:-1], known_words()), plain[-1])
    lines = [kind]
    for value, about in found[:_MOST]:
        if value.isprintable() and (kind == "files" or _SAFE.fullmatch(value)):
            lines.append(f"{value[skipped:]}\t{' '.join(about.split())}")
    return "\n".join(lines) + "\n"


def unquoted(word: str) -> str:
    """Return a word as the shell will read it; a quote may still be open, a backslash at the end is nothing yet."""
    quote, plain, letters = "", [], iter(word)
    for letter in letters:
        if letter == "\\" and quote != "'":
            following = next(letters, "")
            plain.append(following if not quote or following in '"\\$`' else letter + following)
        elif letter == quote:
            quote = ""
        elif letter in "\"'" and not quote:
            quote = letter
        else:
            plain.append(letter)
    return "".join(plain)


def _joined(words: Sequence[str]) -> tuple[list[str], int]:
    """Join what bash took apart at `=` and `:`; return also how many characters stand before what it sees as a word."""
    joined: list[str] = []
    skipped, open_end = 0, False
    for word in words:
        breaks = bool(joined) and set(word) <= {"=", ":"} and word != ""
        if joined and joined[-1] and (breaks or open_end):
            skipped = len(joined[-1]) + (len(word) if breaks else 0)
            joined[-1] += word
        else:
            skipped = 0
            joined.append(word)
        open_end = breaks
    return joined, skipped


def _answer(line: Line, typed: str) -> Answer:
    if line.waits is not None and not (line.waits["bare"] and typed.startswith("-")):
        return _of_option(line, line.waits, typed, "")
    if typed.startswith("-") and not line.ended:
        name, equals, value = typed.partition("=")
        option = line.option(name)
        if equals:
            return _of_option(line, option, value, f"{name}=") if option else Answer("words", [])
        return _begun(_option_names(line), typed)
    commands = [*line.commands.items()]
    if commands and not line.argument:
        commands += [] if line.command else [("help", "Print the help of a command.")]
    found = _begun(commands, typed)
    if line.argument and not found.found:
        return _of(line, line.argument, line.argument, typed, "")
    return found


def _option_names(line: Line) -> Iterator[Found]:
    if not line.command:
        yield from (
            ("--help", "Print the commands."),
            ("--version", "Print the version."),
            ("--install-completion", "Install completion for a shell."),
            ("--show-completion", "Print the completion script of a shell."),
        )
    for option in line.options:
        if option["several"] or option["names"][0] not in line.given:
            yield from ((name, option["help"]) for name in option["names"] if name.startswith("--"))


def _of_option(line: Line, option: dict[str, object], typed: str, before: str) -> Answer:
    names, metavar, choices = option["names"], str(option["metavar"]), option["choices"]
    assert isinstance(names, list)
    assert isinstance(choices, list)
    name = str(names[0])
    if choices:
        return _begun(((before + str(choice), "") for choice in choices), before + typed)
    if name in _LISTS and "," in typed:
        first, _, typed = typed.rpartition(",")
        before += f"{first},"
    return _of(line, name, metavar.strip("[]"), typed, before)


def _of(line: Line, name: str, metavar: str, typed: str, before: str) -> Answer:
    """Return the values of an option or an argument: names and ids first, files where none of these fits."""
    values = line.table["values"]
    known = [(value, "") for value in values.get(f"{line.command} {name}", values.get(name, ()))]
    make = VALUES.get(f"{line.command} {name}", VALUES.get(name))
    made = () if make is None else make(line, typed)
    found = _begun(((before + value, about) for value, about in (*known, *made)), before + typed)
    files = next((key for key in (f"{line.command} {name}", name, metavar) if key in FILES), None)
    if found.found or files is None:
        return found
    return Answer("files", [(before + path, "") for path in paths(typed, FILES[files])])


def _begun(values: Iterable[Found], typed: str) -> Answer:
    """Return the values that begin with what was typed, each once."""
    found = {value: about for value, about in values if value.startswith(typed)}
    kind = "open" if found and all(value.endswith("=") for value in found) else "words"
    return Answer(kind, [*found.items()])
