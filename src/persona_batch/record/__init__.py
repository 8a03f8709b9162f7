"""Facts on disk: records, their file, the run folder and its manifest."""

from persona_batch.record.record import USABLE, CheckResult, ErrorInfo, Record, Status, Timing

__all__ = ["USABLE", "CheckResult", "ErrorInfo", "Record", "Status", "Timing"]
