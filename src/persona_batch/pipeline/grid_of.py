"""The grid of a call: what the files, the endpoint and the command line amount to."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from persona_batch.chat import Params
from persona_batch.config.batch import Batch
from persona_batch.errors import UsageError
from persona_batch.pipeline.options import RunOptions
from persona_batch.plan.arms import select
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


def require_checks(batch: Batch, options: RunOptions) -> None:
    """Refuse `--fail-under` where nothing that is chosen has a check: it would pass whatever the replies are.

    Raises:
        UsageError: no persona and no question has one.
    """
    if options.fail_under is None:
        return
    personas = select(batch.personas, options.persona_globs)
    lists = {id(persona.questions): persona.questions for persona in personas}
    globs = options.question_globs or ("*",)
    asked = [
        question
        for questions in lists.values()
        for question in questions
        if any(fnmatchcase(question.id, glob) for glob in globs)
    ]
    checked = any(persona.checks for persona in personas) or any(question.checks for question in asked)
    if asked and not checked:
        raise UsageError(
            "--fail-under: nothing that is asked has a check; add `checks: […]` to a persona or a question, "
            "or leave --fail-under away"
        )


def _provider_params(batch: Batch, target: Target) -> Params:
    # `extra_body` changes what the model does (Qwen's enable_thinking), so it is part of what was asked.
    extra = {"extra_body": dict(batch.run.extra_body)} if batch.run.extra_body else {}
    return {**target.preset.params, **extra}
