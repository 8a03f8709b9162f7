"""A call is prepared once; what bounds it is plain values."""

import pickle
import re

import pytest

from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.config.load import Overrides
from persona_batch.errors import UsageError
from persona_batch.pipeline.call import prepare_run
from persona_batch.pipeline.options import RunOptions
from persona_batch.provider.contract import Timeouts
from pipeline.workshop import WUKONG, Workshop


def test_the_bounds_of_a_call_can_be_handed_to_another_process(workshop: Workshop) -> None:
    given = Overrides(provider="scripted", concurrency=5, rpm=60, per_day=9, timeout=30.0, retries=2)
    file = workshop.write("wukong.yaml", WUKONG)
    call = prepare_run(RunOptions(files=(file,), overrides=given, max_requests=7, time_limit=1.5))
    assert pickle.loads(pickle.dumps((call.limits, call.policy, call.timeouts))) == (
        RunLimits(concurrency=5, rpm=60, per_day=9, max_requests=7, time_limit=1.5, adaptive=False),
        RetryPolicy(retries=2),
        Timeouts(connect=10.0, first_token=30.0, gap=30.0, total=30.0),
    )


@pytest.mark.parametrize(("option", "given"), [("wait", 60.0), ("window", "24h")])
def test_results_are_waited_for_with_batch_files_only(workshop: Workshop, option: str, given: object) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    with pytest.raises(UsageError, match=f"--{option} is for results of batch files: add --engine batch"):
        prepare_run(RunOptions(files=(file,), **{option: given}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("provider", "window", "said"),
    [
        ("openai", "48h", "--window 48h: openai takes 24h"),
        ("moonshot", "8d", "--window 8d: moonshot takes 12h to 168h"),
        ("zhipu", "24h", "--window 24h: zhipu takes none; leave it away"),
        ("siliconflow", "soon", "--window soon: expected hours or days, as 24h or 7d"),
        ("siliconflow", "90m", "--window 90m: expected hours or days, as 24h or 7d"),
    ],
)
def test_a_window_that_the_endpoint_does_not_have_is_refused(
    workshop: Workshop, provider: str, window: str, said: str
) -> None:
    file, given = workshop.write("wukong.yaml", WUKONG), Overrides(provider=provider)
    with pytest.raises(UsageError, match=re.escape(said)):
        prepare_run(RunOptions(files=(file,), overrides=given, engine="batch", window=window), need_key=False)


@pytest.mark.parametrize(("provider", "window"), [("moonshot", "7d"), ("siliconflow", "24h"), ("openai", "1d")])
def test_a_window_is_kept_as_it_was_written(workshop: Workshop, provider: str, window: str) -> None:
    file, given = workshop.write("wukong.yaml", WUKONG), Overrides(provider=provider)
    asked = RunOptions(files=(file,), overrides=given, engine="batch", window=window)
    assert prepare_run(asked, need_key=False).options.window == window
