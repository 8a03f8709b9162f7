"""What the fake batch endpoint keeps for its one account: files and batches, which go on by being looked at."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from servers.batch_plan import Fate, Made, Plan, Route, State, Stored, Trouble
from servers.batch_results import results

ENDED = ("completed", "expired", "failed", "cancelled")


class Refused(Exception):
    """The endpoint refuses a request."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Account:
    """The account; `folder` has its state, which it goes on with. Take the `lock` around whatever is done with it."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.lock = threading.RLock()
        folder.mkdir(parents=True, exist_ok=True)
        self._saved = folder / "state.json"
        self.state = msgspec.json.decode(self._saved.read_bytes(), type=State) if self._saved.exists() else State()

    def save(self) -> None:
        """Bring the state into its file."""
        beside = self._saved.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(self.state))
        beside.replace(self._saved)

    def end(self) -> None:
        """End every batch that is under way."""
        with self.lock:
            for one in self.state.batches:
                self.finish(one)
            self.save()

    def trouble(self, route: Route) -> Trouble:
        """Count a request to a route and return what goes wrong with it."""
        number = self.state.counts.get(route, 0)
        self.state.counts[route] = number + 1
        planned = self.plan.troubles.get(route, [])
        return planned[number] if number < len(planned) else Trouble()

    def store(self, name: str, purpose: str, *, whole: bool = True) -> str:
        """Return the id of a new file."""
        file = f"file-{len(self.state.files) + 1}"
        self.state.files[file] = Stored(name, purpose, whole)
        return file

    def fate(self, one: Made) -> Fate:
        """Return what becomes of a batch."""
        return self.plan.fates[one.number] if one.number < len(self.plan.fates) else self.plan.default

    def make(self, body: dict[str, Any], idempotency_key: str | None) -> Made:
        """Make a batch of a file, if it can be."""
        file = body.get("input_file_id")
        if not isinstance(file, str) or file not in self.state.files or not self.state.files[file].whole:
            raise Refused(400, f"no such file: {file}")
        if self.plan.dialect != "zhipu" and not body.get("completion_window"):
            raise Refused(400, "completion_window is required")
        for one in self.state.batches:
            if self.plan.idempotent and idempotency_key and one.idempotency_key == idempotency_key:
                return one
        lines = [json.loads(line) for line in (self.folder / file).read_bytes().splitlines()]
        keys = [line["custom_id"] for line in lines]
        if len(set(keys)) != len(keys):
            raise Refused(400, "a custom_id stands in the file twice")
        if {line["url"] for line in lines} != {body.get("endpoint")}:
            raise Refused(400, "the lines ask for another endpoint")
        if len({line["body"]["model"] for line in lines}) != 1:
            raise Refused(400, "all lines must ask the same model")
        if any(line["body"].get("stream") for line in lines):
            raise Refused(400, "nothing is streamed in a batch")
        number = len(self.state.batches)
        one = Made(
            id=f"batch_{number + 1}",
            file=file,
            endpoint=str(body["endpoint"]),
            window=body.get("completion_window"),
            metadata=(body.get("metadata") or {}) if self.plan.metadata else {},
            at=time.time(),
            number=number,
            keys=keys,
            idempotency_key=idempotency_key,
            status="in_queue" if self.plan.dialect == "siliconflow" else "validating",
        )
        self.state.batches.append(one)
        if self.plan.looks == 0:
            self.finish(one)
        return one

    def look(self, one: Made) -> None:
        """Count a look at a batch, which may be the one that finds it ended."""
        one.looks += 1
        if one.status == "cancelling":
            self.finish(one, cancelled=True)
        elif self.plan.looks >= 0 and one.looks >= self.plan.looks:
            self.finish(one)
        elif one.status in ("validating", "in_queue"):
            one.status = self.fate(one).word or "in_progress"

    def finish(self, one: Made, *, cancelled: bool = False) -> None:
        """End a batch, with results for what was done of it."""
        if one.status in ENDED:
            return
        fate = self.fate(one)
        one.status = "cancelled" if cancelled or one.status == "cancelling" else fate.phase
        if one.status == "failed":
            return
        lines = [json.loads(line) for line in (self.folder / one.file).read_bytes().splitlines()]
        done = lines[: len(lines) // 2] if one.status == "cancelled" else lines
        good, bad = results(done, fate)
        one.failed = len(bad)
        if fate.one_file:
            good, bad = good + bad, []
        for content, name in ((good, "output"), (bad, "errors")):
            if content:
                file = self.store(f"{one.id}_{name}.jsonl", "batch_output")
                (self.folder / file).write_bytes(b"".join(content))
                setattr(one, name, file)
