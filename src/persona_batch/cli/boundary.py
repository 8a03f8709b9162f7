"""The one edge where errors become exit codes: a user's mistake is one line, a bug of ours is a log file.

- the class's exit code: a `BatchError`, shown as one line per problem
- 130: Ctrl-C, or a terminal that was closed in the middle
- 141: the reader of our output left (`batch show | head`): quiet
- 1: anything else: a bug; its traceback goes to a file, free of keys
"""

import errno
import os
import sys
from collections.abc import Callable
from typing import TextIO

from persona_batch import __version__
from persona_batch.errors import BatchError, UsageError

REPORT_AT = "the issue tracker of persona-batch"
_SECRET_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")  # endings of variables that may hold one


class ReaderLeft(Exception):
    """Whoever read our output closed the pipe."""


def guarded(command: Callable[[], int]) -> int:
    """Run `command` and return the exit code; every error is shown on stderr in the form it deserves."""
    try:
        code = command()
        sys.stdout.flush()
    except BatchError as error:
        for line in str(error).splitlines():
            _say(line)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except (BrokenPipeError, ReaderLeft):
        return _reader_left()
    except Exception as bug:  # noqa: BLE001 - the boundary: whatever is not ours to expect is reported, not lost
        if isinstance(bug, OSError) and bug.errno == errno.EIO and bug.filename is None:
            return _terminal_gone()
        _say(f"this is a bug in persona-batch ({type(bug).__name__}): {_keep(bug)}")
        return 1
    return code


def _say(sentence: str) -> None:
    from persona_batch.view.terminal import tell

    try:
        tell(sentence)
    except BrokenPipeError:  # nobody reads what went wrong; the exit code still says it
        _to_nowhere(sys.stderr)


def _reader_left() -> int:
    _to_nowhere(sys.stdout, sys.stderr)
    return 141


def _terminal_gone() -> int:
    # Linux says EIO to whoever writes to a terminal that was hung up; SIGHUP has stopped the command already
    _to_nowhere(sys.stdout, sys.stderr)
    return 130


def _to_nowhere(*streams: TextIO) -> None:
    # what is still buffered can go nowhere; without this the interpreter complains while it shuts down
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())


def _keep(bug: Exception) -> str:
    """Write the traceback to the user's log folder and return what to tell the user."""
    import traceback
    from datetime import UTC, datetime
    from pathlib import Path

    import platformdirs

    from persona_batch.provider.redact import Redactor

    trace = Redactor(_secrets()).clean("".join(traceback.format_exception(bug)))
    now = datetime.now(UTC)
    head = f"persona-batch {__version__}, Python {sys.version.split()[0]}, {sys.platform}, {now:%FT%TZ}"
    try:
        folder = Path(platformdirs.user_log_dir("persona-batch", appauthor=False))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"bug-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
        path.write_text(f"{head}\n\n{trace}", encoding="utf-8")
    except OSError as error:
        sys.stderr.write(trace)
        return f"its traceback stands above, as the log folder cannot be written ({error.strerror})"
    return f"please send {path} to {REPORT_AT}"


def _secrets() -> list[str]:
    from persona_batch.provider.dotenv import load_env

    try:
        env = load_env()
    except UsageError:  # an unreadable .env gave nobody a key
        env = os.environ
    return [value for name, value in env.items() if name.upper().endswith(_SECRET_NAMES)]
