"""What everybody needs who writes into a run's folder: what its failure is called, and a folder made durable."""

import os
from pathlib import Path

from persona_batch.errors import StorageError


def storage_error(path: Path, error: OSError) -> StorageError:
    """Return the one line for a user whose run folder cannot be written any more."""
    return StorageError(
        f"{path}: cannot be written: {error.strerror or error}; make room or give access (what is there is whole)"
    )


def sync_folder(folder: Path) -> None:
    """Make a rename or a new file in the folder durable, as far as the system has a way to.

    Raises:
        OSError: the folder is gone.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        if folder.is_dir():  # Windows opens no folders
            return
        raise
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
