"""Dialogues as records carry them: the turns, and the probes asked on a fork after each.

`Record.turns` is a list of `{"user": …, "reply": …}`; `Record.probes` a list of `{"turn": 2, "reply": …,
"checks": [{"check": …, "passed": …}], "score": …}`, where `turn` counts from 1 and `score` (0 to 1), if absent,
is the share of passed checks.
"""

from typing import Any

import msgspec
import numpy as np

from persona_batch.record import CheckResult


class Turn(msgspec.Struct, frozen=True):
    """One exchange of a dialogue."""

    user: str
    reply: str


class Probe(msgspec.Struct, frozen=True):
    """What was answered to the probe after turn `turn`; it never entered the history."""

    turn: int
    reply: str
    checks: list[CheckResult] = msgspec.field(default_factory=list)
    score: float | None = None

    def value(self) -> float | None:
        """Return the score: as given, else the share of passed checks, else None."""
        if self.score is not None:
            return self.score
        if self.checks:
            return sum(check.passed for check in self.checks) / len(self.checks)
        return None


def probe_slope(probes: list[Any] | None) -> float:
    """Return the least-squares slope of the probe score per turn; NaN with fewer than two scored turns."""
    if not probes:
        return float("nan")
    known = msgspec.convert(probes, list[Probe])
    scored = [(probe.turn, value) for probe in known if (value := probe.value()) is not None]
    turns = np.array([turn for turn, _ in scored], dtype=np.float64)
    values = np.array([value for _, value in scored], dtype=np.float64)
    if len(scored) < 2 or np.ptp(turns) == 0:
        return float("nan")
    centred = turns - turns.mean()
    return float(centred @ values / (centred @ centred))
