"""Declared checks on a reply (`contains`, `language`, …): what they are and how they are evaluated; pure."""

from persona_batch.checks.check import Check, CheckKind

__all__ = ["Check", "CheckKind"]
