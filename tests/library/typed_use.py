"""A program with types that uses the library; `mypy --strict` reads it with the other tests, and it is run by one."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

from persona_batch import (
    Comparison,
    Preview,
    Progress,
    Record,
    Reply,
    Run,
    Table,
    ask,
    ask_async,
    compare,
    dry_run,
    read_records,
    report,
    run,
    run_async,
    table,
)


def on_progress(progress: Progress) -> None:
    """Take a part in the run."""
    assert_type(progress.left, int)


async def within() -> None:
    """Use what is asynchronous."""
    assert_type(await run_async("personas.yaml", provider="scripted"), Run)
    assert_type(await ask_async({"a": "You are A."}, "Hi?", provider="scripted"), Reply)


def main() -> None:
    """Use all of it."""
    personas = {"a": "You are A.", "b": None, "c": ["You are C.", "Be C."], "d": {"system": "You are D."}}
    done = run(
        personas,
        ["Hi?", {"id": "q", "text": "Why?"}, Path("questions.yaml")],
        provider="scripted",
        model=["scripted"],
        placement=["system", "user"],
        params={"max_tokens": 16},
        factors={"temperature": [0.2, 1]},
        on_progress=on_progress,
    )
    assert_type(done, Run)
    assert_type(done.path, Path)
    assert_type(done.records(), Iterator[Record])
    assert_type(done.table(), Table)
    assert_type(dry_run([Path("personas.yaml"), personas], "Hi?", provider="scripted"), Preview)
    assert_type(ask("personas.yaml", "Hi?", provider="scripted").reply, str)
    assert_type(compare(done, permutations=99), Comparison)
    assert_type(compare(read_records(done), permutations=99), Comparison)
    assert_type(report([done, "latest"]), Path)
    assert_type(table("latest"), Table)
    asyncio.run(within())


def wrong() -> None:
    """Use it otherwise: each line is an error, or mypy says that its `ignore` is unused."""
    run(personas=1)  # type: ignore[arg-type]
    run("a.yaml", samples="3")  # type: ignore[arg-type]
    run("a.yaml", sampels=3)  # type: ignore[call-arg]
    run("a.yaml", placement="sytem")  # type: ignore[arg-type]
    run("a.yaml", on_record=lambda: None)  # type: ignore[arg-type, misc]
    ask("a.yaml")  # type: ignore[call-arg]
    compare("latest", permutation=1)  # type: ignore[call-overload]
    report("latest", lang="de")  # type: ignore[arg-type]
