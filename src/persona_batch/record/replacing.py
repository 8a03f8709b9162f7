"""Which file may be put in the place of another: only what is known for one of ours, so that nobody's work is lost."""

from collections.abc import Callable
from pathlib import Path

from persona_batch.errors import UsageError

_HEAD = 64  # bytes by which a file is known


def checked_place(path: Path, what: str, ours: Callable[[bytes], bool], example: str) -> Path:
    """Return where a file is written, once nothing else is known to stand there.

    Args:
        path: the file.
        what: it is to be, in words: `a report`.
        ours: whether a file that begins so is one, and may be replaced; an empty file always may.
        example: a name for it, for the remedy.

    Raises:
        UsageError: something else does, or there is no such folder.
    """
    try:
        if path.is_dir():
            raise UsageError(f"{path}: this is a folder; name the file, as in -o {path / example}")
        if not path.parent.is_dir():
            raise UsageError(f"{path}: there is no folder {path.parent}")
        if path.exists():
            if not path.is_file() or _is_of_system(path.absolute().parent.resolve()):
                raise UsageError(f"{path}: this is no regular file, and {what} is put in its place; name another")
            with path.open("rb") as file:
                head = file.read(_HEAD)
            if head and not ours(head):
                raise UsageError(f"{path}: this is no {what.partition(' ')[2]}; name another file, or remove it first")
    except OSError as error:
        raise UsageError(f"{path}: cannot be looked at: {error.strerror}") from error
    return path


def _is_of_system(folder: Path) -> bool:
    """Whether a folder holds devices and streams: what `/dev/stdout` leads to may be a file, which it is not itself."""
    return folder == Path("/dev") or folder.is_relative_to("/proc")
