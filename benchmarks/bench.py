"""What every section is given: the mock endpoint, a scratch folder, how often to repeat, how `batch` is called."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.endpoint import CLIENT_CORE, Endpoint
from benchmarks.measure import Run, run


@dataclass(frozen=True)
class Bench:
    """`scratch` is emptied in the end; `quick` asks for a first impression only; `tools` holds the other tools."""

    endpoint: Endpoint
    scratch: Path
    quick: bool
    tools: Path

    def times(self, usual: int) -> int:
        """How often to repeat."""
        return 1 if self.quick else usual

    def size(self, usual: int) -> int:
        """How much work to measure."""
        return max(1, usual // 10) if self.quick else usual

    def folder(self) -> Path:
        """Return a new empty folder."""
        return Path(mkdtemp(dir=self.scratch))

    def batch(
        self, *arguments: object, folder: Path, accept: Sequence[int] = (0,), core: int | None = CLIENT_CORE
    ) -> Run:
        """Run the installed `batch` command to its end; `accept` are the exit codes that are right."""
        command = [self.batch_command, *map(str, arguments)]
        return run(command, folder=folder, environment=self.environment, accept=accept, core=core)

    @property
    def python(self) -> str:
        """This interpreter."""
        return sys.executable

    @property
    def batch_command(self) -> Path:
        """The console script beside this interpreter."""
        return Path(sys.executable).parent / "batch"

    @property
    def environment(self) -> dict[str, str]:
        """A home of its own, so that no user's settings are read, and no keys."""
        return {"HOME": str(self.scratch), "XDG_CONFIG_HOME": str(self.scratch), "NO_COLOR": "1"}
