import base64
import gzip
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from comparing.made import prose
from persona_batch.chat import Message, Usage
from persona_batch.comparing.corpus import STATUSES
from persona_batch.errors import UsageError
from persona_batch.record import CheckResult, ErrorInfo, Record, Timing
from persona_batch.record.record import PartnerRecord, ProbeRecord, TurnRecord, encode
from persona_batch.reporting.blocks import Checks, Packer, packed, unpacked
from reporting.runs import crew, keys_in, messages_in

TEXTS = st.text(st.characters(), max_size=40)  # lone surrogates among them
HM = Message("user", "Hm?")
KEYS = st.binary(min_size=16, max_size=16).map(bytes.hex)
MESSAGES = st.builds(Message, st.sampled_from(["system", "user", "assistant"]), TEXTS, st.none() | TEXTS)
RECORDS = st.builds(
    Record,
    key=KEYS,
    persona=st.just("pirate"),
    question=st.just("q"),
    sample=st.integers(0, 9),
    messages=st.lists(MESSAGES, max_size=4),
    reply=TEXTS,
    reasoning=st.none() | TEXTS,
    status=st.sampled_from(STATUSES),
    finish_reason=st.none() | TEXTS,
    error=st.none() | st.builds(ErrorInfo, TEXTS, TEXTS, st.none() | st.integers(400, 599)),
    usage=st.none() | st.builds(Usage, st.integers(0, 99) | st.none(), st.none()),
    timing=st.none() | st.builds(Timing, TEXTS, st.none() | st.floats(0, 1e6), st.none() | st.floats(0, 1e6)),
    attempts=st.integers(1, 9),
    engine=st.sampled_from([None, "batch"]),
    model_returned=st.none() | TEXTS,
    checks=st.lists(st.builds(CheckResult, st.just("contains"), st.booleans(), TEXTS, st.none() | TEXTS), max_size=3),
)


def block_of(records: list[Record], strings: dict[str, int], checks: Checks | None = None) -> dict[str, Any]:
    packer = Packer(strings, checks or Checks())
    found = unpacked(packed(packer.block((number % 3, one, ()) for number, one in enumerate(records))))
    assert isinstance(found, dict)
    return found


@given(st.lists(RECORDS, min_size=1, max_size=6), st.data())
def test_any_records_come_back_as_they_went_in(records: list[Record], data: st.DataObject) -> None:
    contents = list(dict.fromkeys(message.content for one in records for message in one.messages))
    shared = data.draw(st.lists(st.sampled_from(contents), unique=True)) if contents else []
    checks = Checks()
    block = block_of(records, {content: number for number, content in enumerate(shared)}, checks)
    labels = list(checks.labels)
    assert keys_in(block) == [one.key for one in records]
    assert block["reply"] == [one.reply for one in records]
    for place, one in enumerate(records):
        assert messages_in(block, shared, place) == [
            {"role": said.role, "content": said.content, **({} if said.name is None else {"name": said.name})}
            for said in one.messages
        ]
        told = block["checks"][place] if "checks" in block else []
        assert [(labels[number], passed, *why) for number, passed, *why in told] == [
            (result.label, result.passed, *(() if result.reason is None else (result.reason,))) for result in one.checks
        ]
    columns = {
        "reasoning": [one.reasoning for one in records],
        "finish": [one.finish_reason for one in records],
        "error": [None if one.error is None else msgspec.to_builtins(one.error) for one in records],
        "ttft": [None if one.timing is None else one.timing.ttft_ms for one in records],
        "prompt_tokens": [None if one.usage is None else one.usage.prompt_tokens for one in records],
    }
    for name, values in columns.items():
        assert block.get(name, [None] * len(records)) == values, name
    assert block.get("attempts", [1] * len(records)) == [one.attempts for one in records]
    assert block.get("engine", [None] * len(records)) == [one.engine for one in records]
    others = [None if one.model_returned == one.model else one.model_returned for one in records]
    assert block.get("returned", [None] * len(records)) == others
    assert [STATUSES[number] for number in block["status"]] == [one.status for one in records]


def test_conversations_keep_turns_probes_and_who_spoke_as_the_user() -> None:
    passed = CheckResult("contains", True, "Arrr")
    turns = [
        TurnRecord(user="Hello!", reply="Arrr.", status="ok", checks=[passed]),
        TurnRecord(user="And?", status="error", error=ErrorInfo("server", "HTTP 500"),
                   partner=PartnerRecord(persona="teacher", model="m", status="ok")),
    ]  # fmt: skip
    probes = [ProbeRecord(after=1, text="Who are you?", reply="A pirate.", status="ok")]
    talk = replace(crew()[0], turns=turns, probes=probes)
    (found,) = block_of([talk], {})["talk"]
    assert found == {
        "turns": [
            {"user": "Hello!", "reply": "Arrr.", "status": 0, "checks": [[0, True]]},
            {"user": "And?", "reply": "", "status": 4, "checks": [], "error": "HTTP 500"},
        ],
        "probes": [{"after": 1, "text": "Who are you?", "reply": "A pirate.", "status": 0, "checks": []}],
        "partner": "teacher",
    }


def test_thoughts_stay_out_where_they_are_not_wanted() -> None:
    thinking = replace(crew()[0], reasoning="Let me see.")
    assert Packer({}, Checks(), reasoning=False).block([(0, thinking, ())]).get("reasoning") is None
    assert Packer({}, Checks()).block([(0, thinking, ())])["reasoning"] == ["Let me see."]


def test_a_key_that_is_none_is_refused_by_the_names_of_its_cell() -> None:
    with pytest.raises(UsageError, match="record of pirate, q7 has the key 'abc'"):
        Packer({}, Checks()).block([(0, replace(crew()[-1], key="abc"), ())])


def test_columns_of_a_question_pack_better_than_its_records_one_by_one() -> None:
    rng = np.random.default_rng(1)
    vocabulary = ["".join(rng.choice(list("etaoinshrdlu"), size)) for size in rng.integers(2, 9, 4_000)]
    prompts = [prose(rng, 50, vocabulary) for _ in range(10)]
    records = [
        replace(one, reply=prose(rng, 160, vocabulary), messages=[Message("system", prompts[number % 10]), HM])
        for number, one in enumerate(crew(questions=1, samples=40)[:100])
    ]
    packer = Packer({text: number for number, text in enumerate(prompts)}, Checks())
    size = len(packed(packer.block((0, one, ()) for one in records)))
    replies = len(base64.b64encode(gzip.compress("\n".join(one.reply for one in records).encode())))
    assert size < 1.1 * replies  # all that is no reply adds next to nothing
    assert size < 0.7 * sum(len(base64.b64encode(gzip.compress(encode(one)))) for one in records)
