"""records.jsonl, and the files beside it that hold records too, as journals."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from persona_batch.chat import Usage
from persona_batch.plan.key import KeySet
from persona_batch.pricing.bill import Bill, Cost
from persona_batch.pricing.price import PriceList
from persona_batch.record.journal import Journal
from persona_batch.record.manifest import Manifest
from persona_batch.record.record import ProbeRecord, Record, Spent, Status, TurnRecord, usages
from persona_batch.record.spending import SpendingHead, bill_of


class Scan(NamedTuple):
    """What resuming needs to know of a records file.

    `counts` are records by status; tokens are sums of what was reported (0: nothing was).
    """

    keys: KeySet
    counts: Counter[Status]
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class _Head(msgspec.Struct):
    key: str
    persona: str  # not used; but what no reader of the run could read should be found before anything is asked
    question: str
    status: Status
    usage: Usage | None = None
    turns: list[Spent] | None = None
    probes: list[Spent] | None = None


class _SpendingHead(SpendingHead, frozen=True, kw_only=True):
    key: str


def journal_at(path: Path) -> Journal[Record]:
    """Return a file of records as a journal; a record is the same under new names, with checks judged anew."""
    again = "its cell is asked again when the run is resumed"
    return Journal(path, Record, noun="record", again=again, said=_answered)


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of a file, in the order they finished.

    Raises:
        UsageError: the file cannot be read, or a line that is not the torn last one is no record.
    """
    return journal_at(path).read()


def scan(path: Path) -> Scan:
    """Return the finished keys and the sums of a file; a missing file is an empty one.

    Raises:
        UsageError: as for `read_records`; also a key that occurs twice.
    """
    keys = KeySet()
    counts: Counter[Status] = Counter()
    prompt = completion = total = 0
    for head in journal_at(path).scan(_Head, keys):
        counts[head.status] += 1
        for usage in usages(head):
            prompt += usage.prompt_tokens or 0
            completion += usage.completion_tokens or 0
            total += usage.together or 0
    return Scan(keys, counts, prompt, completion, total)


def billed(path: Path, prices: Sequence[PriceList]) -> Bill:
    """Return what the records of a file cost, all that are there; a missing file cost nothing.

    Raises:
        UsageError: as for `read_records`.
    """
    bill = Bill()
    if prices:
        for head in journal_at(path).scan(_SpendingHead):
            bill += bill_of(head, prices)
    return bill


def cost_of(records: Path, manifest: Manifest) -> Cost | None:
    """Return what a run cost so far; None: nobody is paid, or it is of a time before prices were written down.

    Raises:
        UsageError: as for `read_records`.
    """
    if manifest.state == "running" and manifest.prices:  # it is sealed at the end: until then the records tell
        return whole_cost(billed(records, manifest.prices), manifest)
    return manifest.cost


def whole_cost(bill: Bill, manifest: Manifest) -> Cost | None:
    """Return what a run cost by the bill of its records, with the requests that are in none; None: nobody is paid."""
    lost = Bill(unknown=sum(session.lost for session in manifest.sessions))
    return (bill + lost).cost() if manifest.prices else None


def _answered(record: Record) -> object:
    """Return what the endpoint answered, and when."""
    answered = (record.status, record.reply, record.reasoning, record.timing, record.error, record.attempts)
    return answered if record.turns is None else (*answered, [_unjudged(part) for part in _parts(record)])


def _parts(record: Record) -> list[TurnRecord | ProbeRecord]:
    return [*(record.turns or ()), *(record.probes or ())]


def _unjudged(part: TurnRecord | ProbeRecord) -> TurnRecord | ProbeRecord:
    return replace(part, checks=[])
