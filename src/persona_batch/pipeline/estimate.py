"""How many tokens and how much money cells will take, judging by an earlier run of the same batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from math import sqrt
from pathlib import Path
from statistics import fmean, variance

import msgspec

from persona_batch.chat import Usage
from persona_batch.pricing.bill import Cost, plain
from persona_batch.pricing.price import Price, PriceList
from persona_batch.record import Record
from persona_batch.record.manifest import read_manifest
from persona_batch.record.reader import read_records
from persona_batch.record.rundir import RunDir, list_runs
from persona_batch.record.spending import bill_of

_SAMPLE = 2000  # records that an estimate is made from
_DIGITS = 3  # significant ones of an estimate in money
_Z = 1.959964  # the normal distribution's 97.5 % point


class Estimate(msgspec.Struct):
    """Tokens expected, from the mean of an earlier run's replies; `source` is that run's id."""

    prompt_tokens: int
    completion_tokens: int
    source: str


class CostRange(msgspec.Struct):
    """Money expected; with a probability of 95 % it is between `low` and `high`, if replies vary as they did.

    None: from a single reply nobody knows how they vary.
    """

    currency: str
    amount: Decimal
    low: Decimal | None
    high: Decimal | None


class CostEstimate(msgspec.Struct):
    """What cells will cost: a range for each currency; none of them: it is unknown, unless all is `free`.

    `unpriced` are models whose price nobody knows: the ranges are without them. `at_most`: the earlier run's cost is
    known as the most it can have been. `source` is that run's id.
    """

    ranges: list[CostRange]
    unpriced: list[str]
    free: bool
    at_most: bool
    source: str | None


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """Records of a run, of which the endpoint counted the tokens; none: there is no such run."""

    source: str | None
    records: Sequence[Record]

    def tokens(self, cells: int) -> Estimate | None:
        """Return the tokens of so many cells."""
        if self.source is None:
            return None
        usages = [list(record.usages) for record in self.records]
        prompts = [sum(usage.prompt_tokens or 0 for usage in of_cell) for of_cell in usages]
        completions = [sum(usage.completion_tokens or 0 for usage in of_cell) for of_cell in usages]
        return Estimate(round(cells * fmean(prompts)), round(cells * fmean(completions)), self.source)

    def cost(self, cells: int, prices: Mapping[str, Price | None]) -> CostEstimate | None:
        """Return what so many cells will cost, as many at each model; None: nobody is paid."""
        if not prices:
            return None
        known = {model: price for model, price in prices.items() if price is not None}
        unpriced = [model for model in prices if model not in known]
        free = not unpriced and all(price.free for price in known.values())
        at_most = False
        shares: dict[str, list[tuple[float, list[float]]]] = {}
        for model, price in known.items():
            bills = self._bills(model, price, prices)
            if bills and not price.free:
                costs = [float(bill.amounts.get(price.currency, 0)) for bill in bills]
                shares.setdefault(price.currency, []).append((cells / len(prices), costs))
                at_most |= any(bill.at_most for bill in bills)
        ranges = [_range(currency, shares[currency]) for currency in sorted(shares)]
        return CostEstimate(ranges, unpriced, free, at_most, self.source)

    def _bills(self, model: str, price: Price, prices: Mapping[str, Price | None]) -> list[Cost]:
        """Return what each cell would have cost at a model, by the replies of that model, if it was asked."""
        its_own = [record for record in self.records if record.model == model] or self.records
        bills = [bill_of(record, [PriceList("", {**prices, record.model: price})]).cost() for record in its_own]
        return [bill for bill in bills if bill.priced]


def earlier_run(out: Path, batch_id: str, endpoint: str, resumed: RunDir | None = None) -> EarlierRun:
    """Return the newest run of a batch at an endpoint, of whose records some have counts of tokens.

    The run that is `resumed` is asked first: nobody knows the rest of it as well as its own records.
    """
    for run in (*([] if resumed is None else [resumed]), *reversed(list_runs(out))):
        if run is not resumed:
            manifest = read_manifest(run.manifest)
            if manifest.batch_id != batch_id or manifest.endpoint != endpoint:
                continue
        if records := _counted(run.records):
            return EarlierRun(run.id, records)
    return EarlierRun(None, ())


def usual_reply(records: Path) -> float | None:
    """Return how many tokens the replies of a file of records have, as a mean; None: nobody counted them."""
    usages = (usage for record in _counted(records) for usage in record.usages)
    counts = [usage.completion_tokens for usage in usages if usage.completion_tokens is not None]
    return fmean(counts) if counts else None


def _counted(path: Path) -> list[Record]:
    """Return records of a file of which the endpoint counted the tokens, out of the first 2,000."""
    if not path.exists():
        return []
    return [record for record in islice(read_records(path), _SAMPLE) if _knows(list(record.usages))]


def _knows(usages: Sequence[Usage]) -> bool:
    """Whether the endpoint said what a cell cost."""
    return any(usage.prompt_tokens is not None for usage in usages) and any(
        usage.completion_tokens is not None for usage in usages
    )


def _range(currency: str, shares: Sequence[tuple[float, list[float]]]) -> CostRange:
    """Return the prediction interval of a sum of cells: they vary, and so does the mean that is known of them."""
    amount = sum(cells * fmean(costs) for cells, costs in shares)
    if any(len(costs) < 2 for _, costs in shares):
        return CostRange(currency, _money(amount), None, None)
    spread = sqrt(sum(variance(costs) * cells * (1 + cells / len(costs)) for cells, costs in shares))
    reach = _t(min(len(costs) for _, costs in shares) - 1) * spread
    return CostRange(currency, _money(amount), _money(max(0.0, amount - reach)), _money(amount + reach))


def _t(freedom: int) -> float:
    """Return the 97.5 % point of Student's distribution (Cornish and Fisher's expansion)."""
    z = _Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / float(freedom) ** (place + 1) for place, term in enumerate(terms))


def _money(amount: float) -> Decimal:
    return plain(Decimal(f"{amount:.{_DIGITS - 1}e}"))
