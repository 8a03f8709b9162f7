"""Personas and questions from tables: what is made of rows, and what is wrong with them, by file, row and column."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.conftest import Load, Problems
from persona_batch.config.batch import Example, Persona
from persona_batch.config.persona_rows import PersonaRows

ROLES = "role,kind,motto\npirate,sea,Arrr!\nengineer,land,\n"
PERSONAS = """\
questions: [Hello]
personas:
  - from: roles.csv
    id: "{{ role }}"
    name: "{{ role | first_upper }}"
    system: ["You are {{ role | a }}.", "Be {{ role | a }}. {{ motto }}"]
    attributes: {kind: "{{ kind }}"}
    examples: [{user: Who?, assistant: "{{ motto or 'Me' }}"}]
"""


def rows_of(persona: Persona) -> list[Persona]:
    assert persona.rows is not None
    return [persona.rows.persona(persona, number) for number in range(len(persona.rows))]


def test_a_row_is_a_persona(load: Load) -> None:
    batch = load({"p.yaml": PERSONAS, "roles.csv": ROLES})
    pirate, engineer = rows_of(batch.personas[-1])
    assert (pirate.id, pirate.name, pirate.attributes) == ("pirate", "Pirate", {"kind": "sea"})
    assert pirate.variants == ("You are a pirate.", "Be a pirate. Arrr!")
    assert engineer.variants == ("You are an engineer.", "Be an engineer. ")
    assert engineer.examples[0].assistant == "Me"
    assert [one.id for one in batch.personas[:-1]] == ["none", "assistant"]
    assert {file.path for file in batch.files} == {"p.yaml", "roles.csv"}


def test_a_row_may_speak_first_and_comes_back_from_a_manifest(load: Load) -> None:
    row = "{from: roles.csv, id: '{{ role }}', system: x, examples: [{assistant: '{{ motto }}!'}]}"
    text = f"questions: [Hello]\npersonas: [{row}]\n"
    shape = load({"p.yaml": text, "roles.csv": "role,motto\npirate,Arrr\n"}).personas[-1]
    (pirate,) = rows_of(shape)
    assert pirate.examples == (Example(None, "Arrr!"),)
    assert shape.rows is not None
    assert PersonaRows.reopened(shape.rows.written()).persona(shape, 0) == pirate


def test_ids_are_made_of_a_column_or_of_the_number(load: Load) -> None:
    table = "id,system\nSoftware Engineer,Code.\n二,Count.\n"
    shape = load({"p.yaml": "questions: [Hi]\npersonas: [{from: r.csv}]\n", "r.csv": table}).personas[-1]
    assert [one.id for one in rows_of(shape)] == ["Software-Engineer", "二"]
    assert [one.variants for one in rows_of(shape)] == [("Code.",), ("Count.",)]
    by_number = {"p.yaml": "questions: [Hi]\npersonas: [{from: r.csv, system: 'Be {{ x }}'}]\n", "r.csv": "x\na\nb\n"}
    assert [one.id for one in rows_of(load(by_number).personas[-1])] == ["r-1", "r-2"]


def test_questions_of_rows_stand_in_the_template_of_their_file(load: Load) -> None:
    questions = """\
template: "{{ text }}\\n{{ [a, b] | lettered }}"
questions:
  - {from: q.csv, id: "q{{ row }}", text: "{{ question }}", answer: "{{ right }}", cluster: "{{ topic }}"}
"""
    batch = load(
        {
            "p.yaml": "system: Be brief.\nquestions: [q.yaml]\n",
            "q.yaml": questions,
            "q.csv": 'question,a,b,right,topic\nWhat is 1+1?,1,2,B,sums\n"Is, it?",yes,no,A,words\n',
        }
    )
    one, two = batch.personas[-1].questions
    assert (one.id, one.text, one.answer, one.cluster) == ("q1", "What is 1+1?\nA. 1\nB. 2", "B", "sums")
    assert two.text.startswith("Is, it?\n")


def test_turns_and_probes_may_be_of_rows_too(load: Load) -> None:
    entry = '{from: q.csv, turns: ["{{ a }}", "And {{ b }}?"], probe: "Still {{ a }}?"}'
    batch = load({"p.yaml": f"system: x\nquestions:\n  - {entry}\n", "q.csv": "a,b\n1,2\n"})
    (question,) = batch.personas[-1].questions
    assert [turn.text for turn in question.turns] == ["1", "And 2?"]
    assert question.probes[0].text == "Still 1?"
    assert question.id == "q-1"


def test_a_name_that_is_no_column_is_told_once_at_the_template(problems: Problems) -> None:
    wrong = PERSONAS.replace("{{ kind }}", "{{ knid }}")
    assert problems({"p.yaml": wrong, "roles.csv": ROLES}) == [
        "p.yaml:7:24: `knid` is no column of roles.csv, did you mean `kind`?"
    ]


def test_a_row_that_lacks_a_value_is_told_by_row_and_column(problems: Problems) -> None:
    found = problems(
        {
            "p.yaml": 'questions: [Hi]\npersonas: [{from: r.jsonl, system: "Be {{ who }}"}]\n',
            "r.jsonl": '{"id": "a", "who": "x"}\n\n{"id": "b", "who": null}\n{"id": "c"}\n',
        }
    )
    empty = "`who` is empty (null) here; write {{ who | default('') }} where it may be"
    assert found == [
        f"r.jsonl:3:2: row 2: `system`, column `who`: {empty}",
        "r.jsonl:4:1: row 3: `system`: `who` is not defined; there is `id`, `row`",
    ]


def test_what_is_wrong_in_many_rows_is_told_of_some(problems: Problems) -> None:
    found = problems(
        {
            "p.yaml": 'questions: [Hi]\npersonas: [{from: r.csv, system: "{{ (x | int) // 0 }}"}]\n',
            "r.csv": "x\n" + "1\n" * 50,
        }
    )
    assert len(found) == 21
    assert found[0] == "r.csv: and 30 problems more in other rows"
    assert found[1].startswith("r.csv:2:1: row 1: `system`, column `x`: ZeroDivisionError")


def test_ids_stand_once_in_the_run(problems: Problems) -> None:
    twice = problems({"p.yaml": "questions: [Hi]\npersonas: [{from: r.csv}]\n", "r.csv": "id,system\na,x\nb,y\na,z\n"})
    assert twice == ["r.csv:4:1: row 3: its id stands in another row already; give each row one of its own"]
    both = problems(
        {
            "p.yaml": "questions: [Hi]\npersonas:\n  - {id: a, system: x}\n  - {from: r.csv}\n",
            "r.csv": "id,system\na,y\n",
        }
    )
    assert both == ["p.yaml:4:5: a row has the id `a`, as another persona has; rename one"]
    control = problems({"p.yaml": "questions: [Hi]\npersonas: [{from: r.csv}]\n", "r.csv": "id,system\nnone,y\n"})
    assert control == ["r.csv: a row has the id `none`, the name of a control; rename it"]


def test_a_question_without_text_and_an_answer_that_is_no_option(problems: Problems) -> None:
    entry = '{from: q.csv, text: "{{ q }}", answer: "{{ a }}", checks: [{choice: [A, B]}]}'
    files = {"p.yaml": f"system: x\nquestions:\n  - {entry}\n"}
    assert problems({**files, "q.csv": "q,a\nWhy?,A\n ,B\n"}) == ["q.csv:3:1: row 2: `text` is empty"]
    (found,) = problems({**files, "q.csv": "q,a\nWhy?,C\n"})
    assert "the answer `C` is none of the options of `choice`: `A`, `B`" in found


def test_checks_are_no_templates(problems: Problems) -> None:
    entry = '{from: q.csv, text: "{{ q }}", checks: [{contains: "{{ a }}"}]}'
    (found,) = problems({"p.yaml": f"system: x\nquestions:\n  - {entry}\n", "q.csv": "q,a\nWhy?,A\n"})
    assert found.startswith("p.yaml:3:56: `checks` are the same for all rows, no templates; `answer: …` with the check")


def test_keys_in_a_table_are_refused_and_not_told(problems: Problems) -> None:
    key = "sk-proj-a1b2c3d4e5f6g7h8i9j0"
    found = problems({"p.yaml": "questions: [Hi]\npersonas: [{from: r.csv}]\n", "r.csv": f"id,system\na,x\nb,{key}\n"})
    assert found[0].startswith("r.csv:3:1: this looks like an API key")
    assert key not in "\n".join(found)


def test_a_table_that_cannot_be_read_is_told_with_its_place(problems: Problems) -> None:
    files = {"p.yaml": "questions: [Hi]\npersonas: [{from: r.csv}]\n", "r.csv": "id,system\na,b,c\n"}
    assert problems(files) == [
        "r.csv:2:3: 3 cells, expected 2, as many as the head has; a cell that holds a comma stands in quotes"
    ]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9), min_size=1, max_size=5))
def test_any_text_of_a_cell_is_the_prompt(load: Load, rows: list[str]) -> None:
    table = "".join(json.dumps({"n": number, "text": text}) + "\n" for number, text in enumerate(rows))
    written = 'questions: [Hi]\npersonas: [{from: r.jsonl, id: "p{{ n }}", system: "{{ text }}"}]\n'
    shape = load({"p.yaml": written, "r.jsonl": table}).personas[-1]
    assert [one.variants[0] for one in rows_of(shape)] == rows
