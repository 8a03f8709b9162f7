"""Declared checks on a reply (`contains`, `language`, …): what they are and how they are evaluated; pure."""

from persona_batch.checks.check import Check, CheckKind
from persona_batch.checks.evaluate import evaluate, fault_of

__all__ = ["Check", "CheckKind", "evaluate", "fault_of"]
