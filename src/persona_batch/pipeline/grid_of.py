"""The grid of a call: what the files, the endpoint and the command line amount to."""

from collections.abc import Sequence

from persona_batch.chat import Params
from persona_batch.config.batch import Batch
from persona_batch.pipeline.options import RunOptions
from persona_batch.plan.grid import Grid
from persona_batch.provider.target import Target


def grid_of(batch: Batch, target: Target, models: Sequence[str], options: RunOptions) -> Grid:
    """Return the cells of a call.

    Raises:
        UsageError: a glob that matches nothing, or one question id with two texts.
    """
    return Grid(
        batch,
        endpoint=target.endpoint,
        models=models,
        provider_params=_provider_params(batch, target),
        cli_params=options.overrides.params,
        personas=options.persona_globs,
        questions=options.question_globs,
        limit=options.limit,
        developer_role="developer" if target.preset.developer_role else "system",
    )


def _provider_params(batch: Batch, target: Target) -> Params:
    # `extra_body` changes what the model does (Qwen's enable_thinking), so it is part of what was asked.
    extra = {"extra_body": dict(batch.run.extra_body)} if batch.run.extra_body else {}
    return {**target.preset.params, **extra}
