import sys

import pytest

from persona_batch.engine.ray.cluster import Cluster
from persona_batch.errors import UsageError


def test_without_ray_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"^--engine ray needs Ray: pip install 'persona-batch\[ray\]'"):
        Cluster()
