"""Where an export goes: made whole under a name beside the place, then put there in one step.

Whatever ends it (Ctrl-C, a full disk) leaves what was there before. Only what is an export of the same format is
replaced.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from persona_batch.errors import UsageError
from persona_batch.exchange.exports.formats import Format
from persona_batch.record.durable import storage_error, sync_folder
from persona_batch.record.replacing import checked_place


def export_place(path: Path, form: Format) -> Path:
    """Return where an export is written, once nothing else is known to stand there.

    Raises:
        UsageError: something does, or there is no such folder.
    """
    if form.shape != "folder":
        return checked_place(path, f"an export as {form.name}", form.knows, form.default_name)
    try:
        held = {entry.name for entry in path.iterdir()} if path.exists() else set()
        card = path / "README.md"
        if held and not (held <= {card.name, "data"} and card.is_file() and form.knows(card.read_bytes()[:64])):
            raise UsageError(f"{path}: this folder holds something else; name another, or empty it first")
        if not path.absolute().parent.is_dir():
            raise UsageError(f"{path}: there is no folder {path.parent}")
    except NotADirectoryError as error:
        raise UsageError(f"{path}: this is a file; an export as {form.name} is a folder") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be looked at: {error.strerror}") from error
    return path


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """Give a name that is free, of what is put in the place of `path` when all went well; else it is removed.

    Raises:
        StorageError: it cannot be written.
    """
    path = path.resolve()
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", dir=path.parent))
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        made = beside / path.name
        yield made
        _sync(made)
        if path.is_dir():
            path.replace(beside / "before")
        made.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _sync(made: Path) -> None:
    for file in [made] if made.is_file() else sorted(made.rglob("*")):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
