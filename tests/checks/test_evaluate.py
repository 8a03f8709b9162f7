"""What passes each check."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_batch.checks import Check, CheckKind, evaluate
from persona_batch.checks.pattern import PatternError, compile_pattern, flaw_of

CASES: list[tuple[CheckKind, str | int | tuple[str, ...], str, bool]] = [
    ("contains", "俺老孙", "嘿，俺老孙来也！", True),
    ("contains", "Arrr", "arrr, matey", False),
    ("contains", ("ship", "sea"), "The sea calls.", True),
    ("contains", ("ship", "sea"), "The land calls.", False),
    ("not_contains", "AI", "I am a cat.", True),
    ("not_contains", ("AI", "cat"), "I am a cat.", False),
    ("equals", "42", " 42\n", True),
    ("equals", "42", "42.", False),
    ("equals", "", "  ", True),
    ("min_chars", 2, "孙空", True),
    ("min_chars", 3, " 孙空 ", False),
    ("max_chars", 2, "孙空", True),
    ("max_chars", 1, "😀", True),
    ("max_chars", 1, "ab", False),
    ("regex", "(?i)arrr", "ARRR!", True),
    ("regex", "^b", "a\nb", False),
    ("regex", "(?m)^b", "a\nb", True),
    ("language", "zh", "你好", True),
    ("language", "en", "你好", False),
]


@pytest.mark.parametrize(("kind", "argument", "reply", "passes"), CASES)
def test_a_check_and_its_opposite(
    kind: CheckKind, argument: str | int | tuple[str, ...], reply: str, passes: bool
) -> None:
    assert evaluate(Check(kind, argument), reply) is passes
    assert evaluate(Check(kind, argument, negated=True), reply) is not passes


@given(text=st.text(), reply=st.text())
def test_contains_and_not_contains_are_opposites(text: str, reply: str) -> None:
    assert evaluate(Check("contains", text), reply) is not evaluate(Check("not_contains", text), reply)
    assert evaluate(Check("contains", text), f"{reply}{text}")


def test_a_catastrophic_pattern_ends_and_fails_both_ways() -> None:
    reply = "a" * 2000 + "!"
    check = Check("regex", r"^(([a-z])+.)+[A-Z]([a-z])+$")
    began = time.perf_counter()

    outcomes = [evaluate(check, reply), evaluate(Check("regex", str(check.argument), negated=True), reply)]

    assert outcomes == [False, False]
    assert time.perf_counter() - began < 20


def test_a_malformed_pattern_is_named() -> None:
    with pytest.raises(PatternError, match="position"):
        compile_pattern("a(b")


@pytest.mark.parametrize("pattern", ["a(b", "{i}", "*", "[z-a]", "(?<n>a)(?<n>b", "(?P<1>a)", "[a--b]"])
def test_what_is_wrong_with_a_pattern_is_said_when_its_file_is_read(pattern: str) -> None:
    assert flaw_of(pattern)


@given(pattern=st.text(st.sampled_from("ab()[]|*+?.^$\\-{}12dwP<>=:!"), max_size=8))
def test_a_pattern_without_flaw_compiles(pattern: str) -> None:
    if flaw_of(pattern) is None:
        assert isinstance(evaluate(Check("regex", pattern), "abab"), bool)
