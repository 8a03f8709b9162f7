"""`batch run --dry-run`: the size of a run in numbers, and its first messages."""

import sys
from collections.abc import Iterator
from itertools import islice

from persona_batch.pipeline.estimate import CostEstimate, CostRange
from persona_batch.pipeline.options import RunOptions
from persona_batch.pipeline.preview import EXAMPLES, Preview, preview
from persona_batch.pricing.bill import encode
from persona_batch.pricing.money import money, price_words
from persona_batch.view.closing import MOST
from persona_batch.view.tables import Column, table
from persona_batch.view.terminal import one_line, prose, tell
from persona_batch.view.transcript import Page, conversation_lines, messages_block, page_for, title_of
from persona_batch.wording import counted, listed, token_sum


def show_preview(options: RunOptions, *, as_json: bool) -> None:
    """Print what the call would do; with `as_json` as one JSON document.

    Raises:
        UsageError, ConfigError: what would stop the run itself.
    """
    found = preview(options)
    if as_json:
        sys.stdout.write(encode(found).decode() + "\n")
        return
    for warning in found.warnings:
        tell(warning)
    page = page_for(sys.stdout)
    sys.stdout.write(_numbers(found, page))
    for cell in found.first:
        sys.stdout.write("\n" + messages_block(cell.messages, page, title_of(cell)))
        for line in conversation_lines(cell, page):
            sys.stdout.write(line)
    hidden = found.persona_count - len(found.first)
    if len(found.first) == EXAMPLES and hidden:
        sys.stdout.write(f"… and {hidden:,} more personas and controls\n")


def _cost(found: Preview) -> Iterator[str]:
    """Yield what it would cost, and by which prices; nothing where nobody is paid."""
    cost = found.cost
    if cost is None:
        return
    if cost.unpriced:
        unpriced = listed(cost.unpriced)
        yield f"cost of {unpriced}: unknown, nobody knows the price at {found.endpoint}; `price:` in the file says it"
    if cost.free:
        yield "cost: free"
    elif cost.ranges:
        way = "" if found.batch is None else ", streamed"
        yield f"cost{way}: {_about(cost)}, judging by {cost.source}"
    elif len(cost.unpriced) < len(found.prices):
        yield "cost: unknown, there is no earlier run to estimate it from"
    for price in dict.fromkeys(price for price in found.prices.values() if price is not None and not price.free):
        models = [model for model, its_own in found.prices.items() if its_own == price]
        yield f"{listed(models)}: {price_words(price)}, says {price.source}"


def _about(cost: CostEstimate) -> str:
    about = "at least about" if cost.unpriced else "at most about" if cost.at_most else "about"
    return f"{about} {' + '.join(map(_range, cost.ranges))}"


def _in_batches(found: Preview) -> Iterator[str]:
    """Yield what the same would be in batch files, where the endpoint has them."""
    held = found.batch
    if held is None:
        return
    size = f"{counted(held.lines, 'request')} in about {counted(held.files, 'file')}"
    if held.cost is not None and held.cost.ranges:
        yield f"in batch files (--engine batch): {_about(held.cost)}, {size}"
    elif held.share is None or held.share == 1:
        yield f"in batch files (--engine batch): {size}"
    else:
        yield f"in batch files (--engine batch): {held.share:.0%} of the price, {size}"


def _range(said: CostRange) -> str:
    amount = money(said.amount, said.currency)
    if said.low is None or said.high is None or said.low == said.high:
        return amount
    return f"{amount} ({money(said.low, said.currency)} to {money(said.high, said.currency)})"


def _numbers(found: Preview, page: Page) -> str:
    lines = [
        f"{counted(found.requests, 'request')} to {found.endpoint} ({', '.join(found.models)})",
        ", ".join(
            (
                f"{found.persona_count:,} personas and controls" if found.persona_count != 1 else "1 persona",
                counted(found.questions, "question"),
                counted(found.samples, "sample"),
            )
        ),
    ]
    if found.shard is not None:
        lines.append(f"shard {found.shard} of the batch: {counted(found.cells, 'cell')}")
    lines += [f"{name}: {listed(levels, 12)}" for name, levels in found.factors.items()]
    if found.resumes is not None:
        done = found.cells - found.left - found.submitted
        lines.append(f"resumes {found.resumes}: {done:,} of {counted(found.cells, 'cell')} are done")
    if found.submitted:
        lines.append(f"{counted(found.submitted, 'cell')} submitted in batch files, whose results are not here yet")
    if found.changed:
        lines.append(f"the batch is not as it was: {listed(found.changed)} changed")
    if found.set_aside:
        lines.append(
            f"{counted(found.set_aside, 'record')} of it will be set aside: the batch has no cell for them now"
        )
    if found.returned:
        lines.append(f"{counted(found.returned, 'record')} set aside before will come back")
    if found.estimate is None:
        lines.append("tokens: no earlier run to estimate them from")
    else:
        tokens = token_sum(found.estimate.prompt_tokens, found.estimate.completion_tokens)
        lines.append(f"about {tokens}, judging by {found.estimate.source}")
    lines += [*_cost(found), *_in_batches(found)]
    if found.days is not None:
        lines.append(f"{counted(found.days, 'day')} at {found.per_day:,} requests a day")
    folded = [line for sentence in lines for line in prose(one_line(sentence), page.width)]
    rows = [[persona, f"{cells:,}"] for persona, cells in islice(found.personas.items(), MOST)]
    if len(found.personas) > len(rows):
        rows.append([f"… and {len(found.personas) - len(rows):,} more", ""])
    cells = table((Column("persona", shrinks=True), Column("cells", "right")), rows, page.palette, page.width)
    return "\n".join(folded) + "\n\n" + cells + "\nNothing was sent.\n"
