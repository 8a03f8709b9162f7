"""What each check says of a reply: whether it passes, and if not, why."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.checks import Check, CheckKind, evaluate, fault_of
from persona_batch.checks.check import check_of
from persona_batch.checks.quoting import LONGEST

REASONS: list[tuple[CheckKind, Any, str, str | None]] = [
    ("contains", "俺老孙", "我是孙悟空", "no `俺老孙`"),
    ("contains", ("ship", "sea"), "land", "no `ship` or `sea`"),
    ("not_contains", ("AI", "cat"), "I am a cat.", "found `cat`"),
    ("regex", "a+", "b", "no match"),
    ("equals", "42", "43\n", "found `43`"),
    ("equals", "42", "\x1b[31m4\n3", "found `[31m4 3`"),
    ("min_chars", 3, " 孙空 ", "found 2 characters"),
    ("max_chars", 0, "孙", "found 1 character"),
    ("max_width", 4, "你好", None),
    ("max_width", 3, "你好", "found a width of 4"),
    ("max_width", 2, "é́a", None),
    ("min_width", 3, "ＡＢ", None),
    ("min_width", 3, "AB", "found a width of 2"),
    ("language", "zh", "Who are you?", "written in en"),
    ("language", "en", "123", "written in no language that is known"),
    ("in_character", True, "As an AI model, I cannot say.", "found `As an AI`"),
    ("all_caps", True, "ARRR, 你好！", None),
    ("all_caps", True, "ＡＲＲ", None),
    ("all_caps", True, "ARRr", "found the small letter `r`"),
    ("all_caps", True, "你好！", "no letter that has a capital"),
    ("json", True, ' {"a": [1, null]}\n', None),
    ("json", True, '```json\n{"a": 1}\n```', None),
    ("json", True, "```\n[]\n```\n", None),
    ("json", True, "9" * 5_000, None),
    ("json", True, '{"a":\n 1 "b": 2}', "line 2, column 4: Expecting ',' delimiter"),
    (
        "json",
        True,
        "```json\n{\n```",
        "in the fence, line 1, column 2: Expecting property name enclosed in double quotes",
    ),
    ("json", True, 'Here: {"a": 1}', "line 1, column 1: Expecting value"),
    ("json", True, "NaN", "NaN is no JSON"),
    ("json", True, "[" * 100_000, "nested too deeply to be read"),
    ("json", {"required": ["a", "b", "c"]}, '{"a": 1}', "without the key `b`, `c`"),
    ("json", {"required": ["a"]}, '["a"]', "found an array, expected an object"),
    ("json", {"type": "number"}, "null", "found null, expected a number"),
    ("share_of", {"words": ["俺老孙"], "at_least": 0.6}, "俺老孙来也！", None),
    ("share_of", {"words": ["俺老孙"], "at_least": 0.61}, "俺老孙来也！", "the share is 0.6"),
    ("share_of", {"words": ["老孙"], "at_least": 0.1}, "老，孙", "the share is 0"),
    ("share_of", {"words": ["arrr", "matey"], "at_least": 0.3}, "Arrr, matey! The sea is blue.", None),
    ("share_of", {"words": ["ship"], "at_least": 0.1}, "ships", "the share is 0"),
    ("share_of", {"words": ["sea dog", "sea"], "at_most": 0.5}, "a Sea  dog", "the share is 0.667"),
    ("share_of", {"words": ["don't"], "at_least": 1}, "Don’t don't", None),
    ("share_of", {"words": ["x"], "at_least": 0.1}, "…", "the share is 0"),
    ("share_of", {"script": "han", "at_least": 0.7}, "你好abc", "the share is 0.667"),
    ("share_of", {"script": "latin", "at_most": 0.1}, "你好！", None),
    ("any", [{"contains": "x"}, {"max_chars": 2}], "hello", "contains: no `x`; max_chars: found 5 characters"),
    ("any", [{"contains": "x"}, {"not": {"contains": "y"}}], "hello", None),
    ("all", [{"contains": "h"}, {"max_chars": 2}], "hello", "max_chars: found 5 characters"),
    ("all", [{"any": [{"contains": "h"}, {"contains": "x"}]}, {"max_chars": 5}], "hello", None),
]


@pytest.mark.parametrize(("kind", "argument", "reply", "reason"), REASONS)
def test_a_reply_that_fails_is_told_why(kind: CheckKind, argument: Any, reply: str, reason: str | None) -> None:
    assert fault_of(Check(kind, argument), reply) == reason
    assert evaluate(Check(kind, argument), reply) is (reason is None)
    assert evaluate(Check(kind, argument, negated=True), reply) is (reason is not None)


@pytest.mark.parametrize(
    ("kind", "argument", "reply", "reason"),
    [
        ("contains", "俺", "俺老孙", "found `俺`"),
        ("regex", "[ab]+", "abba", "found `abba`"),
        ("language", "zh", "你好", "written in zh"),
        ("any", [{"contains": "x"}, {"contains": "h"}], "hello", "passes contains: found `h`"),
        ("all", [{"contains": "h"}, {"not": {"json": True}}], "hello", "passes contains, not json"),
    ],
)
def test_what_fails_under_not_is_told_what_was_found(kind: CheckKind, argument: Any, reply: str, reason: str) -> None:
    assert fault_of(Check(kind, argument, negated=True), reply) == reason


SENTENCES = {
    "Hello.": 1,
    "Hello there": 1,
    "Hello. I am Bob.": 2,
    "Yes! No! Maybe!": 3,
    "你好！": 1,
    "你好！我是悟空。": 2,
    "俺老孙来也！😀": 1,
    "嘿嘿……俺来也！": 1,
    "他说：“你好！我走了。”": 1,
    "“你好！我是悟空。”": 2,
    '"Stop!" he said.': 1,
    "Mr. Bond paid 3.5 dollars to J. R. Tolkien, e.g. in gold.": 1,
    "**Arrr!**": 1,
    "1. Do it": 1,
    "- one\n- two": 2,
    "Dear Bob,\nI am here.": 1,
    "A line\nanother line": 2,
    "…": 0,
    "": 0,
    "😀": 0,
    "\ud800 hi.": 1,
}


@pytest.mark.parametrize(("reply", "count"), SENTENCES.items())
def test_sentences_are_counted_in_both_languages(reply: str, count: int) -> None:
    told = {0: "found no sentence", 1: None}.get(count, f"found {count} sentences")
    assert fault_of(Check("one_sentence", True), reply) == told


def test_what_cannot_be_told_fails_both_ways_wherever_it_stands() -> None:
    slow = {"regex": r"^(([a-z])+.)+[A-Z]([a-z])+$"}
    reply = "a" * 2000 + "!"
    for check in (Check("any", [slow, {"json": True}]), Check("all", [slow, {"contains": "a"}])):
        assert fault_of(check, reply) is not None
        assert "the pattern took longer than 1 s" in (fault_of(Check(check.kind, check.argument, True), reply) or "")


NESTED = st.recursive(
    st.one_of(
        st.builds(lambda text: Check("contains", text), st.text(min_size=1, max_size=3)),
        st.builds(lambda most, negated: Check("max_chars", most, negated), st.integers(0, 5), st.booleans()),
        st.just(Check("share_of", {"script": "han", "at_least": 0.5})),
        st.just(Check("choice", ["A", "B"])),
        st.just(Check("json", {"required": ["a"]})),
        st.just(Check("custom", {"name": "haiku", "lines": 3, "given": "x"})),
    ),
    lambda inner: st.builds(
        lambda kind, checks, negated: Check(kind, tuple(checks), negated),
        st.sampled_from(("any", "all")),
        st.lists(inner, min_size=1, max_size=3),
        st.booleans(),
    ),
    max_leaves=6,
)


@given(NESTED)
def test_a_check_comes_back_from_a_record_and_from_a_manifest(check: Check) -> None:
    written = msgspec.json.decode(msgspec.json.encode(check.written))
    kept = msgspec.json.decode(msgspec.json.encode(check))
    assert check_of(written) == check == msgspec.convert(kept, Check)
    assert hash(check_of(written)) == hash(check)


@given(NESTED, st.text(max_size=600))
def test_a_reason_is_one_short_line(check: Check, reply: str) -> None:
    reason = fault_of(check, reply, "A")
    assert (reason is None) is evaluate(check, reply, "A")
    assert reason is None or (0 < len(reason) <= LONGEST and len(reason.splitlines()) == 1)


@pytest.mark.parametrize(
    "written",
    [
        {"contains": 5},
        {"max_chars": "5"},
        {"language": "xx"},
        {"share_of": 3},
        {"any": [{"none": 1}]},
        {"any": "x"},
        {"json": "x"},
        {"rhymes": True},
        {"custom": {}},
        "x",
    ],
)
def test_what_is_no_check_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        check_of(written)
