"""run.json: what a run was, for whoever finds the folder in a year. Nothing about keys or the user's machine."""

import os
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from persona_batch.errors import UsageError
from persona_batch.record.append import storage_error, sync_folder

MANIFEST_VERSION = 1

State: TypeAlias = Literal["running", "complete", "failed", "stopped", "interrupted"]


class FileHash(msgspec.Struct, frozen=True):
    """An input file, as the user named it, and its SHA-256 (hex)."""

    path: str
    sha256: str


class TokenSums(msgspec.Struct, frozen=True):
    """Sums over all records of what the endpoint reported; None: it reported nothing."""

    prompt: int | None = None
    completion: int | None = None
    total: int | None = None


class Session(msgspec.Struct):
    """One process that was on the run: the first start, or a resume. `done` are the records it added.

    `ended_at` and `exit_code` stay None for a process that was killed.
    """

    started_at: str
    ended_at: str | None = None
    exit_code: int | None = None
    done: int = 0


class Manifest(msgspec.Struct, kw_only=True):
    """The manifest of a run. Times are UTC, ISO 8601.

    `state`: running (or killed: see the last session) · complete · failed (finished, some cells failed) ·
    stopped (quota, budget, time limit, endpoint down) · interrupted. `endpoint` is a preset's name or a base URL
    without credentials; `config` the resolved configuration of the whole batch. `cells` were asked for so far,
    `batch_cells` are those of the whole batch (more than `cells` where filters narrowed what was asked), `counts`
    the records by status. `plan`, with `models` and the number of samples, tells the batch that the records belong to
    from any other (`Grid.fingerprint`); None while records are being moved, and in manifests of before.
    """

    schema_version: int = MANIFEST_VERSION
    run_id: str
    batch_id: str
    state: State = "running"
    exit_code: int | None = None
    started_at: str
    ended_at: str | None = None
    provider: str
    endpoint: str
    models: list[str]
    config: dict[str, Any] = msgspec.field(default_factory=dict)
    files: list[FileHash] = msgspec.field(default_factory=list)
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    git_commit: str | None = None
    plan: str | None = None
    cells: int | None = None
    batch_cells: int | None = None
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    tokens: TokenSums = TokenSums()
    sessions: list[Session] = msgspec.field(default_factory=list)


def is_partial(manifest: Manifest) -> bool:
    """Whether filters left out a part of the batch so far."""
    return None not in (manifest.cells, manifest.batch_cells) and manifest.cells != manifest.batch_cells


_decode = msgspec.json.Decoder(Manifest).decode


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; `path` is the run.json itself.

    Raises:
        UsageError: it is missing or is no manifest.
    """
    try:
        return _decode(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise UsageError(f"{path}: not a manifest of a run: {error}") from error


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Replace the manifest atomically and durably: a reader sees the old one or the new one, whole.

    Raises:
        StorageError: it cannot be written; the old one is untouched.
    """
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    replace_file(path, text)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in the place of a file by writing beside it, syncing and renaming.

    Raises:
        StorageError: as for `write_manifest`.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise storage_error(path, error) from error
