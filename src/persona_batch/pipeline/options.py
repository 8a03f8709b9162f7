"""What a user asks of `batch run`, apart from what the input files say."""

from dataclasses import dataclass, field
from pathlib import Path

from persona_batch.config.load import Overrides


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """One call of `batch run`.

    `files` persona files, folders and globs; `questions` question files that replace the personas' own.
    `resume` a run (folder, id, `latest`) to finish; `continue_newest` the newest unfinished run of the batch, else
    a new one. `max_requests`, `max_tokens_total` and `time_limit` (seconds) end this call, not the run.
    `workers` is how many processes ask the endpoint (1: this one does).
    """

    files: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    overrides: Overrides = field(default_factory=Overrides)
    persona_globs: tuple[str, ...] = ()
    question_globs: tuple[str, ...] = ()
    limit: int | None = None
    out: Path = Path("runs")
    resume: str | None = None
    continue_newest: bool = False
    retry_errors: bool = False
    max_requests: int | None = None
    max_tokens_total: int | None = None
    time_limit: float | None = None
    fail_under: float | None = None
    engine: str = "local"
    workers: int = 1
