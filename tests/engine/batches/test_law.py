"""Whatever an endpoint makes of batches: in the end every key has one record; none with a good result goes twice."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.batches.handling import bench
from servers.batch_plan import Fate, Plan, Trouble

_CELLS = 5
_lines = st.lists(st.integers(0, _CELLS - 1), max_size=3)
_fates = st.builds(
    Fate,
    phase=st.sampled_from(["completed", "completed", "expired", "failed", "cancelled"]),
    failing=st.dictionaries(st.integers(0, _CELLS - 1), st.sampled_from([400, 429, 500]), max_size=3),
    every=st.sampled_from([None, None, None, 429, 400]),
    expiring=_lines,
    missing=_lines,
    doubled=_lines,
    torn=_lines,
    strangers=st.integers(0, 2),
    seed=st.none() | st.integers(0, 9),
    one_file=st.booleans(),
)
_troubles = st.sampled_from(
    [Trouble(), Trouble(), Trouble(status=429), Trouble(status=503), Trouble(lost=True), Trouble(unmade=True)]
)
_plans = st.builds(
    Plan,
    looks=st.integers(0, 2),
    fates=st.lists(_fates, max_size=4),
    troubles=st.dictionaries(
        st.sampled_from(["upload", "create", "state", "list", "download"]), st.lists(_troubles, max_size=4), max_size=3
    ),
    metadata=st.booleans(),
    idempotent=st.booleans(),
    page=st.integers(1, 3),
)


@settings(max_examples=25, deadline=None)
@given(plan=_plans, lines=st.integers(1, _CELLS))
def test_every_key_is_recorded_once_and_none_with_a_good_result_goes_twice(plan: Plan, lines: int) -> None:
    with tempfile.TemporaryDirectory() as name, bench(Path(name), plan, cells=_CELLS, facts={"lines": lines}) as run:
        calls = 0
        while (called := run.call()).ended is not None:
            before = {key for key, record in run.records.items() if record.status == "ok"}
            handed = {key: run.server.times(key) for key in before}
            calls += 1
            assert calls < 40, called.said
            assert called.progress.left == _CELLS - len(run.records)
            assert all(run.server.times(key) == handed[key] for key in before)
        assert set(run.records) == {cell.key for cell in run.cells}
        assert all(one.step in ("collected", "refused", "abandoned") for one in run.submissions)
        for keys in run.server.submitted.values():
            assert len(set(keys)) == len(keys)
