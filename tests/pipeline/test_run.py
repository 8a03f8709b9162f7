"""A run leaves exactly the grid, as documented, whatever the endpoint says on the way."""

import json
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from persona_batch.errors import UsageError
from persona_batch.record.manifest import TokenSums, read_manifest
from pipeline.workshop import WUKONG, Workshop
from servers.act import Act, Script, Share, error_body

SCHEMAS = Path(__file__).parents[2] / "src/persona_batch/schemas"


def test_the_grid_with_its_controls_is_asked_and_recorded_once(workshop: Workshop) -> None:
    summary = workshop.run([workshop.write("wukong.yaml", WUKONG)], overrides={"samples": 2})
    records = workshop.records(summary)
    assert summary.exit_code == 0
    assert Counter((record.persona, record.question, record.sample) for record in records) == Counter(
        (persona, question, sample)
        for persona in ("none", "assistant", "wukong")
        for question in {record.question for record in records}
        for sample in (0, 1)
    )
    assert len(records) == len(workshop.asked) == summary.asked == 12
    assert len({record.key for record in records}) == 12


def test_records_are_valid_unescaped_and_say_what_was_sent(workshop: Workshop) -> None:
    summary = workshop.run([workshop.write("wukong.yaml", WUKONG)])
    lines = (Path(summary.path) / "records.jsonl").read_bytes().splitlines()
    schema = json.loads((SCHEMAS / "record.schema.json").read_text(encoding="utf-8"))
    sent = [request.body["messages"] for request in workshop.asked]
    for line in lines:
        record = json.loads(line)
        jsonschema.validate(record, schema)
        assert record["messages"] in sent
        assert record["params"] == {"temperature": 0.7}
        assert record["model_returned"]
        assert record["usage"]["total_tokens"] > 0
    assert any("你是孙悟空".encode() in line for line in lines)


def test_the_manifest_tells_how_the_run_was_made_and_nothing_of_the_machine(workshop: Workshop) -> None:
    summary = workshop.run([workshop.write("wukong.yaml", WUKONG)])
    text = (Path(summary.path) / "run.json").read_text(encoding="utf-8")
    manifest = read_manifest(Path(summary.path) / "run.json")
    assert (manifest.state, manifest.exit_code, manifest.cells, manifest.counts) == ("complete", 0, 6, {"ok": 6})
    assert manifest.files[0].path == "wukong.yaml"
    assert len(manifest.files[0].sha256) == 64
    assert {"python", "openai", "persona-batch"} <= set(manifest.versions)
    assert manifest.tokens.total is not None
    assert [persona["id"] for persona in manifest.config["personas"]] == ["none", "assistant", "wukong"]
    assert manifest.config["personas"][2]["checks"]
    assert len(manifest.config["questions"]) == 2
    assert str(workshop.folder) not in text.replace(str(workshop.folder / "wukong.yaml"), "")


@pytest.mark.parametrize(
    ("usage", "prompt", "completion", "total"),
    [
        ('{"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}', None, None, None),
        ('{"prompt_tokens": 9}', 54, None, 54),
        ('{"total_tokens": 12}', None, None, 72),
        ('{"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}', 54, 18, 72),
        ('{"prompt_tokens": -9, "completion_tokens": "3"}', None, 18, 18),
    ],
)
def test_sums_of_tokens_that_nobody_reported_are_null(
    workshop: Workshop, usage: str, prompt: int | None, completion: int | None, total: int | None
) -> None:
    choice = '{"index": 0, "delta": {"content": "你好"}, "finish_reason": "stop"}'
    event = f'data: {{"choices": [{choice}], "usage": {usage}}}\n\n'
    summary = workshop.run([workshop.write("wukong.yaml", WUKONG)], Script(default=Act(events=[event])))
    assert summary.tokens == TokenSums(prompt, completion, total)
    assert read_manifest(Path(summary.path) / "run.json").tokens == summary.tokens
    resumed = workshop.run([workshop.write("wukong.yaml", WUKONG)], resume="latest")
    assert resumed.tokens == summary.tokens


def test_a_thought_is_apart_from_the_reply_unless_the_file_keeps_it(workshop: Workshop) -> None:
    script = Script(default=Act(reply="<think>A cow?</think>\n\nMoo", chunks=9))
    apart = workshop.run([workshop.write("wukong.yaml", WUKONG)], script, watched=True)
    assert {(record.reply, record.reasoning) for record in workshop.records(apart)} == {("Moo", "A cow?")}
    assert "".join(workshop.seen.texts) == "Moo" * 6
    keeping = workshop.write("wukong.yaml", WUKONG + "run: {thinking: keep}\n")
    kept = workshop.run([keeping], script)
    assert {record.reply for record in workshop.records(kept)} == {"<think>A cow?</think>\n\nMoo"}
    assert read_manifest(Path(kept.path) / "run.json").config["run"]["thinking"] == "keep"


def test_a_reply_that_says_all_twice_is_told_in_the_log(workshop: Workshop) -> None:
    twice = Script(
        default=Act(reply=2 * "俺老孙来也！妖怪，哪里走？吃俺老孙一棒！看打！你这泼猴也敢来？好大的胆子！", chunks=2)
    )
    summary = workshop.run([workshop.write("wukong.yaml", WUKONG)], twice)
    lines = (Path(summary.path) / "run.log").read_text(encoding="utf-8").splitlines()
    doubts = [line for line in map(json.loads, lines) if line["event"] == "doubt"]
    assert sorted(line["key"] for line in doubts) == sorted(record.key for record in workshop.records(summary))


def test_values_of_extra_headers_are_sent_and_never_written(workshop: Workshop) -> None:
    quiet = WUKONG + "run: {provider: {extra_headers: {X-Pw: open sesame}}}\n"
    summary = workshop.run([workshop.write("wukong.yaml", quiet)])
    assert workshop.asked[0].headers["x-pw"] == "open sesame"
    for path in Path(summary.path).iterdir():
        assert "open sesame" not in path.read_text(encoding="utf-8")
    manifest = read_manifest(Path(summary.path) / "run.json")
    assert manifest.config["run"]["extra_headers"] == {"X-Pw": "…"}


def test_failed_cells_are_recorded_and_end_in_exit_code_1(workshop: Workshop) -> None:
    refusal = Act(status=400, body=error_body("temperature is too high"))
    summary = workshop.run([workshop.write("wukong.yaml", WUKONG)], Script(acts=[Act(), refusal]))
    assert summary.exit_code == 1
    assert summary.counts == {"ok": 5, "error": 1}
    failed = [record for record in workshop.records(summary) if record.status == "error"]
    assert failed[0].error is not None
    assert failed[0].error.http_status == 400
    assert "temperature is too high" in failed[0].error.message
    assert read_manifest(Path(summary.path) / "run.json").state == "failed"


def test_passing_failures_are_asked_again_and_leave_no_trace(workshop: Workshop) -> None:
    trouble = [Act(status=500, headers={"Retry-After": "0"}), Act(cut_after=120), Act(reset_after=60)]
    summary = workshop.run([workshop.write("wukong.yaml", WUKONG)], Script(acts=trouble))
    assert summary.exit_code == 0
    assert summary.counts == {"ok": 6}
    assert len(workshop.asked) == 9
    assert max(record.attempts for record in workshop.records(summary)) > 1
    log = (Path(summary.path) / "run.log").read_text(encoding="utf-8")
    assert log.count('"retry"') == 3


def test_checks_under_the_share_end_in_exit_code_100(workshop: Workshop) -> None:
    script = Script(shares=[Share(0.5, Act(reply="你好")), Share(0.5, Act(reply="no"))], seed=3)
    file = workshop.write("wukong.yaml", WUKONG.replace("[你好,", "[一, 二, 三, 四, 五,"))
    assert workshop.run([file], script, fail_under=0.99).exit_code == 100
    assert workshop.run([file], Script(default=Act(reply="你好")), fail_under=0.99).exit_code == 0


def test_a_budget_stops_the_run_with_work_left_to_resume(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    summary = workshop.run([file], max_requests=4)
    assert (summary.exit_code, summary.asked, summary.left) == (3, 4, 2)
    assert read_manifest(Path(summary.path) / "run.json").state == "stopped"
    rest = workshop.run([file], resume="latest")
    assert (rest.exit_code, rest.asked, rest.skipped, rest.left) == (0, 2, 4, 0)
    assert len(workshop.asked) == 6


def test_extra_body_is_sent_recorded_and_part_of_what_was_asked(workshop: Workshop) -> None:
    plain = workshop.run([workshop.write("wukong.yaml", WUKONG)])
    thinking = WUKONG + "run: {provider: {extra_body: {enable_thinking: false}}}\n"
    extra = workshop.run([workshop.write("wukong.yaml", thinking)])
    assert all(request.body["enable_thinking"] is False for request in workshop.asked[6:])
    assert all("extra_body" not in request.body for request in workshop.asked)
    records = workshop.records(extra)
    assert records[0].params == {"temperature": 0.7, "extra_body": {"enable_thinking": False}}
    assert not {record.key for record in workshop.records(plain)} & {record.key for record in records}


def test_latest_names_the_newest_run(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    for _ in range(2):
        summary = workshop.run([file])
        assert (workshop.out / "latest").resolve() == Path(summary.path).resolve()
    with pytest.raises(UsageError):
        workshop.run([file], Script(models=None, default=Act(status=401, body="no")), overrides={"models": ("m",)})
    assert (workshop.out / "latest").resolve() == Path(summary.path).resolve()


def test_replies_are_streamed_to_who_watches(workshop: Workshop) -> None:
    file, meows = workshop.write("wukong.yaml", WUKONG), Script(default=Act(reply="喵喵喵"))
    assert workshop.run([file], meows, limit=1).cells == 1
    assert workshop.seen.texts == []
    workshop.run([file], meows, watched=True, limit=1)
    assert "".join(workshop.seen.texts) == "喵喵喵"


def test_a_model_that_is_not_listed_may_be_an_alias(workshop: Workshop) -> None:
    summary = workshop.run([workshop.write("wukong.yaml", WUKONG)], overrides={"models": ("test-modell",)})
    assert summary.exit_code == 0
    assert any("did you mean test-model" in note for note in workshop.seen.notes)


@pytest.mark.parametrize(
    ("script", "overrides", "says"),
    [
        (Script(api_key="right"), {}, "key"),
        (Script(), {"models": ("scripte",), "provider": "scripted", "base_url": None}, "did you mean scripted"),
        (Script(models=["a", "b"]), {}, "no model named"),
        (Script(models=None), {}, "name one by --model"),
        (Script(), {"base_url": "http://127.0.0.1:9/v1"}, "127.0.0.1:9"),
        (Script(), {"base_url": "http://nowhere.invalid/v1"}, "nowhere.invalid"),
        (Script(), {"base_url": "ftp://127.0.0.1/v1"}, "expected a URL"),
        (Script(), {"provider": "opnai", "base_url": None}, "did you mean `openai`"),
        (Script(), {"provider": "openai", "base_url": None}, "OPENAI_API_KEY"),
        (Script(), {"api_key_env": "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE"),
    ],
)
def test_what_is_wrong_with_the_endpoint_is_said_before_anything_is_written(
    workshop: Workshop, script: Script, overrides: dict[str, object], says: str
) -> None:
    with pytest.raises(UsageError) as refused:
        workshop.run([workshop.write("wukong.yaml", WUKONG)], script, overrides=overrides)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert workshop.runs == []
    assert workshop.asked == []


@pytest.mark.parametrize(
    "act",
    [
        Act(status=401, body=error_body("Incorrect API key", code="invalid_api_key")),
        Act(status=404, body=error_body("The model does not exist", code="model_not_found")),
    ],
)
def test_a_key_or_model_that_only_the_first_reply_refuses_leaves_no_folder(workshop: Workshop, act: Act) -> None:
    with pytest.raises(UsageError):
        workshop.run(
            [workshop.write("wukong.yaml", WUKONG)], Script(models=None, default=act), overrides={"models": ("m",)}
        )
    assert workshop.runs == []
