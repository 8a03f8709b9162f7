"""Plain values of foreign YAML are what JSON has, or the text that stands there."""

from pathlib import Path

import pytest

from persona_batch.chat import JsonValue
from persona_batch.exchange.reading.source import Source, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("012", "012"),
        ("1e3", "1e3"),
        ("12", 12),
        ("-0.5", -0.5),
        ("true", True),
        ("~", None),
        ("", None),
        ("{2: a, null: b, true: c}", {"2": "a", "null": "b", "true": "c"}),
        ("[&x [1], *x]", [[1], [1]]),
        ("{<<: {a: 1}, b: 2}", {"a": 1, "b": 2}),
        ("!!timestamp 2024-01-01", "2024-01-01"),
        ("!!set {a, b}", ["a", "b"]),
    ],
)
def test_a_plain_value_is_read_as_yaml_1_2_has_it(text: str, value: JsonValue) -> None:
    read = read_yaml(text, Source(Path("x.yaml"), "x.yaml"))
    assert (sorted(read) if text.startswith("!!set") else read) == value
