from pathlib import Path

import pytest

from faults.memory import measure_size


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_memory_is_flat_in_the_size_of_the_grid() -> None:
    small = measure_size(1_000)
    large = measure_size(20_000)
    for before, after in zip(small, large, strict=True):
        assert after.megabytes < before.megabytes * 1.1
