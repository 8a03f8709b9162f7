"""Conversations through a real endpoint: what it was asked, from its own log, and what the records hold of it."""

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_batch.chat import Message
from persona_batch.errors import UsageError
from persona_batch.record import Record
from pipeline.workshop import Workshop
from servers.act import Act, Script, error_body
from servers.completion import reply_to

SCHEMA = Path(__file__).parents[2] / "src/persona_batch/schemas/record.schema.json"
FADE = """\
id: cat
system: You are a cat. Meow.
controls: []
run: {concurrency: 4}
questions:
  - id: fade
    turns: [Who are you?, {text: What do you eat?, checks: [{contains: eat}]}, Good night!]
    checks: [{contains: 你说}]
    probe: [{text: Your name?, checks: [{contains: Your name}]}, {text: What is 2+2?, after: [2]}]
"""
PLAIN = "\n".join(line for line in FADE.splitlines() if "probe" not in line)
TALK = """\
personas:
  - id: pirate
    system: You are a pirate.
    questions: [{id: day, text: Ahoy!, with: teacher, rounds: 3, probe: Who are you?}]
  - {id: teacher, system: You are a teacher., placement: user}
controls: []
"""
TOO_LONG = Act(
    status=400,
    body=error_body("This model's maximum context length is 4096 tokens.", code="context_length_exceeded"),
)


def sent(workshop: Workshop) -> list[list[dict[str, str]]]:
    return [request.body["messages"] for request in workshop.asked]


def answer(messages: list[dict[str, str]]) -> str:
    return reply_to(messages)


def test_turns_have_the_models_own_replies_between_them_and_probes_stand_on_forks(workshop: Workshop) -> None:
    summary = workshop.run([workshop.write("cat.yaml", FADE)])
    (record,) = workshop.records(summary)
    history: list[dict[str, str]] = [{"role": "system", "content": "You are a cat. Meow."}]
    expected = []
    for number, text in enumerate(("Who are you?", "What do you eat?", "Good night!"), start=1):
        history.append({"role": "user", "content": text})
        expected.append(list(history))
        history.append({"role": "assistant", "content": answer(history)})
        probes = ("Your name?", "What is 2+2?")[: 2 if number == 2 else 1]
        expected += [[*history, {"role": "user", "content": probe}] for probe in probes]
    assert sent(workshop) == expected
    assert [(one.role, one.content) for one in record.messages] == [tuple(one.values()) for one in history[:-1]]
    assert record.reply == history[-1]["content"]
    assert record.turns is not None
    assert record.probes is not None
    assert [(turn.user, turn.status) for turn in record.turns] == [
        ("Who are you?", "ok"),
        ("What do you eat?", "ok"),
        ("Good night!", "ok"),
    ]
    assert [turn.reply for turn in record.turns] == [one["content"] for one in history if one["role"] == "assistant"]
    assert [(probe.after, probe.text) for probe in record.probes] == [
        (1, "Your name?"),
        (2, "Your name?"),
        (2, "What is 2+2?"),
        (3, "Your name?"),
    ]
    assert [[check.check for check in turn.checks] for turn in record.turns] == [
        ["contains"],
        ["contains"] * 2,
        ["contains"],
    ]
    assert [len(probe.checks) for probe in record.probes] == [1, 1, 0, 1]
    assert record.checks == record.turns[-1].checks
    assert all(turn.usage and turn.timing and turn.request_id for turn in record.turns)


def test_the_record_fits_its_schema_and_all_requests_are_counted(workshop: Workshop) -> None:
    summary = workshop.run([workshop.write("cat.yaml", FADE)])
    line = (Path(summary.path) / "records.jsonl").read_text(encoding="utf-8")
    jsonschema.validate(json.loads(line), json.loads(SCHEMA.read_text(encoding="utf-8")))
    (record,) = workshop.records(summary)
    assert summary.tokens.prompt == 7 * 7
    assert summary.checks.total == 4 + 3
    assert len(list(record.usages)) == 7
    resumed = workshop.run([], resume=summary.path)
    assert resumed.asked == 0
    assert resumed.tokens.prompt == 7 * 7


def test_no_probe_enters_a_history_byte_for_byte(workshop: Workshop) -> None:
    workshop.run([workshop.write("cat.yaml", FADE)])
    probes = {"Your name?", "What is 2+2?"}
    for messages in sent(workshop):
        assert not probes & {one["content"] for one in messages[:-1]}
        for number, one in enumerate(messages):
            if one["role"] == "assistant":
                assert one["content"] == answer(messages[:number])


def test_in_a_talk_each_sees_the_other_as_the_user(workshop: Workshop) -> None:
    summary = workshop.run([workshop.write("talk.yaml", TALK)], persona_globs=("pirate",))
    (record,) = workshop.records(summary)
    assert record.turns is not None
    pirate: list[dict[str, str]] = [{"role": "system", "content": "You are a pirate."}]
    teacher = [{"role": "user", "content": "You are a teacher."}]
    text = "Ahoy!"
    expected = []
    for number in range(3):
        pirate.append({"role": "user", "content": text})
        teacher.append({"role": "assistant", "content": text})
        expected.append(list(pirate))
        reply = answer(pirate)
        pirate.append({"role": "assistant", "content": reply})
        teacher.append({"role": "user", "content": reply})
        expected.append([*pirate, {"role": "user", "content": "Who are you?"}])
        if number < 2:
            expected.append(list(teacher))
            text = answer(teacher)
    assert sent(workshop) == expected
    assert [turn.partner and turn.partner.persona for turn in record.turns] == [None, "teacher", "teacher"]
    assert [one.content for one in record.opening] == ["You are a pirate."]


def test_a_greeting_is_no_turn_of_a_conversation(workshop: Workshop) -> None:
    asked = "questions: [{id: a, turns: [Hi, Ho]}, Hey]\n"
    text = f"id: cat\nsystem: Meow.\nexamples: [{{assistant: Purr.}}]\ncontrols: []\n{asked}"
    summary = workshop.run([workshop.write("cat.yaml", text)])
    for record in workshop.records(summary):
        assert [one.content for one in record.opening] == ["Meow.", "Purr."]
        assert record.asked[2:3] in (["Hi"], [Message("user", "Hey")])
    assert workshop.run([], resume=summary.path).asked == 0


@pytest.mark.parametrize("rpm_kills", [1, 2, 3, 4, 5, 6])
def test_a_turn_that_fails_is_asked_again_alone(workshop: Workshop, rpm_kills: int) -> None:
    fine = [Act()] * (rpm_kills - 1)
    script = Script(acts=[*fine, Act(status=503, headers={"Retry-After": "0"}, body="busy")])
    summary = workshop.run([workshop.write("cat.yaml", FADE)], script)
    whole = workshop.run([workshop.write("cat.yaml", FADE)])
    assert len(sent(workshop)) == 8 + 7
    assert replies(workshop.records(summary)) == replies(workshop.records(whole))


def test_a_talk_that_outgrows_the_context_says_so_and_keeps_its_turns(workshop: Workshop) -> None:
    summary = workshop.run([workshop.write("cat.yaml", PLAIN)], Script(lengths={6: TOO_LONG}))
    (record,) = workshop.records(summary)
    assert (record.status, record.finish_reason) == ("truncated", "context_length")
    assert record.error is not None
    assert record.error.kind == "context_too_long"
    assert record.turns is not None
    assert [turn.status for turn in record.turns] == ["ok", "ok", "error"]
    assert record.reply == record.turns[1].reply
    assert len(record.messages) == 4
    assert [one.content for one in record.opening] == ["You are a cat. Meow."]
    assert summary.exit_code == 0


def test_a_first_turn_that_does_not_fit_is_an_error(workshop: Workshop) -> None:
    summary = workshop.run([workshop.write("cat.yaml", FADE)], Script(default=TOO_LONG))
    (record,) = workshop.records(summary)
    assert (record.status, len(record.turns or ())) == ("error", 1)
    assert summary.exit_code == 1


@pytest.mark.parametrize(
    ("lengths", "status", "turns"),
    [
        ({4: Act(status=400, body=error_body("bad"))}, "error", ["ok", "error"]),
        ({2: Act(reply="")}, "empty", ["empty"]),
        ({6: Act(finish_reason="content_filter")}, "filtered", ["ok", "ok", "filtered"]),
        ({2: Act(finish_reason="length")}, "ok", ["truncated", "ok", "ok"]),
    ],
)
def test_a_conversation_ends_where_it_cannot_go_on(
    workshop: Workshop, lengths: dict[int, Act], status: str, turns: list[str]
) -> None:
    summary = workshop.run([workshop.write("cat.yaml", PLAIN)], Script(lengths=lengths))
    (record,) = workshop.records(summary)
    assert record.status == status
    assert [turn.status for turn in record.turns or ()] == turns
    assert record.reply == (record.turns or [])[-1].reply
    assert len(workshop.asked) == len(turns)


def test_a_probe_that_is_given_up_ends_the_conversation(workshop: Workshop) -> None:
    bad = Act(status=400, body=error_body("bad"))
    summary = workshop.run([workshop.write("cat.yaml", FADE)], Script(acts=[Act(), bad]))
    (record,) = workshop.records(summary)
    assert record.error is not None
    assert record.error.message.startswith("the probe after turn 1: ")
    assert (record.status, len(record.turns or ()), len(record.probes or ())) == ("error", 1, 1)
    assert summary.exit_code == 1


def test_a_failed_conversation_is_asked_whole_again(workshop: Workshop) -> None:
    cat = workshop.write("cat.yaml", PLAIN)
    failed = workshop.run([cat], Script(lengths={6: Act(status=400, body=error_body("bad"))}))
    assert failed.exit_code == 1
    before = len(workshop.asked)
    again = workshop.run([], resume=failed.path, retry_errors=True)
    assert again.exit_code == 0
    assert len(workshop.asked) - before == 3
    (record,) = workshop.records(again)
    assert [turn.status for turn in record.turns or ()] == ["ok", "ok", "ok"]


def test_a_conversation_is_begun_only_if_the_budget_holds_all_of_it(workshop: Workshop) -> None:
    cat = workshop.write("cat.yaml", FADE.replace("concurrency: 4", "concurrency: 4, samples: 3"))
    summary = workshop.run([cat], max_requests=16)
    assert summary.exit_code == 3
    assert len(workshop.asked) == 14
    assert len(workshop.records(summary)) == 2
    rest = workshop.run([], resume=summary.path, max_requests=16)
    assert (rest.exit_code, len(workshop.asked)) == (0, 21)


def test_a_budget_below_one_conversation_is_refused_with_words(workshop: Workshop) -> None:
    with pytest.raises(UsageError, match="up to 7 requests"):
        workshop.run([workshop.write("cat.yaml", FADE)], max_requests=6)
    assert not workshop.asked
    assert not workshop.runs


def test_the_days_quota_is_given_back_what_was_not_sent(workshop: Workshop) -> None:
    cat = workshop.write(
        "cat.yaml", FADE.replace("concurrency: 4", "concurrency: 1, samples: 2, limits: {per_day: 14}")
    )
    first = workshop.run([cat], Script(acts=[Act(reply="")]))
    assert first.exit_code == 0  # the first conversation ended after one request, so the second had room
    assert len(workshop.asked) == 8
    second = workshop.run([cat])
    assert second.exit_code == 3
    assert len(workshop.asked) == 8  # six are left of the day, too few for one


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(TEXT, min_size=2, max_size=4), concurrency=st.integers(1, 8), stop=st.integers(1, 30))
def test_stopped_and_resumed_conversations_are_those_of_an_uninterrupted_run(
    workshop: Workshop, turns: list[str], concurrency: int, stop: int
) -> None:
    questions = [{"id": f"q{n}", "turns": [f"{n}", *turns], "probe": "Who?"} for n in range(3)]
    text = json.dumps({"id": "cat", "system": "Meow.", "questions": questions, "run": {"concurrency": concurrency}})
    cat = workshop.write("cat.yaml", text)
    whole = workshop.run([cat])
    most = max(stop, 2 * (len(turns) + 1))
    part = workshop.run([cat], max_requests=most)
    while part.exit_code == 3:
        part = workshop.run([], resume=part.path, max_requests=most)
    assert part.exit_code == 0
    assert replies(workshop.records(part)) == replies(workshop.records(whole))


def replies(records: list[Record]) -> dict[str, object]:
    """Return what was said, by key."""
    return {
        one.key: (
            one.messages,
            [(turn.user, turn.reply) for turn in one.turns or ()],
            [(probe.after, probe.text, probe.reply) for probe in one.probes or ()],
        )
        for one in records
    }
