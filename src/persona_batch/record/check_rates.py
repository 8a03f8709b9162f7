"""How often the checks of a run passed, by persona and check, and why they failed; in bounded memory."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from persona_batch.record.record import Record

_MOST_REASONS = 100  # kept apart by check; the rest is counted together
OTHERS = "…"


class CheckRate(msgspec.Struct, kw_only=True):
    """The outcomes of one check on the replies of one persona.

    `reasons` are the commonest of those that failed, each with its count.
    """

    persona: str
    check: str
    expected: Any = None
    passed: int = 0
    total: int = 0
    reasons: dict[str, int] = msgspec.field(default_factory=dict)


@dataclass(slots=True)
class CheckRates:
    """Counts record by record."""

    records: int = 0
    passed: int = 0
    total: int = 0
    _rates: dict[tuple[str, str], CheckRate] = field(default_factory=dict)
    _reasons: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Count the checks of one record."""
        self.records += 1
        for result in record.results:
            name = (record.persona, result.label)
            rate = self._rates.get(name)
            if rate is None:
                rate = CheckRate(persona=record.persona, check=result.check, expected=result.expected)
                self._rates[name], self._reasons[name] = rate, Counter()
            rate.total += 1
            rate.passed += result.passed
            self.total += 1
            self.passed += result.passed
            if not result.passed:
                reasons, reason = self._reasons[name], result.reason or OTHERS
                reasons[reason if reason in reasons or len(reasons) < _MOST_REASONS else OTHERS] += 1

    @property
    def share(self) -> float | None:
        """Passed over total; None without checks."""
        return self.passed / self.total if self.total else None

    def rows(self, reasons: int = 3) -> list[tuple[str, CheckRate]]:
        """Return each check's label and outcomes, in the order in which they were first seen, a persona's together."""
        order = {persona: place for place, persona in enumerate(dict.fromkeys(name for name, _ in self._rates))}
        found = []
        for (persona, label), rate in sorted(self._rates.items(), key=lambda entry: order[entry[0][0]]):
            rate.reasons = dict(self._reasons[persona, label].most_common(reasons))
            found.append((label, rate))
        return found
