"""`run` and `run_async`: what they return, whom they call, and how they end."""

import _thread
import asyncio
import inspect
import json
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from persona_batch import (
    BatchError,
    ConfigError,
    Progress,
    Record,
    Run,
    RunLocked,
    UsageError,
    ask,
    ask_async,
    dry_run,
    read_records,
    run,
    run_async,
)
from persona_batch.cli.commands import Entry
from persona_batch.cli.parser import load
from persona_batch.pipeline.sealing import Summary
from persona_batch.record.manifest import read_manifest
from persona_batch.record.rundir import run_at
from servers.act import Act, Script
from servers.faulty import FaultyServer, serving

PIRATE = {"pirate": "Talk like a pirate."}
scripted: Callable[..., Run] = partial(run, provider="scripted")


def test_a_run_has_all_fields_of_the_summary() -> None:
    assert {one.name for one in fields(Run)} - {"notes"} == {one.name for one in msgspec.structs.fields(Summary)}
    done = scripted(PIRATE, ["Who are you?"], samples=2)
    assert (done.state, done.exit_code, done.cells, done.asked, done.left) == ("complete", 0, 6, 6, 0)
    assert done.path.is_dir()
    assert done.path.name == done.run_id
    assert Path(done) == done.path
    assert len(list(done.records())) == 6
    assert all(isinstance(record, Record) for record in read_records(done))


def test_values_and_files_go_together(folder: Path) -> None:
    (folder / "cook.yaml").write_text("system: You are a cook.\nquestions: [own]\n", encoding="utf-8")
    (folder / "more.yaml").write_text("questions: [{id: filed, text: From a file?}]\n", encoding="utf-8")
    done = scripted([folder / "cook.yaml", PIRATE, {"id": "bare", "system": None}], ["Hi?", "more.yaml", {"x": "X?"}])
    records = list(done.records())
    assert {record.persona for record in records} == {"cook", "pirate", "bare", "none", "assistant"}
    assert {record.question for record in records} == {"Hi", "filed", "x"}
    bare = next(record for record in records if record.persona == "bare" and record.question == "x")
    assert [message.role for message in bare.messages] == ["user"]
    assert done.run_id.endswith("-cook+pirate+bare")


def test_a_run_of_values_goes_on_without_them_in_python_and_by_the_command(folder: Path) -> None:
    first = scripted(PIRATE, ["Hi?", "Who are you?"], max_requests=2)
    assert (first.state, first.exit_code, first.asked, first.left) == ("stopped", 3, 2, 4)
    assert first.message is not None
    again = run(resume=first, max_requests=1)
    assert (again.path, again.asked, again.skipped, again.left) == (first.path, 1, 2, 3)
    by_command = load(Entry("run", "persona_batch.cli.run:run", "")).main(
        ["--resume", str(first.path), "--quiet"], standalone_mode=False
    )
    assert by_command == 0
    assert run(resume=True).skipped == 6


def test_edited_values_are_the_same_run_and_others_are_not() -> None:
    first = scripted(PIRATE, ["Hi?"])
    edited = scripted({"pirate": "Talk like an old pirate."}, ["Hi?"], resume=first)
    assert (edited.path, edited.set_aside, edited.asked) == (first.path, 1, 1)
    assert any("the personas in Python changed" in note for note in edited.notes)
    renamed = scripted({"corsair": "Talk like an old pirate."}, ["Hi?"], resume=first)
    assert (renamed.set_aside, renamed.asked) == (0, 0)
    with pytest.raises(UsageError, match=r"is a run of \(Python\) corsair"):
        scripted({"cook": "You are a cook."}, ["Hi?"], resume=first)


def test_continue_finds_the_unfinished_run_of_the_same_values() -> None:
    first = scripted(PIRATE, ["Hi?"], max_requests=1, continue_=True)
    assert scripted(PIRATE, ["Hi?"], continue_=True).path == first.path
    assert scripted(PIRATE, ["Hi?"], continue_=True).path != first.path


def test_later_changes_of_a_value_are_not_those_of_the_run() -> None:
    persona: dict[str, Any] = {"id": "pirate", "system": "Talk.", "attributes": {"world": "sea"}}
    done = scripted(persona, ["Hi?"], on_record=lambda _: persona["attributes"].clear())
    assert read_manifest(run_at(done.path).manifest).config["personas"][-1]["attributes"] == {"world": "sea"}


def test_callbacks_are_called_in_this_thread_with_what_is_on_disk() -> None:
    threads, told, counts = set[int](), list[Progress](), list[int]()

    def on_record(record: Record) -> None:
        threads.add(threading.get_ident())
        (path,) = Path("runs").glob("2*/records.jsonl")
        counts.append(path.read_text(encoding="utf-8").count("\n"))

    scripted(PIRATE, ["a?", "b?"], on_record=on_record, on_progress=told.append)
    assert threads == {threading.get_ident()}
    assert counts == [1, 2, 3, 4, 5, 6]
    assert [(one.asked, one.left, one.cells) for one in told] == [(number, 6 - number, 6) for number in range(7)]


class Whim(Exception):
    """What a callback raises."""


RAISED = [Whim, KeyboardInterrupt, SystemExit, StopIteration, StopAsyncIteration, GeneratorExit, asyncio.CancelledError]


@pytest.mark.parametrize("kind", RAISED)
@pytest.mark.parametrize("name", ["on_record", "on_progress"])
def test_what_a_callback_raises_is_raised_and_nothing_is_lost(name: str, kind: type[BaseException]) -> None:
    def fail(_: object) -> None:
        raise kind("no more")

    with pytest.raises(kind, match="no more") as raised:
        scripted(PIRATE, ["a?", "b?"], samples=10, concurrency=1, **{name: fail})
    (path,) = Path("runs").glob("2*")
    assert read_manifest(run_at(path).manifest).state == "interrupted"
    assert any("goes on" in note for note in raised.value.__notes__)
    rest = run(resume=path)
    assert (rest.state, rest.skipped + rest.asked) == ("complete", 60)
    assert len({record.key for record in rest.records()}) == 60


@pytest.mark.parametrize("kind", RAISED)
def test_what_a_callback_raises_in_a_loop_is_raised_with_the_folder(kind: type[BaseException]) -> None:
    def fail(_: object) -> None:
        raise kind("no more") from Whim("why")

    with pytest.raises(RuntimeError if kind is StopIteration else kind) as raised:
        asyncio.run(run_async(PIRATE, ["a?"], provider="scripted", on_record=fail))
    assert any("goes on" in note for note in raised.value.__notes__)
    own = raised.value.__cause__ if kind is StopIteration else raised.value
    assert isinstance(own, kind)
    assert isinstance(own.__cause__, Whim)


@pytest.mark.parametrize("kind", RAISED)
def test_what_a_callback_of_ask_raises_is_raised(kind: type[BaseException]) -> None:
    def fail(_: str) -> None:
        raise kind("no more")

    with pytest.raises(kind, match="no more"):
        ask(PIRATE, "a?", provider="scripted", on_text=fail)
    with pytest.raises(RuntimeError if kind is StopIteration else kind):
        asyncio.run(ask_async(PIRATE, "a?", provider="scripted", on_text=fail))


def test_a_note_that_raises_ends_it_before_anything_is_asked() -> None:
    def fail(_: str) -> None:
        raise Whim

    personas = [{"id": name, "system": "You.", "params": {"temperature": at}} for name, at in (("a", 0), ("b", 1))]
    with serving() as server:
        with pytest.raises(Whim):
            run(personas, ["q?"], base_url=server.base_url, on_note=fail)
        assert not server.chats


@pytest.mark.parametrize("within", ["script", "loop"])
def test_ctrl_c_seals_the_run_and_is_raised(within: str) -> None:
    asking, ending = threading.Event(), threading.Event()

    def press() -> None:
        for moment in (asking, ending):  # the second time what is running ends at once
            if moment.wait(10):
                _thread.interrupt_main()

    def call() -> Run:
        with serving(Script(acts=[Act()], default=Act(stall_after=100))) as server:
            return run(
                PIRATE,
                ["a?", "b?"],
                base_url=server.base_url,
                concurrency=1,
                on_record=lambda _: asking.set(),
                on_note=lambda note: ending.set() if "once more ends it" in note else None,
            )

    async def looped() -> Run:
        return call()

    loop = asyncio.new_event_loop()
    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt) as raised:
        call() if within == "script" else loop.run_until_complete(looped())
    loop.close()
    ending.set()
    with suppress(KeyboardInterrupt):  # where nothing was running when it was stopped
        pressing.join()
    (path,) = Path("runs").glob("2*")
    assert any("goes on" in note for note in raised.value.__notes__)
    assert read_manifest(run_at(path).manifest).state == "interrupted"
    assert len(list(read_records(path))) == 1


def test_a_cancelled_task_seals_its_run_and_is_cancelled() -> None:
    async def cancelled() -> None:
        async with FaultyServer(Script(acts=[Act()], default=Act(stall_after=100))) as server:
            seen = asyncio.Event()
            asked = run_async(
                PIRATE, ["a?", "b?"], base_url=server.base_url, concurrency=1, on_record=lambda _: seen.set()
            )
            task = asyncio.ensure_future(asked)
            await seen.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()

    asyncio.run(cancelled())
    (path,) = Path("runs").glob("2*")
    assert read_manifest(run_at(path).manifest).state == "interrupted"
    assert len(list(read_records(path))) == 1


def test_a_task_that_is_cancelled_before_it_begins_leaves_nothing() -> None:
    async def cancelled() -> None:
        task = asyncio.ensure_future(run_async(PIRATE, ["a?"], provider="scripted"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())


def test_a_loop_that_is_not_of_asyncio_is_said_at_once(folder: Path) -> None:
    for begun in (run_async(PIRATE, ["a?"], provider="scripted"), ask_async(PIRATE, "a?", provider="scripted")):
        with pytest.raises(RuntimeError, match="needs a running loop of asyncio"):
            begun.send(None)
    assert not (folder / "runs").exists()


def test_several_runs_at_once_in_one_loop() -> None:
    async def several() -> list[Run]:
        return await asyncio.gather(
            *(run_async({name: name}, ["a?"], provider="scripted", on_record=lambda _: None) for name in "abc")
        )

    assert [done.state for done in asyncio.run(several())] == 3 * ["complete"]


def test_several_runs_at_once_in_threads_have_folders_of_their_own() -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: scripted(PIRATE, ["a?"]), range(4)))
    assert [done.state for done in runs] == 4 * ["complete"]
    assert len({done.path for done in runs}) == 4
    assert all(len(list(done.records())) == 3 for done in runs)


def test_a_run_that_another_process_holds_is_an_error() -> None:
    done = scripted(PIRATE, ["a?"], max_requests=1)
    with run_at(done.path).lock(), pytest.raises(RunLocked):
        run(resume=done)


def test_a_dry_run_sends_and_writes_nothing(folder: Path) -> None:
    planned = dry_run(PIRATE, ["a?"], provider="openai", model="m", factors={"temperature": [0.2, 1]}, samples=2)
    assert (planned.requests, planned.factors) == (12, {"temperature": ["0.2", "1"]})
    assert not (folder / "runs").exists()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "text for a number": ({"samples": "3"}, "samples='3': expected a whole number, at least 1"),
    "true for a number": ({"samples": True}, "samples=True: expected a whole number, at least 1"),
    "too few": ({"concurrency": 0}, "concurrency=0: expected a whole number, at least 1"),
    "a fraction": ({"rpm": 1.5}, "rpm=1.5: expected a whole number, at least 1"),
    "no share": ({"fail_under": 90}, "fail_under=90: expected a number, from 0 to 1"),
    "no time": ({"time_limit": "soon"}, "time_limit='soon': expected a time above 0: "),
    "negative time": ({"time_limit": timedelta(seconds=-1)}, "time_limit=.*: expected a time above 0: "),
    "not a number": ({"timeout": float("nan")}, "timeout=nan: expected a number, at least 0.001"),
    "unknown place": ({"placement": "sytem"}, "placement='sytem': did you mean `system`?"),
    "unknown word": ({"thinking": "kept"}, "thinking='kept': did you mean `keep`?"),
    "unknown engine": ({"engine": "lokal"}, "engine='lokal': did you mean `local`?"),
    "both": ({"params": {}, "param": {}}, "param and params are one argument"),
    "no dict": ({"params": ["temperature=1"]}, "params=.*: expected a dict of parameters and values"),
    "no levels": ({"factors": {"temperature": 1}}, r"factors\['temperature'\]=1: expected a list of levels"),
    "no JSON": ({"params": {"stop": {1, 2}}}, r"params\['stop'\]: found a value of type set"),
    "parameter": ({"params": {"temprature": 1}}, "temprature"),
    "contradiction": ({"resume": True, "continue_": True}, "contradict each other"),
    "nothing to retry": ({"retry_errors": True}, "retry_errors is for a run that is there"),
    "coroutine": ({"on_record": asyncio.sleep}, "on_record=.*: expected a plain function"),
    "no function": ({"on_note": "print"}, "on_note='print': expected a plain function"),
    "no flag": ({"continue_": "yes"}, "continue_='yes': expected True or False"),
    "no model": ({"model": ["a", 1]}, "model=.*: expected text, or a list of texts"),
    "no path": ({"out": 5}, "out=5: expected a path"),
    "a key": ({"api_key_env": "sk-abcdefghijklmnopqrstuvwx0123456789"}, "never the key itself"),
    "no check": ({"fail_under": 0.5}, "nothing that is asked has a check"),
    "no such provider": ({"provider": "scriptd"}, "scriptd"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_value_is_said_and_nothing_is_written(case: str, folder: Path) -> None:
    given, message = WRONG[case]
    with pytest.raises(UsageError, match=message) as raised:
        run(PIRATE, ["a?"], **{"provider": "scripted", **given})
    assert "sk-abc" not in str(raised.value)
    assert not (folder / "runs").exists()
    assert isinstance(raised.value, BatchError)
    assert not isinstance(raised.value, KeyError | TypeError | ValueError)


@pytest.mark.parametrize("function", [run, run_async, dry_run])
def test_a_word_that_is_no_argument_is_a_type_error_of_python(function: Callable[..., object]) -> None:
    name = getattr(function, "__name__", "")
    with pytest.raises(TypeError, match=rf"^{name}\(\) got an unexpected keyword argument 'sampels'"):
        function(PIRATE, ["a?"], sampels=3)
    with pytest.raises(TypeError, match=rf"^{name}\(\) takes from 0 to 2 positional arguments but 3 were given"):
        function(PIRATE, ["a?"], "scripted")


def test_no_personas_and_nothing_to_resume_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="personas: none are given"):
        run()
    with pytest.raises(ConfigError, match=r"nothing is asked: give `questions`"):
        scripted(PIRATE)


ONLY_FOR_A_TERMINAL = {"as_json", "quiet", "verbose", "no_progress", "watch", "dry_run"}
OWN = {"on_record", "on_progress", "on_note", "params", "factors"}


def test_the_arguments_are_the_options_of_the_command_with_their_bounds() -> None:
    command = load(Entry("run", "persona_batch.cli.run:run", ""))
    options = {
        max(one.opts, key=len).removeprefix("--").replace("-", "_"): one
        for one in command.params
        if one.param_type_name == "option"
        if one.name not in ONLY_FOR_A_TERMINAL
    }
    options["continue_"] = options.pop("continue")
    taken = inspect.signature(run).parameters
    assert set(options) | {"personas"} == set(taken) - OWN
    for name, option in options.items():
        least = getattr(option.type_descriptor.parameter_info, "min", None)
        if least is not None:
            with pytest.raises(UsageError, match=f"{name}="):
                run(PIRATE, ["a?"], **{name: least - 1})


def test_help_tells_the_arguments_and_the_types() -> None:
    told = inspect.signature(run)
    assert told.return_annotation is Run
    assert told.parameters["samples"].annotation == int | None
    assert (run.__doc__ or "").startswith("Ask every persona every question")
    assert json.dumps(list(told.parameters)[:2]) == '["personas", "questions"]'


def test_help_names_every_argument() -> None:
    told = (run.__doc__ or "").partition("Args, in groups")[2].partition("Works anywhere")[0]
    for name in set(inspect.signature(run).parameters) - {"personas", "questions", "param", "factor"}:
        assert re.search(rf"\b{name}\b", told), name
