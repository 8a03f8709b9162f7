"""What holds for all files: never a crash, stable ids, the order of merging."""

import json
import unicodedata
from pathlib import Path

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from persona_batch.config.load import load_batch
from persona_batch.config.names import id_from_stem, id_from_text, normalise_id
from persona_batch.config.nodes import plain
from persona_batch.config.params import differing, merge, shared
from persona_batch.config.problems import Problems, Unreadable
from persona_batch.config.source import compose
from persona_batch.errors import ConfigError

one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)

KEYS = [
    "system",
    "id",
    "questions",
    "params",
    "run",
    "checks",
    "controls",
    "personas",
    "attributes",
    "examples",
    "from",
]
INNER = ["text", "file", "contains", "not", "regex", "limits", "provider", "base_url", "temperature", "user", "turns"]
PIECES = [
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!!str ",
    "|\n",
    "no",
    "1e3",
    "~",
    '"',
    "'",
    "\n",
    "  ",
    "\t",
    "---\n",
    "：",
    "，",
    "“",
    "”",
    "－ ",
    "\u3000",
    "｛",
    "］",
    "＃",
    "｜\n",
    " # ",
    "\n  # ",
    '"\\ud83d',
    "\\ude00",
]


def nested(floats: st.SearchStrategy[float]) -> st.SearchStrategy[object]:
    """Return values of any shape that a file can hold."""
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        floats,
        st.text(max_size=8),
        st.sampled_from([*KEYS, *INNER, "q.yaml"]),
    )
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.one_of(st.sampled_from([*KEYS, *INNER]), st.text(max_size=4)), inner, max_size=3),
        ),
        max_leaves=12,
    )


values = nested(st.floats())
json_values = nested(st.floats(allow_nan=False, allow_infinity=False))  # JSON has no others: RFC 8259, section 6
documents = st.dictionaries(st.sampled_from(KEYS), values, max_size=6)
params = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2), max_size=4)


def survives(path: Path, content: bytes) -> None:
    """Load the content: a batch, or an error whose every problem has a place in a named file."""
    path.write_bytes(content)
    try:
        load_batch([path])
    except ConfigError as error:
        problems = error.problems
    else:
        return
    assert problems
    for problem in problems:
        assert problem.file
        assert problem.message
        assert str(problem).isprintable()


@one_folder
@given(content=st.binary(max_size=200))
@example(content=b"\xff\xfe\x00")
@example(content=b"\xef\xbb\xbf")
def test_no_bytes_crash(content: bytes, tmp_path: Path) -> None:
    survives(tmp_path / "p.yaml", content)


@one_folder
@given(pieces=st.lists(st.one_of(st.sampled_from([*PIECES, *KEYS, *INNER]), st.text(max_size=5)), max_size=25))
@example(pieces=["? [a]\n: b"])
@example(pieces=["&a [*a]"])
@example(pieces=["%YAML 9.9\n---\na: b"])
@example(pieces=['system: "\\ud800"'])
@example(pieces=["system: {: }"])
@example(pieces=["- " * 500])
@example(pieces=["system: x\nattributes: {“a”： }"])
@example(pieces=["“”: “"])
@example(pieces=['a: "\\ud83d\\U00110000"'])
def test_no_text_crashes(pieces: list[str], tmp_path: Path) -> None:
    survives(tmp_path / "p.yaml", "".join(pieces).encode(errors="ignore"))


@one_folder
@given(document=documents)
@example(document={"system": {"file": "a\0b"}, "questions": ["x"]})
@example(document={"system": "x", "questions": ["x/" * 600]})
@example(document={"system": "x", "questions": ["~nobody/q.yaml"]})
@example(document={"examples": {"Q\x1f": None}})
@example(document={"run": {"factors": {"Q\x1f": 1}}})
def test_no_document_of_the_right_keys_and_any_values_crashes(document: dict[str, object], tmp_path: Path) -> None:
    survives(tmp_path / "p.yaml", yaml.safe_dump(document, allow_unicode=True).encode(errors="ignore"))


@given(document=st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), json_values))
@example(document={"a": 1e300, "b": [-1e-300, 5e-324]})
def test_json_is_read_as_json_reads_it(document: dict[str, object]) -> None:
    text = json.dumps(document, ensure_ascii=True)
    problems = Problems()
    try:
        root = compose(text, "p.yaml", problems)
    except Unreadable:
        assert problems.found
        return
    if not problems.found:
        assert json.dumps(plain(root)) == text


@given(text=st.text(min_size=1).filter(str.strip))
@example(text="你是谁？")
@example(text="?")
@example(text="Who are you?")
@example(text="\u0301?")
def test_the_id_of_an_inline_question_is_a_right_id_made_of_its_text_alone(text: str) -> None:
    name = id_from_text(text)
    assert normalise_id(name) == name
    assert id_from_text(unicodedata.normalize("NFD", text)) == name


def test_ids_of_inline_questions_tell_what_is_asked() -> None:
    assert id_from_text("你是谁？") == "你是谁"
    assert id_from_text("Who are you?") == "Who-are-you"
    assert id_from_text("Who, me?") == "Who-me-7eb781"
    assert id_from_text("？！").startswith("q-")
    assert id_from_text("a" * 300).startswith("a" * 24 + "-")


@given(stem=st.text())
def test_a_stem_gives_a_right_id_or_none(stem: str) -> None:
    name = id_from_stem(stem)
    assert name is None or normalise_id(name) == name


@given(low=params, middle=params, high=params)
def test_the_later_layer_wins_key_by_key(low: dict[str, int], middle: dict[str, int], high: dict[str, int]) -> None:
    merged = merge(low, middle, high)
    assert merged == merge(merge(low, middle), high) == merge(low, merge(middle, high))
    assert set(merged) == {*low, *middle, *high}
    for name, value in merged.items():
        assert value == next(layer[name] for layer in (high, middle, low) if name in layer)


@given(layers=st.lists(params, min_size=1, max_size=4))
def test_params_are_shared_or_differ(layers: list[dict[str, int]]) -> None:
    common = shared(layers)
    assert all(common.items() <= layer.items() for layer in layers)
    assert set(differing(layers)) == {name for layer in layers for name in layer} - set(common)
