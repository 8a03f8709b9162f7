"""The endpoint of a run that was made: how it is reached once more."""

from dataclasses import replace

import msgspec

from persona_batch.config.batch import RunSettings
from persona_batch.config.problems import Problems
from persona_batch.config.settings import Overrides, settings
from persona_batch.errors import UsageError
from persona_batch.provider.presets import PRESETS
from persona_batch.record.manifest import Manifest


def settings_for_judging(overrides: Overrides, manifest: Manifest) -> RunSettings:
    """Return the settings of a judge: of the endpoint that the command line names, else of the run's own.

    Raises:
        UsageError: none is named and the run has none, or an option is wrong.
    """
    held = None
    if overrides.provider is None and overrides.base_url is None:
        if manifest.imported is not None:
            raise UsageError(
                f"the run was imported from results of {manifest.imported}, and names no endpoint: say where the judge "
                "lives by --provider or --base-url"
            )
        held = _named(manifest)
        if held is None and manifest.provider in PRESETS:
            overrides = replace(overrides, provider=manifest.provider)
        elif held is None:
            overrides = replace(overrides, base_url=manifest.endpoint)
    problems = Problems()
    found = settings((), overrides, problems)
    problems.raise_if_any()
    if held is None:
        return found
    return replace(
        found,
        provider=held.provider,
        endpoint_id=held.endpoint_id,
        base_url=held.base_url,
        base_urls=held.base_urls,
    )


def _named(manifest: Manifest) -> RunSettings | None:
    """Return how a run reached its endpoint, where that has an id of its own; None: it has none."""
    run = manifest.config.get("run", {})
    if not isinstance(run, dict) or run.get("endpoint_id") != manifest.endpoint:
        return None
    return msgspec.convert(run, RunSettings)
