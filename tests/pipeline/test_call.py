"""A call is prepared once; what bounds it is plain values."""

import pickle

from persona_batch.asking.limits import RetryPolicy, RunLimits
from persona_batch.config.load import Overrides
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
