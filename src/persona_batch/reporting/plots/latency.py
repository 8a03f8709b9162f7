"""Latency: how long the first token and the whole reply took."""

from persona_batch.reporting.data import Plot, Told
from persona_batch.reporting.distributions import Measured, distributions
from persona_batch.reporting.drawing import number
from persona_batch.reporting.facts import Facts

_SECOND = 1_000.0  # milliseconds


def plot_of(facts: Facts) -> Plot | None:
    """Return the times by condition; None: nothing was timed."""
    return distributions(
        facts,
        "latency",
        Told("Latency", "延迟"),
        [
            Measured("ttft", Told("first token, s", "首个 token，秒"), form=_seconds, log=True, unit=_SECOND),
            Measured("latency", Told("whole reply, s", "整条回答，秒"), form=_seconds, log=True, unit=_SECOND),
        ],
        Told(
            "Conditions were asked interleaved, so a slow hour meets all alike; a longer reply takes longer.",
            "各条件是交错提问的，服务变慢时影响相同；回答越长，用时越久。",
        ),
    )


def _seconds(value: float) -> str:
    return number(value, 2)
