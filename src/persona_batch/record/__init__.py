"""Facts on disk: records, their file, the run folder and its manifest."""

from persona_batch.record.record import CheckResult, ErrorInfo, Record, Status, Timing

__all__ = ["CheckResult", "ErrorInfo", "Record", "Status", "Timing"]
