"""The checks of a record against those that its cell declares today."""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from persona_batch.checks import Check
from persona_batch.plan.cell import Cell
from persona_batch.record.record import CheckResult, ProbeRecord, Record, TurnRecord, judged


def rejudged(record: Record, cell: Cell) -> Record:
    """Return the record with the outcomes of the checks that its cell has today; what failed has none."""
    if record.turns is None:
        return (
            record if record.error is not None else replace(record, checks=_outcomes(record, cell.checks_of(1), cell))
        )
    turns = [_turn(turn, cell, number) for number, turn in enumerate(record.turns, start=1)]
    probes = [_probe(probe, cell) for probe in record.probes or ()]
    return replace(record, turns=turns, probes=probes, checks=turns[record.played - 1].checks)


def carries_todays_checks(record: Record, cell: Cell) -> bool:
    """Whether a record was judged by the checks that its cell has today, none of which goes by the question's answer.

    By the answer, which may be another now, a reply has to be judged anew.
    """
    return all(
        [(check.name, msgspec.to_builtins(check.expected)) for check in checks]
        == [(result.check, result.expected) for result in results]
        and not any(check.keyed for check in checks)
        for checks, results in _held(record, cell)
    )


def _held(record: Record, cell: Cell) -> Iterator[tuple[Sequence[Check], Sequence[CheckResult]]]:
    """Yield what each reply of a record is held to, and what it was held to; of what failed the last is none."""
    if record.turns is None:
        yield cell.checks_of(1), record.checks
    for number, turn in enumerate(record.turns or (), start=1):
        yield (() if _failed(turn) else cell.checks_of(number)), turn.checks
    for probe in record.probes or ():
        yield (() if _failed(probe) else cell.checks_of_probe(probe.after, probe.text)), probe.checks


def _turn(turn: TurnRecord, cell: Cell, number: int) -> TurnRecord:
    return turn if _failed(turn) else replace(turn, checks=_outcomes(turn, cell.checks_of(number), cell))


def _probe(probe: ProbeRecord, cell: Cell) -> ProbeRecord:
    if _failed(probe):
        return probe
    return replace(probe, checks=judged(cell.checks_of_probe(probe.after, probe.text), probe.reply))


def _outcomes(part: Record | TurnRecord, checks: Sequence[Check], cell: Cell) -> list[CheckResult]:
    return judged(checks, part.reply, answer=cell.answer)


def _failed(part: TurnRecord | ProbeRecord) -> bool:
    return part.error is not None or (isinstance(part, TurnRecord) and not part.user)
