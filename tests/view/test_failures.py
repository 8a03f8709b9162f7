from persona_batch.record import ErrorInfo
from persona_batch.view.failures import Failures


def reasons(*errors: tuple[str, str]) -> str:
    failures = Failures()
    for kind, message in errors:
        failures.add(ErrorInfo(kind, message))
    return failures.reasons()


def test_no_failure_has_no_reason() -> None:
    assert reasons() == ""


def test_failures_of_one_kind_are_told_by_the_first() -> None:
    assert reasons(("server", "HTTP 500: oops"), ("server", "HTTP 502")) == "server: HTTP 500: oops"


def test_several_kinds_are_counted_the_most_frequent_first_and_cut() -> None:
    errors = [("a", "x"), ("b", "y"), ("b", "z"), ("c", "u"), ("c", "v"), ("c", "w")]
    assert reasons(*errors) == "3 × c: u; 2 × b: y; …"
    assert reasons(*errors[:3]) == "2 × b: y; 1 × a: x"


def test_a_message_is_harmless_on_one_line_and_not_long() -> None:
    told = reasons(("server", "\x1b[31m" + "long \n" * 100))
    assert "\x1b" not in told
    assert len(told) == len("server: ") + 120
    assert told.endswith("…")
