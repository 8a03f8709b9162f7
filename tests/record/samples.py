"""Records for tests."""

import hashlib

from persona_batch.chat import Message, Usage
from persona_batch.record import ErrorInfo, Record, Status


def key_of(number: int) -> str:
    return hashlib.blake2b(str(number).encode(), digest_size=16).hexdigest()


def make_record(number: int, *, status: Status = "ok", reply: str = "俺老孙来也") -> Record:
    return Record(
        key=key_of(number),
        run_id="run",
        persona="wukong",
        question=f"q{number}",
        placement="system",
        provider="test",
        model="m",
        params={"temperature": 0.7},
        messages=[Message("system", "你是孙悟空"), Message("user", f"{number}？")],
        reply=reply if status != "error" else "",
        status=status,
        error=ErrorInfo("server", "500") if status == "error" else None,
        usage=Usage(20, 30, 50) if status != "error" else None,
    )
