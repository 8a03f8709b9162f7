"""What every part of the engine works on: the run's submissions, the endpoint's batch API, and the call's brake."""

import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, Unpack

from persona_batch.engine.batches.brake import Brake
from persona_batch.engine.engines import Job, Site
from persona_batch.errors import ProviderError
from persona_batch.provider.batches import BatchApi, BatchFacts
from persona_batch.record.submissions import Step, Submission, Told, enter, read_submissions

T = TypeVar("T")
_PATIENCE = 60.0  # seconds that one thing is waited for by a call that does not wait for results


@dataclass(slots=True)
class Dealings:
    """One call's dealings with an endpoint that takes batch files.

    `api` is None where no server takes them (`facts.offline`). `troubles` are sentences that the call ends with, and
    `silences` those of what the last look was not told; `lost` are submissions of which the endpoint knows nothing.
    `impatient`: nothing is asked twice for now.
    """

    job: Job
    site: Site
    facts: BatchFacts
    api: BatchApi | None
    brake: Brake
    submissions: list[Submission] = field(init=False)
    troubles: list[str] = field(default_factory=list)
    silences: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    impatient: bool = False

    def __post_init__(self) -> None:
        self.submissions = read_submissions(self.site.run.submissions)

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.site.run.batches

    @property
    def server(self) -> BatchApi:
        """The endpoint's batch API, where there is one."""
        assert self.api is not None, "no server takes these files"
        return self.api

    def enter(self, one: Submission, step: Step, **told: Unpack[Told]) -> None:
        """Write down what became of a submission.

        Raises:
            StorageError: it is not on the device.
        """
        enter(self.site.run.submissions, one, step, **told)

    def trouble(self, sentence: str) -> None:
        """Keep a sentence for the end, once."""
        if sentence not in self.troubles:
            self.troubles.append(sentence)

    def request_file(self, one: Submission) -> Path:
        """Return where the requests of a submission are."""
        return self.folder / one.file

    async def patiently(self, asked: Callable[[], Coroutine[object, object, T]]) -> T:
        """Ask for what does no harm if it is asked twice, and again if that may help.

        Raises:
            ProviderError: it failed for good, or too often.
            BatchError: the call is being stopped.
        """
        failures, waited, most = 0, 0.0, max(_PATIENCE, self.site.wait or 0.0)
        while True:
            self.brake.check()
            try:
                return await self.brake.call(asked())
            except ProviderError as error:
                failures += 1
                wait = self.job.policy.wait(failures, waited, error, random.random())  # noqa: S311  # jitter
                if wait is None or self.impatient or waited + wait > most:
                    raise
                self.job.log.write(
                    "retry", attempt=failures, wait=round(wait, 3), kind=error.kind, message=error.message
                )
                waited += wait
                await self.brake.sleep(wait)
