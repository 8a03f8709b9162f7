"""Requests per day, counted over all runs and processes of a user, per endpoint and key.

A request is reserved before it is sent, by one atomic statement, so that two processes together never exceed a
quota; one that then fails on its way stays counted, for the endpoint may have counted it too. Only runs with a
daily limit are counted. The day is the provider's own. The ledger is one SQLite file in the user's state folder
(PERSONA_BATCH_STATE names another); keys appear in it as fingerprints only.

A shard's requests are counted twice in one transaction: in its own row, which keeps it to its share, and in that of
the whole day, which keeps all shards and other runs of this machine to the quota. On several machines each shard is
kept to its share, so together they keep to the quota too.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from filelock import FileLock

from persona_batch.errors import StorageError
from persona_batch.folders import state_folder

_SCHEMA = """
CREATE TABLE IF NOT EXISTS asked (
    endpoint TEXT NOT NULL, key TEXT NOT NULL, day TEXT NOT NULL, requests INTEGER NOT NULL,
    PRIMARY KEY (endpoint, key, day)
) WITHOUT ROWID
"""
_RESERVE = """
INSERT INTO asked VALUES (:endpoint, :key, :day, :more)
ON CONFLICT DO UPDATE SET requests = requests + :more WHERE requests + :more <= :most
"""
_GIVE_BACK = """
UPDATE asked SET requests = max(0, requests - :less) WHERE endpoint = :endpoint AND key = :key AND day = :day
"""
_USED = "SELECT requests FROM asked WHERE endpoint = :endpoint AND key = :key AND day = :day"
_BUSY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole that has a share of the day: the shard, as `2/4`, and how many requests all of them have."""

    shard: str
    whole: int


def _now() -> datetime:
    return datetime.now(UTC)


class Ledger(AbstractContextManager["Ledger"]):
    """The daily count of one endpoint and key. Use as a context manager.

    Args:
        path: the file; None: `ledger.sqlite` in the state folder.
        endpoint: the endpoint's identity.
        key: the key's fingerprint; "" without a key.
        zone: the provider's time zone, by its IANA name.
        part: the shard whose requests are counted; None: they are nobody's share.
        now: the clock.

    Raises:
        StorageError: the file cannot be opened.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        endpoint: str,
        key: str = "",
        zone: str = "UTC",
        part: Part | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._path = path or state_folder() / "ledger.sqlite"
        self._whose = {"endpoint": endpoint, "key": key}
        self._part = part
        self._zone = ZoneInfo(zone)
        self._now = now
        with self._told():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite does not wait its turn for this one change: two processes that make the file together fail.
            with FileLock(self._path.with_suffix(".lock"), timeout=_BUSY_SECONDS), ExitStack() as stack:
                base = stack.enter_context(
                    closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None))
                )
                base.execute("PRAGMA journal_mode = WAL")
                base.execute("PRAGMA synchronous = NORMAL")
                base.execute(_SCHEMA)
                stack.pop_all()
        self._base = base

    def reserve(self, limit: int, requests: int = 1) -> bool:
        """Count requests if today's are then no more than `limit`; return whether they may be sent.

        `limit` is that of the part, where this is the ledger of one: then the whole is kept to as well.

        Raises:
            StorageError: the ledger cannot be written, so nothing may be sent.
        """
        if limit < requests:
            return False
        day, part = self.today(), self._part
        with self._told():
            if part is None:
                return self._count(self._row(day), requests, limit)
            if part.whole < requests:
                return False
            with self._together():
                fits = self._count(self._row(day, part), requests, limit) and self._count(
                    self._row(day), requests, part.whole
                )
                self._base.execute("COMMIT" if fits else "ROLLBACK")
            return fits

    def used(self) -> int:
        """Return how many requests are counted for today.

        Raises:
            StorageError: the ledger cannot be read.
        """
        with self._told(), closing(self._base.execute(_USED, self._row(self.today(), self._part))) as found:
            row = found.fetchone()
        return 0 if row is None else int(row[0])

    def today(self) -> str:
        """Return the day that requests are counted for now."""
        return self._now().astimezone(self._zone).date().isoformat()

    def give_back(self, requests: int, day: str) -> None:
        """Take back requests that were counted on a day and not sent.

        Raises:
            StorageError: the ledger cannot be written.
        """
        rows = [self._row(day)] if self._part is None else [self._row(day, self._part), self._row(day)]
        with self._told(), self._together():
            for row in rows:
                self._base.execute(_GIVE_BACK, {**row, "less": requests})
            self._base.execute("COMMIT")

    def resets_at(self) -> datetime:
        """Return the provider's next midnight, in its time zone."""
        tomorrow = self._now().astimezone(self._zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), self._zone)

    def __exit__(self, *_: object) -> None:
        self._base.close()

    def _row(self, day: str, part: Part | None = None) -> dict[str, str | int]:
        key = self._whose["key"] if part is None else f"{self._whose['key']} shard {part.shard}"
        return {**self._whose, "key": key, "day": day}

    def _count(self, row: dict[str, str | int], requests: int, most: int) -> bool:
        with closing(self._base.execute(_RESERVE, {**row, "more": requests, "most": most})) as done:
            return done.rowcount == 1

    @contextmanager
    def _together(self) -> Iterator[None]:
        """Begin a transaction, which the block ends; nothing is counted if it fails."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Raise what goes wrong with the file as a StorageError that names it."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"{self._path}: the daily ledger cannot be used: {error}; "
                "set PERSONA_BATCH_STATE to a folder that can be written"
            ) from error
