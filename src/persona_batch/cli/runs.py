"""`batch runs`: what was run, how far it came, and how it ended."""

import os
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import typer

from persona_batch.cli.options import Json, Out
from persona_batch.errors import UsageError
from persona_batch.view.terminal import tell
from persona_batch.wording import local_minute, token_pair, token_sum

if TYPE_CHECKING:
    from persona_batch.pricing.bill import Cost
    from persona_batch.record.rundir import RunDir


class RunRow(msgspec.Struct):
    """One run as `batch runs --json` prints it.

    `cells`: how many were asked for so far (None: not known yet), `batch_cells`: of the whole batch, which is more
    where filters or a `shard` narrowed what was asked; `done`: records on disk, `counts` by status;
    `submitted`: cells in batch files whose results are not fetched yet; `tokens` as reported, of prompts and replies
    together and apart (None: not reported); `cost`: what the records cost (None: nobody is paid); `state` as in
    run.json, or `killed` when its process is gone.
    """

    run_id: str
    path: str
    batch_id: str
    started_at: str
    ended_at: str | None
    state: str
    exit_code: int | None
    cells: int | None
    batch_cells: int | None
    shard: str | None
    done: int
    counts: dict[str, int]
    submitted: int
    tokens: int | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cost: "Cost | None"


def runs(ctx: typer.Context, out: Out = "runs", as_json: Json = False) -> None:
    """List the runs, oldest first: which, when, its batch, cells done, failed, tokens, state; then the scheduled jobs.

    Examples:
        batch runs
        batch runs --out nightly --json
    """
    if ctx.invoked_subcommand is not None:
        return
    rows = _rows(Path(out))
    if as_json:
        from persona_batch.pricing.bill import encode

        typer.echo(encode(rows))
    elif not rows:
        tell(f"no runs in {out} yet; `batch run FILE` makes one")
    else:
        _print_table(rows)
    if not as_json:
        _print_jobs(Path(out))


def _print_jobs(out: Path) -> None:
    from persona_batch.schedule.overview import jobs_of
    from persona_batch.schedule.state import StateFolder

    rows = jobs_of(out.resolve(), StateFolder.of(os.environ), datetime.now())
    if rows:
        from persona_batch.cli.schedule import print_jobs

        for row in rows:
            typer.echo()
            print_jobs([row], "job ")


def _rows(out: Path) -> list[RunRow]:
    from persona_batch.record.rundir import list_runs

    rows = []
    for run in list_runs(out):
        try:
            rows.append(_row(run))
        except UsageError as error:  # one damaged folder must not hide the others
            tell(str(error))
    return rows


def _row(run: "RunDir") -> RunRow:
    from persona_batch.record.manifest import TokenSums, read_manifest
    from persona_batch.record.reader import cost_of, scan
    from persona_batch.record.submissions import submitted

    manifest = read_manifest(run.manifest)
    counts, tokens, state = manifest.counts, manifest.tokens, str(manifest.state)
    if state == "running":  # the manifest is sealed at the end: until then the records tell
        seen = scan(run.records)
        counts = {str(status): count for status, count in seen.counts.items()}
        tokens = TokenSums(seen.prompt_tokens or None, seen.completion_tokens or None, seen.total_tokens or None)
        state = "running" if run.held() else "killed"
    return RunRow(
        run_id=run.id,
        path=str(run.path),
        batch_id=manifest.batch_id,
        started_at=manifest.started_at,
        ended_at=manifest.ended_at,
        state=state,
        exit_code=manifest.exit_code,
        cells=manifest.cells,
        batch_cells=manifest.batch_cells,
        shard=manifest.shard,
        done=sum(counts.values()),
        counts=counts,
        submitted=submitted(run.submissions),
        tokens=tokens.total,
        prompt_tokens=tokens.prompt,
        completion_tokens=tokens.completion,
        cost=cost_of(run.records, manifest),
    )


def _print_table(rows: list[RunRow]) -> None:
    from persona_batch.pricing.bill import together
    from persona_batch.pricing.money import cell
    from persona_batch.view.closing import with_cost
    from persona_batch.view.tables import Column, table
    from persona_batch.view.transcript import page_for

    page = page_for(sys.stdout)
    paid = any(row.cost is not None and row.cost.priced for row in rows)
    numbers = [Column(name, "right") for name in ("done", "failed", "tokens", *(["cost"] if paid else []))]
    columns = [Column("run"), Column("when"), Column("batch", shrinks=True), *numbers, Column("state")]
    stamps = Counter(row.run_id.partition("-")[0] for row in rows)
    cells = [
        [
            _short_name(row.run_id, stamps),
            local_minute(row.started_at),
            row.batch_id,
            f"{row.done:,}/{row.cells:,}" if row.cells is not None else f"{row.done:,}",
            f"{row.counts.get('error', 0):,}",
            token_pair(row.prompt_tokens, row.completion_tokens),
            *([cell(row.cost)] if paid else []),
            _state(row),
        ]
        for row in rows
    ]
    costs = [row.cost for row in rows if row.cost is not None]
    prompt, reply = (sum(getattr(row, f"{what}_tokens") or 0 for row in rows) for what in ("prompt", "completion"))
    if len(rows) > 1:
        done, failed = sum(row.done for row in rows), sum(row.counts.get("error", 0) for row in rows)
        sums = [f"{done:,}", f"{failed:,}", token_pair(prompt, reply), *([cell(together(costs))] if paid else [])]
        cells.append([f"{len(rows):,} runs", "", "", *sums, ""])
    sys.stdout.write(table(columns, cells, page.palette, page.width))
    spent = with_cost(token_sum(prompt or None, reply or None), together(costs) if costs else None, page.width)
    sys.stdout.write(page.palette.dim(spent) + "\n")


def _state(row: RunRow) -> str:
    """Return the state, what is awaited of batch files, and of what a run is only a part."""
    state = f"{row.state}, {row.submitted:,} submitted" if row.submitted else row.state
    if row.shard is not None:
        return f"{state}, shard {row.shard}"
    partial = row.cells is not None and row.batch_cells is not None and row.cells < row.batch_cells
    return f"{state}, part of {row.batch_cells:,}" if partial else state


def _short_name(run_id: str, stamps: Counter[str]) -> str:
    """Return the beginning that names the run alone: its time, else the whole id."""
    stamp = run_id.partition("-")[0]
    return stamp if stamps[stamp] == 1 else run_id
