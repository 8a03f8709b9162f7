"""The one edge where errors become exit codes: a user's mistake is one line, a bug of ours is a log file.

- the class's exit code: a `BatchError`, shown as one line per problem
- 130: Ctrl-C, or a terminal that was closed in the middle
- 141: the reader of our output left (`batch show | head`): quiet
- 3: there is no more memory
- 1: anything else: a bug; its traceback goes to a file, free of keys
"""

import errno
import os
import sys
from collections.abc import Callable
from typing import TextIO

from persona_batch import __version__
from persona_batch.errors import OUT_OF_MEMORY, BatchError, StoppedEarly, UsageError


def guarded(command: Callable[[], int]) -> int:
    """Run `command` and return the exit code; every error is shown on stderr in the form it deserves."""
    try:
        return _guarded(command)
    except MemoryError:
        pass  # said below, when the error and what it holds are gone: to say it takes memory too
    _say(OUT_OF_MEMORY)
    return StoppedEarly.exit_code


def _guarded(command: Callable[[], int]) -> int:
    try:
        code = command()
        sys.stdout.flush()
    except BatchError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _to_nowhere(141, sys.stdout, sys.stderr)
    except Exception as bug:
        if isinstance(bug, OSError) and bug.errno == errno.EIO and bug.filename is None:
            # Linux says so to whoever writes to a terminal that was hung up; SIGHUP has stopped the command already
            return _to_nowhere(130, sys.stdout, sys.stderr)
        if _is_want_of_memory(bug):
            raise MemoryError from bug
        _say(f"this is a bug in persona-batch ({type(bug).__name__}): {_keep(bug)}")
        return 1
    return code


def _is_want_of_memory(error: Exception) -> bool:
    """Whether there was no memory; for a process or a thread it is said in other words."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and "can't start new thread" in str(error)
    )


def _say(text: str) -> None:
    """Tell a message, line by line, free of keys: it may quote anybody."""
    from persona_batch.view.terminal import tell

    try:
        for line in _clean(text).rstrip("\n").split("\n"):
            tell(line)
    except BrokenPipeError:  # nobody reads what went wrong; the exit code still says it
        _to_nowhere(0, sys.stderr)


def _to_nowhere(code: int, *streams: TextIO) -> int:
    # what is still buffered can go nowhere; without this the interpreter complains while it shuts down
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())
    return code


def _keep(bug: Exception) -> str:
    """Write the traceback to the user's log folder and return what to tell the user."""
    import traceback
    from datetime import UTC, datetime

    from persona_batch.folders import log_folder

    trace = _clean("".join(traceback.format_exception(bug)))
    now = datetime.now(UTC)
    head = f"persona-batch {__version__}, Python {sys.version.split()[0]}, {sys.platform}, {now:%FT%TZ}"
    try:
        path = log_folder() / f"bug-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{head}\n\n{trace}", encoding="utf-8")
    except OSError as error:
        sys.stderr.write(trace)
        return f"its traceback stands above, as the log folder cannot be written ({error.strerror})"
    return f"its traceback, free of keys, is in {path}; please pass that file on to whoever you have this program from"


def _clean(text: str) -> str:
    """Return the text without what looks like a key, and without the keys that the environment and `.env` hold."""
    from persona_batch.credentials import Redactor, load_env, secrets_in

    try:
        env = load_env()
    except (UsageError, OSError):  # an unreadable .env gave nobody a key
        env = os.environ
    return Redactor(secrets_in(env)).clean_all(text)
