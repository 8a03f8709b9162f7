"""What is found arrives: written, read back by our own reader, the same texts to the byte."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_batch.config.document import Library
from persona_batch.config.load import load_batch
from persona_batch.config.problems import Problems
from persona_batch.config.questions import QuestionRegistry
from persona_batch.errors import UsageError
from persona_batch.exchange.sources.found import Found, FoundExample, FoundPersona, FoundQuestion, FoundSet
from persona_batch.exchange.sources.writing.writing import Written, write

_ODD = st.sampled_from(
    [
        "\r\n", "\r", "\n", "\n\n", " ", "  ", "\t", "\x85", "\u2028", "\u2029", "\ufeff", "\x01", "\x7f", "😀", "no",
        "12:30", "1e3", "#", " # x", "{{ x }}", "{% if %}", "---", "- ", ": ", "'", '"', "\\", "|", ">", "&a", "*a",
        "!t", "你好", "：", "，", "“引”", "null", "~", "\u200b", "\ud7ff", "\ue000", "\uffff", "\U0001fffe", "a\u0301",
    ]
)  # fmt: skip
_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
TEXTS = st.lists(_ODD | _WORDS, max_size=6).map("".join)
_ASKED = TEXTS.filter(lambda text: bool(text.strip()))


def written(found: Found, folder: Path, *, force: bool = False) -> Written:
    return write(lambda: [("source", found)], folder, force=force)


def prompts(folder: Path) -> dict[str, tuple[str | None, ...]]:
    batch = load_batch([str(folder / "personas")], need_questions=False)
    found = {}
    for one in batch.personas:
        if one.rows is None:
            found[one.id] = one.variants
            continue
        for number in range(len(one.rows)):
            row = one.rows.persona(one, number)
            found[row.id] = row.variants
    return found


def asked(folder: Path, stem: str) -> dict[str, tuple[str, ...]]:
    problems = Problems()
    questions = QuestionRegistry(Library(problems)).from_files([str(folder / "prompts" / f"{stem}.yaml")])
    problems.raise_if_any()
    return {one.id: tuple(turn.text for turn in one.turns) or (one.text,) for one in questions}


@settings(max_examples=60)
@given(st.lists(TEXTS, min_size=1, max_size=4, unique=True), TEXTS, TEXTS, st.dictionaries(_WORDS, TEXTS, max_size=2))
def test_every_text_of_a_persona_arrives(variants: list[str], name: str, said: str, attributes: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one = FoundPersona(
            id="one",
            name=name,
            system=variants,
            attributes=attributes,
            examples=[FoundExample(user=f"u{said}", assistant=f"{said}a")],
        )
        written(Found(stem="s", personas=[one]), Path(folder))
        batch = load_batch([f"{folder}/personas/s.yaml"], need_questions=False)
        (read,) = [persona for persona in batch.personas if persona.id == "one"]
        assert read.variants == tuple(variants)
        assert (read.name, dict(read.attributes)) == (name, attributes)
        assert [(turn.user, turn.assistant) for turn in read.examples] == [(f"u{said}", f"{said}a")]


@settings(max_examples=60)
@given(st.lists(_ASKED | st.lists(_ASKED, min_size=2, max_size=3).map(tuple), min_size=1, max_size=5))
def test_every_question_arrives_with_an_id_of_its_own(texts: list[str | tuple[str, ...]]) -> None:
    questions = [
        FoundQuestion(text=text) if isinstance(text, str) else FoundQuestion(id="a b", turns=text) for text in texts
    ]
    with tempfile.TemporaryDirectory() as folder:
        written(Found(stem="s", sets=[FoundSet(stem="q", questions=questions)]), Path(folder))
        read = asked(Path(folder), "q")
        assert list(read.values()) == [(text,) if isinstance(text, str) else text for text in texts]


@pytest.mark.parametrize("count", [3, 700])
def test_many_become_a_table_that_says_the_same(tmp_path: Path, count: int) -> None:
    def personas(number: int) -> FoundPersona:
        return FoundPersona(
            id=f"role {number % 500}",
            name="n",
            system=f"You are\r\n{{{{ number }}}} {number} " if number % 7 else ["a", f"b{number}"],
            attributes={"kind": "sea", "class": str(number)} if number % 2 else {"row": "x"},
            params={"temperature": 0.5} if number % 3 else None,
        )

    found = [personas(number) for number in range(count)]
    questions = [FoundQuestion(id=str(number), text=f"q {number} {{{{ x }}}}\n") for number in range(count)]
    source = Found(stem="roles", personas=iter(found), sets=[FoundSet(stem="asked", questions=iter(questions))])
    result = written(source, tmp_path)
    assert (result.personas, result.questions) == (count, count)
    assert (tmp_path / "personas/roles.jsonl").exists() == (count > 300)
    read = prompts(tmp_path)
    assert sorted(read[one] for one in read if one not in ("none", "assistant")) == sorted(
        (one.system,) if isinstance(one.system, str) else tuple(one.system or ()) for one in found
    )
    assert list(asked(tmp_path, "asked").values()) == [(one.text,) for one in questions]
    batch = load_batch([str(tmp_path)])
    assert {len(one.questions) for one in batch.personas} == {count}


def test_the_same_source_gives_the_same_bytes_and_another_is_not_written_over(tmp_path: Path) -> None:
    def found(text: str) -> Found:
        questions = [FoundQuestion(text="Who?")]
        personas = [FoundPersona(id="a", system=text)]
        return Found(stem="a", personas=personas, sets=[FoundSet(stem="a", questions=questions)])

    first = written(found("x"), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")}
    again = written(found("x"), tmp_path)
    assert (again.made, set(again.unchanged)) == ((), set(first.made))
    with pytest.raises(UsageError, match=r"personas/a\.yaml in .* says something else"):
        written(found("y"), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert written(found("y"), tmp_path, force=True).made == (Path("personas/a.yaml"),)
    assert prompts(tmp_path)["a"] == ("y",)


def test_ids_are_unique_in_the_folder_too(tmp_path: Path) -> None:
    one, other = (
        Found(
            stem=stem,
            personas=[FoundPersona(id="a", system=stem)],
            sets=[
                FoundSet(
                    stem=stem, questions=[FoundQuestion(id="1", text=f"Who is {stem}?"), FoundQuestion(text="And you?")]
                )
            ],
        )
        for stem in ("one", "other")
    )
    written(one, tmp_path)
    written(other, tmp_path)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {*prompts(tmp_path)} >= {"a", "a-2"}
    assert [*asked(tmp_path, "other")] == ["other-1", "And-you"]
    for again in (one, other):
        assert not written(again, tmp_path).made
    assert files == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    load_batch([str(tmp_path)])


@pytest.mark.parametrize(
    ("wanted", "given"),
    [("a b", "a-b"), ("…", "s"), ("none", "none-persona"), ("é", "é"), ("x" * 300, "x" * 100)],
)
def test_a_foreign_id_becomes_a_valid_one_and_is_said(tmp_path: Path, wanted: str, given: str) -> None:
    result = written(Found(stem="s", personas=[FoundPersona(id=wanted, system="x")]), tmp_path)
    assert given in prompts(tmp_path)
    assert any("new ids" in note for note in result.notes) == (wanted != given)


def test_what_looks_like_a_key_is_left_out_and_said(tmp_path: Path) -> None:
    key = "sk-" + "".join(f"{number:x}Z" for number in range(20))
    personas = [FoundPersona(id="a", system=f"Use {key}"), FoundPersona(id="b", system="x", imported={"api_key": key})]
    result = written(Found(stem="s", personas=personas), tmp_path)
    assert result.personas == 1
    assert any("left out" in note for note in result.notes)
    assert key not in "".join(path.read_text() for path in tmp_path.rglob("*.yaml")) + "".join(result.notes)


def test_nothing_is_left_when_a_source_breaks_in_the_middle(tmp_path: Path) -> None:
    def personas() -> Iterator[FoundPersona]:
        for number in range(500):
            yield FoundPersona(id=str(number), system=f"{number}")
        raise UsageError("the source is broken")

    with pytest.raises(UsageError, match="broken"):
        write(lambda: [("s", Found(stem="s", personas=personas()))], tmp_path / "new" / "folder")
    assert not list(tmp_path.iterdir())
