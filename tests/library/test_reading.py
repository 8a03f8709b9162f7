"""`ask`, `compare`, `report`, `read_records` and `table`: the same as the commands, as objects."""

import asyncio
import copy
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from traceback import format_exception
from typing import Any

import msgspec
import pytest

from persona_batch import (
    ConfigError,
    ProviderError,
    Record,
    Reply,
    Run,
    Table,
    UsageError,
    ask,
    ask_async,
    compare,
    read_records,
    report,
    run,
    table,
)
from persona_batch.cli.main import run_command
from persona_batch.errors import AuthRefused, ConnectionFailed, ModelUnknown
from servers.act import Act, Script
from servers.faulty import serving

PIRATE = {"pirate": {"system": "Talk like a pirate.", "name": "Pirate", "checks": [{"contains": "pirate"}]}}
scripted: Callable[..., Run] = partial(run, provider="scripted")


@pytest.fixture
def done() -> Run:
    """A run of two personas, with a factor."""
    return scripted(
        [PIRATE, {"cook": "You cook."}], {"who": "Who are you?"}, samples=3, factors={"temperature": [0, 1]}
    )


@pytest.mark.parametrize("several", [False, True])
def test_a_comparison_is_what_the_command_prints(done: Run, capsys: pytest.CaptureFixture[str], several: bool) -> None:
    later = [scripted(PIRATE, {"who": "Who are you, now?"}, samples=3)] if several else []
    names = [str(one.path) for one in (done, *later)]
    capsys.readouterr()
    assert run_command(["compare", *names, "--permutations", "99", "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    found = compare(done, *later, permutations=99)
    assert json.loads(msgspec.json.encode(found)) == printed
    assert capsys.readouterr() == ("", "")


def test_a_comparison_takes_the_options_of_the_command(done: Run) -> None:
    told: list[tuple[int, int]] = []
    found = compare(
        "latest",
        control="assistant",
        measures=["change", "shift"],
        question="wh*",
        margin={"length": 20},
        plan=True,
        permutations=99,
        on_progress=lambda *step: told.append(step),
    )
    assert found.settings.measures == ["change", "shift"]
    assert {claim.control for claim in found.claims} == {"assistant"}
    assert found.excerpts
    assert told[-1][0] == told[-1][1]
    assert compare(done.path, by="temperature", permutations=99).settings.by == "temperature"


def test_records_are_compared_as_they_are(done: Run) -> None:
    found = compare(read_records(done), measures=["change"], permutations=99)
    assert {arm.name for arm in found.arms} >= {"pirate", "cook"}
    assert compare(done.records(), done.records(), permutations=99).settings.by == "run"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no run": ({"run": "nowhere"}, "no such run"),
    "no run at all": ({"run": None}, "run=None: expected a run"),
    "no measure": ({"measures": "chnge"}, "did you mean `change`"),
    "few": ({"permutations": 3}, "permutations=3: expected a whole number, at least 99"),
    "copies": ({"copies": "onse"}, "did you mean `once`"),
    "margin": ({"margin": 20}, "margin=20: expected a dict"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_option_of_a_comparison_is_said(case: str, done: Run) -> None:
    given, message = WRONG[case]
    with pytest.raises(UsageError, match=message):
        compare(**{"run": done, **given})


def test_a_word_that_is_no_option_is_a_type_error(done: Run) -> None:
    wrong: Any = {"permutation": 99}
    with pytest.raises(TypeError, match=r"compare\(\) got an unexpected keyword argument 'permutation'"):
        compare(done, **wrong)
    with pytest.raises(TypeError, match=r"report\(\) got an unexpected keyword argument"):
        report(done, **wrong)
    with pytest.raises(TypeError, match=r"ask\(\) got an unexpected keyword argument"):
        ask(PIRATE, "Hi?", **wrong)


def test_a_report_is_a_page(done: Run, folder: Path) -> None:
    assert report() == done.path / "report.html"
    page = report([done, done.path], output=folder / "page.html", lang="zh", most=100)
    assert page.read_bytes().startswith(b"<!DOCTYPE html>")
    assert report(done, svg="effects").read_bytes().startswith(b"<svg ")
    with pytest.raises(UsageError, match="expected one of en, zh"):
        report(done, lang="zn")  # type: ignore[arg-type]


def test_records_are_typed_and_found_as_the_commands_find_them(done: Run) -> None:
    assert len(list(read_records(done.run_id))) == len(list(read_records(done.path / "records.jsonl"))) == 24
    assert all(isinstance(record, Record) for record in read_records())
    with pytest.raises(UsageError, match="no runs there yet"):
        read_records(out="elsewhere")


def test_a_table_has_what_is_known_of_each_record(done: Run) -> None:
    found = table(done)
    assert {len(column) for column in found.values()} == {24}
    assert found == done.table()
    assert set(found["question_text"]) == {"Who are you?"}
    assert set(found["persona_name"]) == {"Pirate", None}
    assert set(found["factor:temperature"]) == {0, 1}
    checked = dict(zip(found["persona"], found["check:contains"], strict=True))
    assert isinstance(checked["pirate"], bool)
    assert checked["cook"] is None
    assert all(isinstance(latency, float) for latency in found["latency_ms"])
    assert all(value is None or isinstance(value, (str, int, float, bool)) for of in found.values() for value in of)
    assert found.kinds.keys() == found.about.keys() == found.keys()
    assert found.rows()[0]["run_id"] == done.run_id
    assert len(table([done, done])["key"]) == 24


def test_pandas_and_polars_take_a_table(done: Run) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: `uv sync --group notebook`")
    found = table(done)
    assert pandas.DataFrame(found).shape == (24, len(found))
    typed = found.to_pandas()
    assert typed["total_tokens"].dtype == "Int64"
    assert typed["latency_ms"].dtype == "Float64"
    assert typed["error_kind"].dtype == "string"
    assert typed["started_at"].dtype == "datetime64[ms, UTC]"
    assert typed["started_at"].notna().all()
    polars = pytest.importorskip("polars", reason="polars is not installed: `uv sync --group notebook`")
    assert polars.DataFrame(found).shape == (24, len(found))
    assert found.to_polars().schema["error_kind"] == polars.String
    assert found.to_polars().schema["sample"] == polars.Int64
    assert found.to_polars().schema["started_at"] == polars.Datetime("ms", "UTC")
    assert found.to_polars()["started_at"].to_list() == [datetime.fromisoformat(str(at)) for at in found["started_at"]]


@pytest.mark.parametrize("values", [["2026-11-27T11:00:00+02:00", "2026-11-27T09:00:00", None, "soon"], [None], []])
def test_times_are_moments_in_utc_and_what_is_none_is_nothing(values: list[Any]) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: `uv sync --group notebook`")
    polars = pytest.importorskip("polars", reason="polars is not installed: `uv sync --group notebook`")
    found = Table({"at": values}, {"at": "time"}, {"at": "when"})
    nine = datetime(2026, 11, 27, 9, tzinfo=UTC)
    expected = [nine if isinstance(value, str) and value != "soon" else None for value in values]
    column, series = found.to_pandas()["at"], found.to_polars()["at"]
    assert (str(column.dtype), series.dtype) == ("datetime64[ms, UTC]", polars.Datetime("ms", "UTC"))
    assert [None if pandas.isna(at) else at.to_pydatetime() for at in column] == series.to_list() == expected
    assert found["at"] == values


def test_an_answer_has_its_messages_usage_and_times() -> None:
    pieces, notes = list[str](), list[str]()
    with serving() as server:
        answer = ask(PIRATE, "Who are you?", base_url=server.base_url, on_text=pieces.append, on_note=notes.append)
    assert isinstance(answer, Reply)
    assert answer.reply == str(answer) == "".join(pieces) == answer.record.reply
    assert [message.content for message in answer.messages] == ["Talk like a pirate.", "Who are you?"]
    assert answer.usage is not None
    assert answer.timing is not None
    assert answer.timing.latency_ms
    assert answer.status == "ok"


def test_an_answer_may_be_kept_and_asked_for_in_a_loop(folder: Path) -> None:
    async def both() -> list[Reply]:
        asked = [ask_async(PIRATE, text, provider="scripted", save="kept.jsonl") for text in ("One?", "Two?")]
        return [await one for one in asked] + [ask(PIRATE, "Three?", provider="scripted")]

    assert [answer.status for answer in asyncio.run(both())] == 3 * ["ok"]
    assert len((folder / "kept.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_a_request_that_fails_is_raised() -> None:
    with serving(Script(default=Act(status=400, body='{"error": {"message": "no such thing"}}'))) as server:
        with pytest.raises(ProviderError, match="no such thing"):
            ask(PIRATE, "Who are you?", base_url=server.base_url)
        with pytest.raises(UsageError, match="'cook'] have 2 personas; choose one by persona: "):
            ask([PIRATE, {"cook": "You cook."}], "Who are you?", base_url=server.base_url)


def test_what_a_callback_of_an_answer_raises_is_raised() -> None:
    def fail(_: str) -> None:
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        ask(PIRATE, "Who are you?", provider="scripted", on_text=fail)


UNREACHABLE = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize("model", ["m", None])
@pytest.mark.parametrize("function", [ask, lambda *args, **given: asyncio.run(ask_async(*args, **given))])
def test_a_server_that_is_not_there_is_a_failed_request_in_few_lines(
    function: Callable[..., object], model: str | None
) -> None:
    with pytest.raises(ConnectionFailed, match="is the server running") as raised:
        function(PIRATE, "Hi", base_url=UNREACHABLE, model=model, retries=0)
    assert raised.value.kind == "connection"
    assert len(format_exception(raised.value)) < 30
    assert "direct cause" not in "".join(format_exception(raised.value))


def test_a_run_that_reaches_nobody_was_not_begun(folder: Path) -> None:
    with pytest.raises(UsageError, match="is the server running") as raised:
        run(PIRATE, ["Hi"], base_url=UNREACHABLE, model="m", retries=0)
    assert isinstance(raised.value.__cause__, ConnectionFailed)
    assert len("".join(format_exception(raised.value)).splitlines()) < 70
    assert not list(folder.glob("runs/*/records.jsonl"))


@pytest.mark.parametrize(("status", "kind"), [(401, AuthRefused), (404, ModelUnknown)])
def test_a_refused_key_and_an_unknown_model_are_failed_requests(status: int, kind: type[ProviderError]) -> None:
    body = '{"error": {"message": "no", "code": "model_not_found"}}'
    with serving(Script(default=Act(status=status, body=body))) as server, pytest.raises(kind):
        ask(PIRATE, "Hi", base_url=server.base_url, model="m", retries=0)


def test_results_are_shown_copied_and_pickled(done: Run) -> None:
    answer = ask(PIRATE, "Hi", provider="scripted")
    assert "UNSET" not in repr(answer.usage)
    assert "cached_tokens=None" in repr(answer.usage)
    for one in (done, answer, compare(done, permutations=99), next(done.records()), answer.usage):
        assert pickle.loads(pickle.dumps(one)) == copy.copy(one) == copy.deepcopy(one) == one
    found = done.table()
    for other in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):
        assert (other, other.kinds, other.about) == (found, found.kinds, found.about)
    with pytest.raises(ConfigError) as raised:
        ask([{"id": "a", "sytem": "b"}], "Hi")
    again = pickle.loads(pickle.dumps(raised.value))
    assert (again.problems, str(again)) == (raised.value.problems, str(raised.value))
