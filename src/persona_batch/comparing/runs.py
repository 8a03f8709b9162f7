"""Two runs: what changed besides the replies, i.e. prompts, models, failures."""

import difflib
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from persona_batch.comparing import sentences
from persona_batch.comparing.between_runs import CellName, ModelChange, PromptDiff, RunChanges
from persona_batch.comparing.corpus import FACTORS, USABLE, Corpus
from persona_batch.comparing.readings import Prompts

_CELL = (*(factor for factor in FACTORS if factor != "params"), "sample")


def order_notes(started: Sequence[str]) -> list[str]:
    """Return a note where of two runs the first is the later one.

    Args:
        started: when each run began, in ISO 8601; "": not known. Of one run there is nothing to say.
    """
    if len(started) != 2 or not all(started):
        return []
    first, second = map(datetime.fromisoformat, started)
    return [sentences.LATER_FIRST] if first > second else []


def run_changes(corpus: Corpus) -> RunChanges:
    """Return what differs between run 0 and run 1 of a corpus of two runs."""
    failed = ~np.isin(corpus.columns["status"], USABLE)
    new, lost = _turned(corpus, failed)
    new_checks, lost_checks = _turned(corpus, corpus.checks_failed)
    before, after = (_personas(corpus, run) for run in (0, 1))
    return RunChanges(
        prompts=_prompt_diffs(*corpus.prompts),
        models=_model_changes(corpus),
        new_failures=new,
        lost_failures=lost,
        new_check_failures=new_checks,
        lost_check_failures=lost_checks,
        only_before=sorted(before - after),
        only_after=sorted(after - before),
    )


def _prompt_diffs(before: Prompts, after: Prompts) -> list[PromptDiff]:
    """Return the prompts that changed between two runs, of personas that both have."""
    found = []
    for name in sorted(before.names() & after.names()):
        old, new = before.text(name), after.text(name)
        if old == new:
            continue
        lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1))[2:]
        added = sum(line.startswith("+") for line in lines)
        removed = sum(line.startswith("-") for line in lines)
        found.append(PromptDiff(persona=name[0], variant=name[1], added=added, removed=removed, lines=lines))
    return found


def _personas(corpus: Corpus, run: int) -> set[str]:
    numbers = np.unique(corpus.columns["persona"][corpus.columns["run"] == run])
    return {corpus.names["persona"][number] for number in numbers}


def _turned(corpus: Corpus, bad: NDArray[np.bool_]) -> tuple[list[CellName], list[CellName]]:
    """Return the cells of both runs that are bad only in the later, and only in the earlier."""
    table = np.stack([corpus.columns[name] for name in _CELL], axis=1)
    sides: list[dict[tuple[int, ...], bool]] = []
    for run in (0, 1):
        mine = corpus.columns["run"] == run
        sides.append(dict(zip(map(tuple, table[mine].tolist()), bad[mine].tolist(), strict=True)))
    before, after = sides
    both = before.keys() & after.keys()
    new = sorted(_cell(corpus, cell) for cell in both if after[cell] and not before[cell])
    lost = sorted(_cell(corpus, cell) for cell in both if before[cell] and not after[cell])
    return new, lost


def _cell(corpus: Corpus, cell: tuple[int, ...]) -> CellName:
    place = {factor: corpus.names[factor][number] for factor, number in zip(_CELL[:-1], cell[:-1], strict=True)}
    return CellName(
        persona=place["persona"],
        variant=int(place["variant"]),
        question=place["question"],
        speaker=place["speaker"] or None,
        placement=place["placement"],
        model=place["model"],
        sample=cell[-1],
    )


def _model_changes(corpus: Corpus) -> list[ModelChange]:
    found = []
    for model in corpus.names["model"]:
        for field in ("model_returned", "system_fingerprint"):
            before, after = (sorted(corpus.returned.get((run, model, field), ())) for run in (0, 1))
            if before and after and before != after:
                found.append(ModelChange(model=model, field=field, before=before, after=after))
    return found
