"""Old replies under the checks that files declare now; nothing is asked, and nothing is written."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from persona_batch.checks.custom import enable, is_enabled
from persona_batch.config.batch import Batch
from persona_batch.config.files import RECORDS
from persona_batch.config.load import load_batch
from persona_batch.errors import ConfigError, UsageError
from persona_batch.pipeline.options import RunOptions, recalled
from persona_batch.plan.cell import Endpoint
from persona_batch.plan.grid import Grid
from persona_batch.record import CheckResult, Record
from persona_batch.record.agreement import described
from persona_batch.record.manifest import Manifest, read_manifest
from persona_batch.record.rejudging import rejudged
from persona_batch.record.rundir import RunDir
from persona_batch.wording import counted, listed

_DECLARED = "the checks that the run itself declared"


@dataclass(slots=True)
class Rechecking:
    """What is declared now of the cells of a run.

    `source` says in words whose checks these are. `unknown` counts the records of personas and questions that are not
    among them, `changed` those that carried other checks, `moved` those with a check that came out otherwise.
    """

    grid: Grid
    source: str
    unknown: int = 0
    changed: int = 0
    moved: int = 0

    def judged(self, record: Record) -> Record | None:
        """Return a record with the outcomes of the checks that hold for it now; None: it is not known to them."""
        found = self.grid.find(
            persona=record.persona,
            variant=record.variant,
            question=record.question,
            placement=record.placement,
            model=record.model,
            sample=0,  # all samples of a cell are judged alike
            speaker=record.speaker,
            factors=record.factors,
        )
        if found is None:
            self.unknown += 1
            return None
        now = rejudged(record, found[1]())
        before = [(result.check, result.expected) for result in record.results]
        self.changed += [(result.check, msgspec.to_builtins(result.expected)) for result in now.results] != before
        self.moved += [result.passed for result in now.results] != [result.passed for result in record.results]
        return now


@dataclass(slots=True)
class PresentChecks:
    """Watches the records of a run go by on their way to a comparison, and puts them under the checks of now (`watch`).

    Files that are as they were declare what the records carry: then nothing is judged. `notes` says at the end what was
    done, and what could not be.
    """

    now: Rechecking | None
    _told: list[str] = field(default_factory=list)
    _left_out: set[str] = field(default_factory=set)

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the records under the checks of now, and those that are not known to them as they are."""
        for record in records:
            seen = record if self.now is None else self.now.judged(record) or record
            for result in seen.results:
                if "custom" in result.check or isinstance(result.expected, list):
                    self._left_out |= _not_enabled(result)
            yield seen

    def notes(self) -> list[str]:
        """Return sentences for the user, once the records were read."""
        said = list(self._told)
        if self.now is not None and self.now.changed:
            said.append(
                f"{self.now.source} changed since the run: {counted(self.now.changed, 'record')} are judged by other "
                f"checks than they carry, as `batch check-replies` does"
            )
        if self._left_out:
            names = sorted(self._left_out)
            said.append(f"checks in Python were left out ({listed(names)}); `--custom-check {names[0]}` lets one run")
        return said


def declared_now(run: RunDir, files: Sequence[str], questions: Sequence[str], custom: Sequence[str]) -> Rechecking:
    """Return what files declare of a run's cells: those that are given, else the run's own, as they are now.

    Where one of the run's own is not there any more, it is what the run declared.

    Args:
        run: the run.
        files: persona files, folders and globs; none: the run's.
        questions: question files instead of the personas' own; none: the run's.
        custom: the checks in Python that may be called.

    Raises:
        UsageError: something is wrong with the files, or the run does not say what it asked.
    """
    enable(custom)
    if not run.manifest.is_file():
        raise UsageError(f"{run.path}: there is no run.json, which says what was asked; name a run folder")
    manifest = read_manifest(run.manifest)
    if files or questions or not (_missing(manifest) or manifest.imported):
        begun = _begun(run)
        given = replace(begun, files=tuple(files) or begun.files, questions=tuple(questions) or begun.questions)
        batch = load_batch(
            given.files, questions=given.questions, overrides=given.overrides, custom_checks=frozenset(custom)
        )
        return Rechecking(
            _grid(batch, manifest), f"the checks of {listed([str(name) for name in (*given.files, *given.questions)])}"
        )
    if manifest.imported is not None and (grid := described(manifest)) is not None:
        return Rechecking(grid, f"the checks of results of {manifest.imported}, which declare none of ours")
    if (grid := described(manifest)) is None:
        raise UsageError(f"{run.path}: {listed(_missing(manifest))} is not there; name the persona files")
    return Rechecking(grid, f"{_DECLARED} ({listed(_missing(manifest))} is not there)")


def present_checks(run: RunDir, custom: Sequence[str]) -> PresentChecks:
    """Return the watch that puts a run's records under what its files declare now, if one of them is not as it was.

    They stay as they are where the files are as they were, are not all there, or cannot be read.

    Raises:
        UsageError: a check in Python that is named cannot be loaded.
    """
    enable(custom)
    if run.records.name != RECORDS or not run.manifest.is_file():
        return PresentChecks(None)
    manifest = read_manifest(run.manifest)
    if manifest.imported or _missing(manifest) or not (edited := _edited(manifest)):
        return PresentChecks(None)
    try:
        begun = _begun(run)
        batch = load_batch(begun.files, questions=begun.questions, overrides=begun.overrides)
        return PresentChecks(Rechecking(_grid(batch, manifest), listed(edited)))
    except UsageError as error:
        first = error.problems[0] if isinstance(error, ConfigError) else error
        return PresentChecks(None, [f"{listed(edited)} changed since the run; the recorded checks count: {first}"])


def _begun(run: RunDir) -> RunOptions:
    if read_manifest(run.manifest).imported is not None:
        return RunOptions()
    return recalled(RunOptions(resume=str(run.path)))


def _missing(manifest: Manifest) -> list[str]:
    return [file.path for file in manifest.files if not Path(file.path).is_file()]


def _edited(manifest: Manifest) -> list[str]:
    return [
        file.path for file in manifest.files if hashlib.sha256(Path(file.path).read_bytes()).hexdigest() != file.sha256
    ]


def _grid(batch: Batch, manifest: Manifest) -> Grid:
    config = manifest.config
    return Grid(
        batch,
        endpoint=Endpoint(manifest.provider, manifest.endpoint),
        models=manifest.models,
        provider_params=config.get("provider_params", {}),
        cli_params=config.get("cli_params", {}),
        developer_role=config.get("developer_role", "developer"),
    )


def _not_enabled(result: CheckResult) -> set[str]:
    """Return the names of the checks in Python in a result that may not be called."""
    try:
        check = result.declared
    except ValueError:
        return set()
    return {one.argument.name for one in check.within() if one.kind == "custom" and not is_enabled(one.argument.name)}
