"""A batch on disk, a real endpoint, and the pipeline between them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from persona_batch.config.load import Overrides
from persona_batch.engine.progress import Progress
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.run import run_batch
from persona_batch.pipeline.sealing import Summary
from persona_batch.plan.cell import Cell
from persona_batch.plan.grid import Grid
from persona_batch.record import Record
from persona_batch.record.reader import read_records
from persona_batch.record.rundir import RunDir
from servers.act import Logged, Script
from servers.faulty import FaultyServer

WUKONG = """\
id: wukong
system: 你是孙悟空
attributes: {world: 西游记}
params: {temperature: 0.7}
checks: [{contains: 你}]
questions: [你好, 你对取经怎么看？]
"""


@dataclass
class Notes:
    """An observer that remembers what it was told."""

    notes: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    loud: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    wants_text: bool = False

    def note(self, sentence: str, *, always: bool = False) -> None:
        self.notes.append(sentence)
        if always:
            self.loud.append(sentence)

    def begin(self, run: RunDir, grid: Grid, progress: Progress) -> None:
        assert run.path.is_dir()
        assert not progress.counted or progress.total == len(grid)

    def text(self, cell: Cell, text: str) -> None:
        self.texts.append(text)

    def record(self, record: Record) -> None:
        self.records.append(record)


@dataclass
class Workshop:
    """A folder with persona files, and the calls of `batch run` in it; `asked` are the chat requests of all calls."""

    folder: Path
    asked: list[Logged] = field(default_factory=list)
    seen: Notes = field(default_factory=Notes)

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    @property
    def base_url(self) -> str:
        """Where the endpoint of the last call was; nobody is there between calls."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def out(self) -> Path:
        return self.folder / "runs"

    @property
    def runs(self) -> list[Path]:
        return sorted(self.out.glob("2*")) if self.out.exists() else []

    def run(
        self,
        files: Sequence[str],
        script: Script | None = None,
        *,
        overrides: Mapping[str, Any] | None = None,
        watched: bool = False,
        **options: Any,
    ) -> Summary:
        """Run against a new endpoint on the port of the first, so that its identity stays."""

        async def served() -> Summary:
            async with FaultyServer(script, port=self._port) as server:
                self._port = server.port
                given = Overrides(**{"base_url": server.base_url, **(overrides or {})})
                asked = RunOptions(files=tuple(files), out=self.out, overrides=given)
                self.seen = Notes(wants_text=watched)
                try:
                    return await run_batch(replace(asked, **options), self.seen)
                finally:
                    self.asked += server.chats

        return asyncio.run(served())

    def run_away(self, files: Sequence[str], **options: Any) -> Summary:
        """Run when nobody is at the endpoint of the last call."""
        asked = RunOptions(files=tuple(files), out=self.out, overrides=Overrides(base_url=self.base_url))
        return asyncio.run(run_batch(replace(asked, **options), self.seen))

    def records(self, summary: Summary) -> list[Record]:
        return list(read_records(Path(summary.path) / "records.jsonl"))

    _port: int = 0
