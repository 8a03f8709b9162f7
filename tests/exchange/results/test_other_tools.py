"""OpenAI batches with their input, LLM Comparator, conversations of Inspect, plain prompts and promptfoo's cache."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from cli.calling import Call
from exchange.results.test_tables import imported, refused
from persona_batch.record.manifest import read_manifest


def lines(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path.name


def request(name: str, system: str | None, text: str, **body: Any) -> dict[str, Any]:
    before = [] if system is None else [{"role": "system", "content": system}]
    messages = [*before, {"role": "user", "content": text}]
    body = {"model": "m", "messages": messages, "temperature": 0.5, **body}
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}


def answer(name: str, *texts: str) -> dict[str, Any]:
    choices = [
        {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"} for text in texts
    ]
    body = {
        "id": f"id-{name}",
        "model": "m-1",
        "choices": choices,
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    }
    return {
        "id": "b",
        "custom_id": name,
        "response": {"status_code": 200, "request_id": "r", "body": body},
        "error": None,
    }


def test_a_batch_and_its_input_make_a_run(call: Call, tmp_path: Path) -> None:
    asked = [request(f"{number}", system, "Q") for number, system in enumerate((None, "You are x.", None))]
    failed = {"id": "b", "custom_id": "2", "response": None, "error": {"code": "expired", "message": "too late"}}
    out = lines(tmp_path / "out.jsonl", [failed, answer("1", "one"), answer("0", "zero")])
    given = lines(tmp_path / "in.jsonl", asked)
    run, records, _ = imported(call, out, "--requests", given)
    told = {(one.persona, one.sample): (one.reply, one.status, one.request_id) for one in records}
    assert told[("none", 0)] == ("zero", "ok", "id-0")
    assert told[("none", 1)] == ("", "error", None)
    assert records[0].params == {"temperature": 0.5}
    assert read_manifest(run / "run.json").state == "failed"


def test_an_answer_that_stands_there_twice_or_was_never_asked_is_refused(call: Call, tmp_path: Path) -> None:
    given = lines(tmp_path / "in.jsonl", [request("a", None, "Q")])
    twice = lines(tmp_path / "twice.jsonl", [answer("a", "x"), answer("a", "x")])
    assert "`a` is answered on line 1 already" in refused(call, tmp_path, twice, "--requests", given)
    other = lines(tmp_path / "other.jsonl", [answer("b", "x")])
    assert "has no `b`" in refused(call, tmp_path, other, "--requests", given)


def test_several_choices_are_draws_of_their_own(call: Call, tmp_path: Path) -> None:
    given = lines(tmp_path / "in.jsonl", [request("a", None, "Q", n=2)])
    _, records, _ = imported(call, lines(tmp_path / "out.jsonl", [answer("a", "yes", "yes")]), "--requests", given)
    assert len({one.request_id for one in records}) == 2
    assert records[0].usage is None


def test_llm_comparator_has_two_arms(call: Call, tmp_path: Path) -> None:
    examples = [
        {"input_text": f"Q{number}", "tags": [], "output_text_a": "a", "output_text_b": "b", "score": 0.5}
        for number in range(3)
    ]
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"metadata": {}, "models": [{"name": "One"}, {"name": "Two"}], "examples": examples}))
    run, records, told = imported(call, path.name, "--control", "One")
    assert {(one.persona, one.reply) for one in records} == {("One", "a"), ("Two", "b")}
    assert "3 scores of pairs: left out" in told
    assert "Two" in call("compare", str(run)).out


def result(prompt: Any, asked: str, reply: str, *, label: str, cached: bool = False) -> dict[str, Any]:
    raw = prompt if isinstance(prompt, str) else json.dumps(prompt)
    return {
        "prompt": {"raw": raw, "label": label},
        "vars": {"q": asked},
        "promptIdx": 0,
        "provider": {"id": "echo"},
        "response": {"output": reply, "cached": cached},
        "success": True,
    }


def promptfoo(folder: Path, results: list[dict[str, Any]], providers: Any = ("echo",)) -> str:
    whole = {"evalId": "e", "results": {"version": 3, "results": results}, "config": {"providers": list(providers)}}
    (folder / "out.json").write_text(json.dumps(whole), "utf-8")
    return "out.json"


def test_plain_prompts_with_a_blank_line_are_personas_in_the_users_message(call: Call, tmp_path: Path) -> None:
    found = [
        result(f"{before}{asked}", asked, f"r {asked}", label=label)
        for label, before in (("plain", ""), ("pirate", "You are a pirate.\n\n"))
        for asked in ("Who?", "What?\n\nNow?")
    ]
    _, records, _ = imported(call, promptfoo(tmp_path, found))
    assert {(one.persona, one.placement) for one in records} == {("none", "none"), ("pirate", "user")}
    assert len({one.question for one in records}) == 2
    assert records[2].messages[0].content == "You are a pirate.\n\nWho?"


def test_plain_prompts_in_other_words_are_formats_of_one_question(call: Call, tmp_path: Path) -> None:
    found = [
        result(words.format(asked), asked, f"r {asked}", label=label)
        for label, words in (("short", "{} Be short."), ("long", "Tell me at length: {}"))
        for asked in ("Who?", "What?")
    ]
    run, records, told = imported(call, promptfoo(tmp_path, found))
    assert {one.factors["format"] for one in records} == {"short", "long"}
    assert len({one.question for one in records}) == 2
    assert "--by format" in told
    assert call("compare", str(run), "--by", "format").code == 0


def test_what_a_cache_repeats_is_one_draw_and_an_equal_reply_is_not(call: Call, tmp_path: Path) -> None:
    found = [result("Q", "Q", "yes", label="p", cached=cached) for cached in (False, False, True, True)]
    _, records, _ = imported(call, promptfoo(tmp_path, found))
    ids = [one.request_id for one in records]
    assert ids[0] == ids[2] == ids[3] is not None
    assert ids[1] is None


def test_what_promptfoo_sends_unasked_is_recorded_and_no_key_is(call: Call, tmp_path: Path) -> None:
    one = result("Q", "Q", "r", label="p")
    one["provider"] = {"id": "openai:chat:m", "label": ""}
    provider = {"id": "openai:chat:m", "config": {"apiKey": "sk-verysecretverysecret", "max_tokens": 9}}
    run, records, told = imported(call, promptfoo(tmp_path, [one], [provider]))
    assert records[0].params == {"max_tokens": 9, "temperature": 0}
    assert "promptfoo sends 0" in told
    assert not any("verysecret" in path.read_text() for path in run.iterdir())


def chat(role: str, text: str, source: str | None = None) -> dict[str, Any]:
    return {"role": role, "content": text, "source": source}


def log(messages: list[dict[str, Any]], reply: str, **more: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": reply, "source": "generate"}
    output = {"model": "m", "choices": [{"message": said, "stop_reason": "stop"}]}
    sample = {"id": 1, "epoch": 1, "messages": [*messages, said], "output": output, **more}
    return {"status": "success", "eval": {"task": "t", "task_id": "x", "model": "m"}, "samples": [sample]}


def test_conversations_of_inspect_are_turns(call: Call, tmp_path: Path) -> None:
    before = [chat("system", "S"), chat("user", "One?"), chat("assistant", "1", "generate"), chat("user", "Two?")]
    (tmp_path / "log.json").write_text(json.dumps(log(before, "2", scores={"f1": {"value": 0.25}})), "utf-8")
    run, records, _ = imported(call, "log.json")
    turns = records[0].turns
    assert turns is not None
    assert [(turn.user, turn.reply) for turn in turns] == [("One?", "1"), ("Two?", "2")]
    assert [one.content for one in records[0].messages] == ["S", "One?", "1", "Two?"]
    assert "f1" in (run / "judgments.jsonl").read_text()
    assert call("compare", str(run)).code == 0


def test_what_is_more_than_text_is_left_out_and_said(call: Call, tmp_path: Path) -> None:
    picture = [{"type": "image", "image": "data:"}]
    (tmp_path / "log.json").write_text(json.dumps(log([{"role": "user", "content": picture}], "x")), "utf-8")
    assert "1 samples with more than text" in refused(call, tmp_path, "log.json")


def test_a_zip_that_unpacks_to_more_than_a_reply_takes_is_refused(call: Call, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", json.dumps(log([], "x")))
        archive.writestr("samples/1_epoch_1.json", b" " * (40 << 20))
    (tmp_path / "bomb.eval").write_bytes(packed.getvalue())
    assert "unpacks to more than" in refused(call, tmp_path, "bomb.eval")


def test_prompts_without_a_label_are_named_by_what_they_say(call: Call, tmp_path: Path) -> None:
    found = []
    for template, system in (
        ('[{"role":"system","content":"{{s}}"},…', "You are a cook."),
        ("p.json: [{…", "Be rude."),
    ):
        for asked in ("Who?", "What?"):
            messages = [{"role": "system", "content": system}, {"role": "user", "content": asked}]
            found.append(result(messages, asked, "r", label=template))
    _, records, _ = imported(call, promptfoo(tmp_path, found))
    first, second = list(dict.fromkeys(one.persona for one in records))
    assert first.startswith("You-are-a-cook")
    assert second == "p"


def test_a_variable_of_the_system_message_makes_no_other_question(call: Call, tmp_path: Path) -> None:
    found = []
    for system in ("You are a cook.", "You are a king."):
        for words, before in (("{}", [{"role": "system", "content": system}]), ("Say: {}", [])):
            for asked in ("Who?", "What?"):
                messages = [*before, {"role": "user", "content": words.format(asked)}]
                found.append({**result(messages, asked, "r", label=words), "vars": {"q": asked, "s": system}})
    _, records, _ = imported(call, promptfoo(tmp_path, found))
    assert len({one.question for one in records}) == 2
    assert len({one.persona for one in records}) == 3


def test_the_older_table_of_promptfoo_is_read(call: Call, tmp_path: Path) -> None:
    head = {"prompts": [{"raw": "{{q}}", "label": "a", "provider": "echo"}], "vars": ["q"]}
    cell = {"pass": True, "score": 1, "text": "r", "prompt": "Who?", "latencyMs": 4}
    whole = {"results": {"version": 2, "table": {"head": head, "body": [{"outputs": [cell], "vars": ["Who?"]}]}}}
    (tmp_path / "old.json").write_text(json.dumps(whole), "utf-8")
    _, records, _ = imported(call, "old.json")
    assert [(one.persona, one.reply, one.messages[0].content) for one in records] == [("none", "r", "Who?")]


def test_one_reply_in_two_files_is_refused(call: Call, tmp_path: Path) -> None:
    first = log([chat("user", "Q")], "x", uuid="u-1")
    (tmp_path / "one.json").write_text(json.dumps(first), "utf-8")
    (tmp_path / "two.json").write_text(json.dumps(first), "utf-8")
    assert "byte for byte" in refused(call, tmp_path, "one.json", "two.json")
    (tmp_path / "two.json").write_text(json.dumps(first, indent=1), "utf-8")
    assert "the very reply of" in refused(call, tmp_path, "one.json", "two.json")


def test_numbers_that_json_has_not_are_not_known(call: Call, tmp_path: Path) -> None:
    said = log([chat("user", "Is NaN a number?")], "NaN", scores={"f1": {"value": float("nan")}})
    (tmp_path / "log.json").write_text(json.dumps(said), "utf-8")
    run, records, _ = imported(call, "log.json")
    assert records[0].reply == "NaN"
    assert not (run / "judgments.jsonl").exists()


def test_no_key_of_an_error_reaches_a_file(call: Call, tmp_path: Path) -> None:
    failed = {
        "id": "b",
        "custom_id": "a",
        "error": {"message": "Incorrect API key: sk-proj-abcdefghij0123456789ABCDEF"},
    }
    given = lines(tmp_path / "in.jsonl", [request("a", None, "Q", api_key="sk-proj-abcdefghij0123456789ABCDEF")])
    run, records, _ = imported(call, lines(tmp_path / "out.jsonl", [{**failed, "response": None}]), "--requests", given)
    assert records[0].error is not None
    assert not any("abcdefghij" in path.read_text() for path in run.iterdir())
    assert records[0].params == {"temperature": 0.5}


def test_what_a_source_says_does_nothing_to_a_terminal(call: Call, tmp_path: Path) -> None:
    name = lines(tmp_path / "t.jsonl", [{"persona": "a\x1b[31mb", "question": "Q", "reply": "\x1b[2J"}])
    _, records, told = imported(call, name)
    assert records[0].reply == "\x1b[2J"
    assert "\x1b" not in told
