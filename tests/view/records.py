"""Records that tests of views look at."""

from persona_batch.chat import Message, Params, Placement, Usage
from persona_batch.plan.cell import Cell, Endpoint
from persona_batch.plan.key import cell_key
from persona_batch.record import CheckResult, ErrorInfo, Record, Status, Timing

USAGE = Usage(22, 180, 202)
MESSAGES = (Message("system", "你是孙悟空"), Message("user", "你对取经怎么看？"))


def make_cell(
    persona: str = "wukong",
    question: str = "view",
    *,
    sample: int = 0,
    placement: Placement = "system",
    model: str = "qwen",
    messages: tuple[Message, ...] = MESSAGES,
) -> Cell:
    """Return a cell with a key of its own."""
    params: Params = {"temperature": 0.7}
    key = cell_key(
        messages=messages, model=f"{model}/{persona}/{question}", params=params, endpoint="test", sample=sample
    )
    return Cell(
        key=key,
        persona=persona,
        variant=0,
        question=question,
        speaker=None,
        sample=sample,
        placement=placement,
        endpoint=Endpoint("test", "test"),
        model=model,
        params=params,
        messages=messages,
    )


def make_record(
    cell: Cell | None = None,
    reply: str = "俺老孙来也！",
    *,
    status: Status = "ok",
    error: ErrorInfo | None = None,
    checks: tuple[CheckResult, ...] = (),
    usage: Usage | None = USAGE,
    ttft_ms: float | None = 412.0,
    reasoning: str | None = None,
    attempts: int = 1,
) -> Record:
    """Return the record of a cell."""
    cell = cell or make_cell()
    return Record(
        key=cell.key,
        run_id="20261122T065600Z-wukong",
        persona=cell.persona,
        question=cell.question,
        sample=cell.sample,
        placement=cell.placement,
        provider="test",
        model=cell.model,
        params=cell.params,
        messages=list(cell.messages),
        reply="" if status == "error" else reply,
        reasoning=reasoning,
        status=status,
        error=error,
        usage=usage,
        timing=Timing("2026-11-22T06:56:00.123Z", ttft_ms, 2210.5, 180),
        checks=list(checks),
        attempts=attempts,
    )
