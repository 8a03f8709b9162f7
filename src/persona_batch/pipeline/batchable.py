"""Whether what a call asks can be asked by batch files: said before anything is sent and any folder is made."""

from persona_batch.engine.engines import BATCH
from persona_batch.errors import UsageError
from persona_batch.pipeline.call import Call
from persona_batch.plan.grid import Grid
from persona_batch.provider.presets import PRESETS
from persona_batch.wording import listed

_ANY = ("model",)  # where the endpoint has yet to say which it has
_NAMED = 8  # endpoints in an error


def require_batchable(call: Call) -> None:
    """Refuse a call of the engine of batch files that these cannot serve; of any other engine pass.

    Raises:
        UsageError: the endpoint takes none, a cell is more than one request, or has a parameter that is refused there.
    """
    if call.options.engine != BATCH:
        return
    if len(call.target.base_urls) > 1:
        raise UsageError(
            f"--engine batch: {call.target.identity} is a pool, and batch files live on one server; name one by "
            "--base-url, or leave --engine away"
        )
    facts = call.target.preset.batch
    if facts is None:
        able = [name for name, preset in PRESETS.items() if preset.batch is not None]
        raise UsageError(
            f"--engine batch: {call.target.name} takes no batch files; leave --engine away, or ask one that does: "
            f"{listed(able, _NAMED)}, or any other by --base-url"
        )
    if facts.offline and not call.batch.run.models and call.options.resume is None:
        raise UsageError("--engine batch: no server is asked which model it has; name it by --model")
    grid = call.grid(call.batch.run.models or _ANY)
    if grid.converses:
        raise UsageError(_conversations(grid))
    extra = call.batch.run.extra_body or {}
    if refused := [name for name in facts.absent if name in grid.param_names() or name in extra]:
        raise UsageError(
            f"--engine batch: {call.target.identity} takes no {listed(refused)} in batch files, and what is asked has "
            "it; take it out (`params`, --param, --factor), or leave --engine away"
        )


def notes_of(call: Call) -> list[str]:
    """Return what of a call has no meaning for batch files."""
    given = call.batch.run.limits
    named = [name for name, value in (("--rpm", given.rpm), ("--tpm", given.tpm)) if value is not None]
    if call.options.engine != BATCH or not named:
        return []
    return [f"{' and '.join(named)}: batch files go up as a whole, so a limit by the minute has no meaning for them"]


def _conversations(grid: Grid) -> str:
    """Say which questions are more than one request."""
    talks = [one.id for one in grid.all_questions if one.talk is not None or len(one.turns) > 1 or one.probes]
    if talks:
        what = f"{listed(talks)} {'is a conversation' if len(talks) == 1 else 'are conversations'}"
    else:
        what = "probes are asked on forks of every reply"
    return (
        f"--engine batch: a batch file has single requests, and {what}; choose others by --question, or leave --engine "
        "away"
    )
