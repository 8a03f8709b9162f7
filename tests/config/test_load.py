"""What right files amount to."""

import hashlib
from pathlib import Path

import pytest

from config.conftest import Load
from persona_batch.checks import Check
from persona_batch.config.batch import Example, Persona
from persona_batch.config.load import batch_id, load_batch
from persona_batch.errors import ConfigError

FULL = """\
id: wukong
name: 孙悟空
description: the shortest persona there is
system: 你是孙悟空
placement: user
examples: [{user: 你是谁？, assistant: 俺老孙！}]
params: {temperature: 1, top_k: 20}
attributes: {world: 西游记, language: zh}
checks: [{contains: [俺老孙, 老孙]}, {not: {regex: AI}}, in_character]
questions: [prompts/journey.yaml, 你好, {id: bye, text: 再见, params: {seed: 1}}]
"""
JOURNEY = """\
id: journey
params: {max_tokens: 64}
checks: [{max_chars: 200}]
questions:
  - 你是谁？
  - {id: view, text: 你对取经怎么看？, params: {temperature: 0}, checks: [{language: zh}]}
"""


def only(personas: object) -> Persona:
    """Return the one persona that is no control."""
    assert isinstance(personas, tuple)
    (persona,) = [persona for persona in personas if not persona.control]
    assert isinstance(persona, Persona)
    return persona


def test_a_whole_file_is_read_as_it_is_written(load: Load) -> None:
    batch = load({"wukong.yaml": FULL, "prompts/journey.yaml": JOURNEY})
    persona = only(batch.personas)

    assert (persona.id, persona.name, persona.placement) == ("wukong", "孙悟空", "user")
    assert persona.variants == ("你是孙悟空",)
    assert persona.examples == (Example("你是谁？", "俺老孙！"),)
    assert persona.params == {"temperature": 1, "top_k": 20}
    assert isinstance(persona.params["temperature"], int)
    assert persona.attributes == {"world": "西游记", "language": "zh"}
    assert persona.checks == (
        Check("contains", ("俺老孙", "老孙")),
        Check("regex", "AI", negated=True),
        Check("in_character", argument=True),
    )
    assert [question.id for question in persona.questions] == ["你是谁", "view", "你好", "bye"]
    who, view, hello, bye = persona.questions
    assert who.params == {"max_tokens": 64}
    assert view.params == {"max_tokens": 64, "temperature": 0}
    assert view.checks == (Check("max_chars", 200), Check("language", "zh"))
    assert (hello.params, hello.checks) == ({}, ())
    assert bye.params == {"seed": 1}


def test_an_example_without_a_user_is_what_the_persona_says_first(load: Load) -> None:
    persona = only(load({"p.yaml": "system: x\nquestions: [Hi]\nexamples: [{assistant: Ahoy}]\n"}).personas)
    assert persona.examples == (Example(None, "Ahoy"),)


def test_what_was_imported_is_looked_at_by_nobody_and_part_of_nothing(load: Load) -> None:
    own = "id: a\nsystem: x\nquestions: [Hi]\n"
    held = """imported:
  examples: {a: b}
  "no": null
  params: {temperatur: "1e3", checks: {x: [null]}}
  system: {content: [1, 2.5, true]}
  "<<": {secret: the butler, run: "", custom: no-such-check}
"""
    plain, kept = load({"p.yaml": own}), load({"p.yaml": own + held})
    assert kept.personas == plain.personas
    assert kept.warnings == plain.warnings
    several = load({"p.yaml": "questions: [Hi]\npersonas: [{id: a, system: x, imported: {system: {text: 1}}}]\n"})
    assert only(several.personas).variants == ("x",)


def test_every_file_is_named_with_its_hash(load: Load, tmp_path: Path) -> None:
    batch = load({"p.yaml": "system: {file: p.md}\nquestions: [q.yaml]\n", "q.yaml": JOURNEY, "p.md": "Be brief.\n"})
    assert {file.path: file.sha256 for file in batch.files} == {
        name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("p.yaml", "q.yaml", "p.md")
    }


def test_a_prompt_file_is_taken_without_its_last_line_end(load: Load) -> None:
    text = "\ufeffBe brief.\r\nBe kind.\r\n"
    batch = load({"p.yaml": "system: {file: sub/p.md}\nquestions: [Hello]\n", "sub/p.md": text.encode()})
    assert only(batch.personas).variants == ("Be brief.\nBe kind.",)


def test_paraphrases_are_variants(load: Load) -> None:
    batch = load({"p.yaml": 'system: [Be brief., {file: p.md}, ""]\nquestions: [Hello]\n', "p.md": "Be kind."})
    assert only(batch.personas).variants == ("Be brief.", "Be kind.", "")


def test_an_empty_system_is_not_no_system(load: Load) -> None:
    assert only(load('system: ""\nquestions: [Hello]\n').personas).variants == ("",)
    assert only(load("placement: none\nquestions: [Hello]\n").personas).variants == (None,)


def test_what_stands_at_the_top_holds_for_all_personas(load: Load) -> None:
    batch = load("""\
params: {temperature: 1, seed: 1}
checks: [{contains: a}]
questions: [Hello]
controls: []
personas:
  - {id: a, system: A}
  - {id: b, system: B, params: {seed: 2}, checks: [{contains: b}], questions: [Bye]}
""")
    a, b = batch.personas
    assert (a.params, b.params) == ({"temperature": 1, "seed": 1}, {"temperature": 1, "seed": 2})
    assert (len(a.checks), len(b.checks)) == (1, 2)
    assert [question.text for question in (*a.questions, *b.questions)] == ["Hello", "Bye"]


def test_questions_of_the_command_line_replace_the_personas_own(load: Load) -> None:
    files = {"p.yaml": "system: x\nquestions: [Hello]\n", "q.yaml": "questions: [Bye]\n"}
    batch = load(files, ["p.yaml"], questions=["q.yaml"])
    assert [[question.text for question in persona.questions] for persona in batch.personas] == [["Bye"]] * 3


def test_replaced_questions_clash_with_nothing(load: Load) -> None:
    files = {
        "a.yaml": "system: x\nquestions: [{id: who, text: 'A?'}]\n",
        "b.yaml": "system: y\nquestions: [{id: who, text: 'B?'}]\n",
        "q.yaml": "questions: [{id: who, text: 'Q?'}]\n",
    }
    batch = load(files, ["a.yaml", "b.yaml"], questions=["q.yaml"])
    assert {question.text for persona in batch.personas for question in persona.questions} == {"Q?"}


def test_no_questions_are_fine_where_none_are_needed(load: Load) -> None:
    assert only(load("system: x\n", need_questions=False).personas).questions == ()


def test_a_folder_stands_for_all_its_files_and_a_glob_for_those_that_match(load: Load) -> None:
    one = "controls: []\nsystem: x\nquestions: [Hello]\n"
    files = {"f/b.yaml": one, "f/a.yml": one, "f/sub/c.yaml": one, "f/.hidden/d.yaml": one, "f/notes.txt": "no: no"}
    assert [persona.id for persona in load(files, ["f"]).personas] == ["a", "b", "c"]
    assert [persona.id for persona in load(files, ["f/*.yaml"]).personas] == ["b"]
    assert [persona.id for persona in load(files, ["f/**/*.yaml"]).personas] == ["b", "c"]
    assert [persona.id for persona in load(files, ["f/b.yaml", "f", "f/a.yml"]).personas] == ["b", "a", "c"]


def test_question_files_may_be_named_by_folder_and_glob(load: Load) -> None:
    files = {
        "p/p.yaml": "system: x\nquestions: [../q/*.yaml, ../r/, Is it a/b?]\n",
        "q/a.yaml": "questions: [A]\n",
        "q/b.yaml": "questions: [B]\n",
        "r/c.yml": "questions: [C]\n",
    }
    texts = [question.text for question in only(load(files).personas).questions]
    assert texts == ["A", "B", "C", "Is it a/b?"]


def test_a_question_file_named_by_many_personas_is_read_once_and_shared(load: Load) -> None:
    files = {f"p/{n}.yaml": "system: x\nquestions: [../q.yaml]\n" for n in range(20)} | {"q.yaml": JOURNEY}
    personas = load(files, ["p"]).personas
    assert len(personas) == 22
    assert {id(persona.questions) for persona in personas} == {id(personas[0].questions)}


def test_an_equal_inline_question_of_two_personas_is_one_question(load: Load) -> None:
    one = "system: x\nquestions: [Hello, Bye]\n"
    a, b = [p for p in load({"a.yaml": one, "b.yaml": one}, ["a.yaml", "b.yaml"]).personas if not p.control]
    assert a.questions is b.questions


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(mark: bytes, end: bytes, load: Load) -> None:
    batch = load({"p.yaml": mark + b"system: |" + end + b"  a" + end + b"  b" + end + b"questions: [Hello]" + end})
    assert only(batch.personas).variants == ("a\nb\n",)


def test_aliases_within_bounds_are_read(load: Load) -> None:
    batch = load("personas:\n- {id: a, system: &s x, questions: &q [Hello]}\n- {id: b, system: *s, questions: *q}\n")
    assert [(p.variants, len(p.questions)) for p in batch.personas if not p.control] == [(("x",), 1)] * 2


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["personas/wukong.yaml"], "wukong"),
        (["personas"], "personas"),
        (["personas/"], "personas"),
        (["personas/*.yaml"], "personas"),
        (["a.yaml", "b.yml"], "a+b"),
        (["my file (1).yaml"], "my-file-1"),
        ([f"persona{n}.yaml" for n in range(300)], "persona0+299"),
        (["孙悟空.yaml"], "孙悟空"),
        (["..."], "batch"),
    ],
)
def test_a_batch_is_named_by_its_files(names: list[str], expected: str) -> None:
    assert batch_id(names) == expected


def test_the_id_is_the_stem_unless_it_is_given(load: Load) -> None:
    assert only(load({"wukong.zh.yaml": "system: x\nquestions: [Hello]\n"}).personas).id == "wukong.zh"
    assert only(load({"x.yaml": "id: cafe\u0301\nsystem: x\nquestions: [Hello]\n"}).personas).id == "café"


def test_two_personas_of_one_id_name_both_places(load: Load, tmp_path: Path) -> None:
    files = {"a.yaml": "id: x\nsystem: a\nquestions: [Hi]\n", "b.yaml": "system: b\nid: x\nquestions: [Hi]\n"}
    with pytest.raises(ConfigError, match=r"b\.yaml:2:5: the persona id `x` stands in a\.yaml:1:5 already; give one"):
        load(files, ["a.yaml", "b.yaml"])
    assert load_batch([tmp_path / "a.yaml"]).id == "a"


def test_messages_name_a_file_as_the_user_did_and_a_run_names_it_from_its_folder(load: Load, tmp_path: Path) -> None:
    files = {"f/p.yaml": "system: x\nquestions: [../q/q.yaml]\n", "q/q.yaml": "questions: [Hi]\n"}
    batch = load(files, [str(tmp_path / "f")])
    assert [file.path for file in batch.files] == ["f/p.yaml", "q/q.yaml"]
    assert only(batch.personas).source == "f/p.yaml"
    (tmp_path / "q/q.yaml").write_text("question: [Hi]\n")
    for named, shown in ((tmp_path / "f", tmp_path / "q"), (Path("f/p.yaml"), Path("q")), (Path("./f"), Path("q"))):
        with pytest.raises(ConfigError) as caught:
            load_batch([named])
        assert str(caught.value).startswith(f"{shown}/q.yaml:1:1: unknown key `question`, did you mean `questions`?")


def test_a_folder_may_hold_personas_and_questions_together(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    for name, text in (
        ("personas/a.yaml", "system: x\nquestions: [../prompts/q.yaml]\n"),
        ("prompts/q.yaml", "questions: [Who?]\n"),
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
    batch = load_batch([str(folder)])
    assert [persona.id for persona in batch.personas if not persona.control] == ["a"]
    with pytest.raises(ConfigError, match="is a question file, expected personas"):
        load_batch([str(folder / "prompts/q.yaml")])
    with pytest.raises(ConfigError, match="no persona file is here"):
        load_batch([str(folder / "prompts")])
