"""What the fake batch endpoint says: the state of a batch in its dialect, and the lines of its results."""

import random
from datetime import UTC, datetime
from typing import Any

import msgspec

from servers import completion
from servers.act import Act
from servers.batch_plan import Fate, Made, Plan

_encode = msgspec.json.encode


def said(one: Made, plan: Plan, fate: Fate) -> dict[str, Any]:
    """Return a batch as the endpoint tells of it."""
    if plan.dialect == "together":
        return {
            "id": one.id,
            "user_id": "user-1",
            "input_file_id": one.file,
            "file_size_bytes": 1,
            "status": one.status.upper(),
            "job_deadline": _iso(one.at + 86_400),
            "created_at": _iso(one.at),
            "endpoint": one.endpoint,
            "progress": 100.0 if one.output else 0.0,
            "output_file_id": one.output or "",
            "error_file_id": one.errors or "",
            "error": "; ".join(fate.reasons) if one.status == "failed" else "",
        }
    errors = [{"code": "invalid", "message": words, "line": 1, "param": None} for words in fate.reasons]
    ended = one.output is not None or one.errors is not None
    counts = {"total": len(one.keys), "completed": len(one.keys) - one.failed if ended else 0, "failed": one.failed}
    return {
        "id": one.id,
        "object": "batch",
        "endpoint": one.endpoint,
        "input_file_id": one.file,
        "completion_window": one.window,
        "status": one.status,
        "output_file_id": one.output,
        "error_file_id": one.errors,
        "created_at": int(one.at * (1000 if plan.dialect == "zhipu" else 1)),
        "expires_at": int(one.at) + 86_400,
        "request_counts": None if plan.dialect == "siliconflow" and not ended else counts,
        "metadata": one.metadata if plan.metadata else None,
        "errors": {"object": "list", "data": errors} if one.status == "failed" and errors else None,
    }


def results(lines: list[dict[str, Any]], fate: Fate) -> tuple[list[bytes], list[bytes]]:
    """Return the lines of the output file and of the error file."""
    good: list[bytes] = []
    bad: list[bytes] = []
    for number, line in enumerate(lines):
        status = fate.failing.get(number, fate.every)
        if number in fate.missing:
            continue
        if number in fate.torn:
            good.append(b'{"custom_id": "' + line["custom_id"].encode() + b'", "resp\n')
        elif number in fate.expiring:
            error = {"code": "batch_expired", "message": "This request could not be executed before the batch expired."}
            bad.append(_line(number, line["custom_id"], None, error))
        elif status is not None:
            body = {"error": {"message": fate.words, "type": "error", "param": None, "code": fate.code}}
            response = {"status_code": status, "request_id": f"req-{number}", "body": body}
            bad.append(_line(number, line["custom_id"], response, None))
        else:
            good.append(_good(number, line, fate.replies.get(number)))
            if number in fate.doubled:
                good.append(_good(number, line, "said a second time"))
    good += [
        _good(number, {"custom_id": f"stranger-{number}", "body": {}}, "hello") for number in range(fate.strangers)
    ]
    if fate.seed is not None:
        random.Random(fate.seed).shuffle(good)
        random.Random(fate.seed).shuffle(bad)
    return good, bad


def _good(number: int, line: dict[str, Any], reply: str | None) -> bytes:
    body = msgspec.Raw(completion.whole(line["body"], Act(reply=reply)))
    response = {"status_code": 200, "request_id": f"req-{number}", "body": body}
    return _line(number, line["custom_id"], response, None)


def _line(number: int, key: str, response: dict[str, Any] | None, error: dict[str, Any] | None) -> bytes:
    return _encode({"id": f"batch_req_{number}", "custom_id": key, "response": response, "error": error}) + b"\n"


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
