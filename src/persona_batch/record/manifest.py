"""run.json: what a run was, for whoever finds the folder in a year. Nothing about keys or the user's machine."""

from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from persona_batch.errors import UsageError
from persona_batch.pricing.bill import Cost, encode
from persona_batch.pricing.price import PriceList
from persona_batch.record.durable import replace_file, storage_error

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

    `lost` are requests that it sent and that are in no record: attempts that failed before it was stopped, and what
    was cut off. `ended_at` and `exit_code` stay None for a process that was killed.
    """

    started_at: str
    ended_at: str | None = None
    exit_code: int | None = None
    done: int = 0
    lost: int = 0


class MergedRun(msgspec.Struct, frozen=True):
    """A run that `batch merge` took: which part of its batch it was (None: all of it), and how many records it had."""

    run_id: str
    shard: str | None
    records: int


class Manifest(msgspec.Struct, kw_only=True):
    """The manifest of a run. Times are UTC, ISO 8601.

    `state`: running (or killed: see the last session) · complete · failed (finished, some cells failed) ·
    stopped (quota, budget, time limit, endpoint down) · interrupted. `endpoint` is a preset's name, a base URL
    without credentials, or an id of the user's; `config` the resolved configuration of the whole batch. `cells` were
    asked for so far, `batch_cells` are those of the whole batch (more than `cells` where filters narrowed what was
    asked), `counts` the records by status. `plan`, with `models` and the number of samples, tells the batch that the
    records belong to from any other (`Grid.fingerprint`); None while records are being moved, and in manifests of
    before. `shard` is the part of the batch that the run asks, as `2/4` (None: all of it); `merged` are the runs that
    it was merged from (none: it was asked as one).
    `prices` are those that held, each list from its moment on (none: nobody is paid); `cost` what the records cost.
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
    shard: str | None = None
    merged: list[MergedRun] = []
    cells: int | None = None
    batch_cells: int | None = None
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    tokens: TokenSums = TokenSums()
    prices: list[PriceList] = msgspec.field(default_factory=list)
    cost: Cost | None = None
    sessions: list[Session] = msgspec.field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether the run came to its end, whatever became of its cells."""
        return self.state in ("complete", "failed")

    @property
    def imported(self) -> str | None:
        """The tool whose results were made this run by `batch import-results`; None: it was asked."""
        source = self.config.get("imported")
        return str(source.get("tool")) if isinstance(source, dict) else None

    @property
    def unknown_prompts(self) -> frozenset[str]:
        """The personas of imported results that do not say what stood before the questions."""
        return self._of_import("unknown_prompts")

    @property
    def templates(self) -> frozenset[str]:
        """The personas of imported results whose wordings are one template, filled in anew for each question."""
        return self._of_import("templates")

    def _of_import(self, name: str) -> frozenset[str]:
        source = self.config.get("imported")
        held = source.get(name) if isinstance(source, dict) else None
        return frozenset(map(str, held)) if isinstance(held, list) else frozenset()

    @property
    def partial(self) -> bool:
        """Whether filters left out a part of the batch so far."""
        return None not in (self.cells, self.batch_cells) and self.cells != self.batch_cells

    def entries(self, name: str) -> list[dict[str, Any]]:
        """The entries of a list of the configuration (`personas`, `questions`); none where there is no such list."""
        held = self.config.get(name)
        return [entry for entry in held if isinstance(entry, dict)] if isinstance(held, list) else []


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
    text = msgspec.json.format(encode(manifest), indent=2) + b"\n"
    try:
        replace_file(path, (text,))
    except OSError as error:
        raise storage_error(path, error) from error


def versions() -> dict[str, str]:
    """Return the versions of this tool, the SDK and Python; a package that is not installed is left out."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for package in ("persona-batch", "openai"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def git_commit(folder: Path) -> str | None:
    """Return the commit that a folder's files were checked out from (`-dirty` if changed since), if any."""
    import subprocess

    described = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(  # noqa: S603  # fixed arguments, no shell
            ["git", "-C", str(folder), *described],  # noqa: S607  # git is found on the user's PATH, as they set it
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
