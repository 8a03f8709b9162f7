"""The entry point of `batch`: the process is put in order, and its arguments are looked at before they are parsed."""

import gc
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from persona_batch import __version__
from persona_batch.cli.boundary import guarded
from persona_batch.cli.commands import help_last, help_page
from persona_batch.errors import UsageError


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    _open_what_is_closed()
    gc.set_threshold(50_000, 20, 100)  # imports allocate much and free little: looking often is a tenth of the start
    if sys.argv[1:2] != ["schedule"]:  # commands that a job starts find the environment as it was
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # or it reads the metadata of all that is installed
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # `typed` says what is no UTF-8
    code = run_command(sys.argv[1:])
    gc.freeze()  # the end of the process frees all of it anyway; to look through it first is a tenth of a short life
    sys.exit(code)


def _open_what_is_closed() -> None:
    # `batch … >&-`: nobody reads it, but the run is to be done, and its files must not take the stream's place
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - open to the end


def run_command(args: Sequence[str]) -> int:
    """Run `batch` with these arguments; return the exit code, with every error shown on stderr."""
    return guarded(lambda: _dispatch(help_last(args)))


def _dispatch(args: Sequence[str]) -> int:
    first = args[0] if args else None
    if first == "__complete":  # a shell asks what a line may go on with
        from persona_batch.cli.completion.answer import answer

        sys.stdout.write(answer(args[1], args[2:]))
        return 0
    if first in ("--help", "-h"):
        sys.stdout.write(help_page())
        return 0
    if first == "--version":
        sys.stdout.write(f"persona-batch {__version__}\n")
        return 0
    if first in ("--install-completion", "--show-completion"):
        from persona_batch.cli.completion.install import install, show

        sys.stdout.write((install if first == "--install-completion" else show)(args[1:]))
        return 0
    _check_utf8(args)
    _refuse_keys(args)
    if first is None:
        sys.stderr.write(help_page())
        return UsageError.exit_code
    from persona_batch.cli.parser import run

    return run(args)


def _refuse_keys(args: Sequence[str]) -> None:
    """Refuse a key among the arguments: others on the machine see them, shells and crontabs keep them."""
    from persona_batch.credentials import has_key

    for place, arg in enumerate(args):
        if has_key(arg):
            option = next((word.partition("=")[0] for word in (arg, *args[:place][-1:]) if word.startswith("-")), "")
            raise UsageError(
                f"{option or f'argument {place + 1}'}: what looks like a key never stands on the command line; put it "
                "into the environment or a `.env` file and name the variable by `--api-key-env`"
            )


def _check_utf8(args: Sequence[str]) -> None:
    """Refuse names that cannot stand in records and manifests, which are UTF-8, before anything is done with them."""
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib would be one more import
    except FileNotFoundError:
        raise UsageError("the working folder was deleted; change to another folder") from None
    for text, what in ((here, "the working folder"), *((arg, "an argument") for arg in args)):
        try:
            text.encode()
        except UnicodeEncodeError:
            shown = os.fsencode(text).decode("utf-8", "backslashreplace")
            raise UsageError(f"{shown}: the name of {what} is not UTF-8; rename it or write it in UTF-8") from None
