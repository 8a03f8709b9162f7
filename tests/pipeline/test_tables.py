"""Tables through a real endpoint: what arrives, what a run keeps of the table, and what an edit of it does."""

import csv
import io
import json
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_batch.comparing import compare
from persona_batch.comparing.factors import controls_of
from persona_batch.record.agreement import described
from persona_batch.record.manifest import read_manifest
from pipeline.workshop import Workshop

ROLES = "role,kind\npirate,sea\nengineer,land\ncook,land\n"
BATCH = """\
questions: [{from: q.csv, text: "{{ text }}"}]
personas:
  - from: roles.csv
    id: "{{ role }}"
    system: ["You are {{ role | a }}.", "Be {{ role | a }}."]
    attributes: {kind: "{{ kind }}"}
  - {id: cat, system: Meow.}
"""


def table(rows: list[list[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def prepared(workshop: Workshop) -> str:
    workshop.write("roles.csv", ROLES)
    workshop.write("q.csv", "text\nWho are you?\nWhy?\n")
    return workshop.write("batch.yaml", BATCH)


def test_a_run_is_the_product_and_names_its_table(workshop: Workshop) -> None:
    batch = prepared(workshop)
    summary = workshop.run([batch], overrides={"samples": 2})
    records = workshop.records(summary)
    assert summary.exit_code == 0
    assert len(records) == len(workshop.asked) == (3 * 2 + 1 + 2) * 2 * 2
    assert len({record.key for record in records}) == len(records)
    assert {record.attributes["kind"] for record in records if record.persona == "cook"} == {"land"}
    assert {record.messages[0].content for record in records if record.persona == "engineer"} == {
        "You are an engineer.",
        "Be an engineer.",
    }
    told = json.loads((Path(summary.path) / "run.json").read_text(encoding="utf-8"))
    (rows,) = [one["rows"] for one in told["config"]["personas"] if "rows" in one]
    assert (rows["path"], rows["count"]) == ("roles.csv", 3)
    assert rows["sha256"] in {one["sha256"] for one in told["files"]}
    assert "engineer" not in json.dumps(told["config"])


def test_rows_have_the_keys_of_personas_that_are_written_out(workshop: Workshop) -> None:
    by_table = workshop.records(workshop.run([prepared(workshop)]))
    written = [
        {"id": role, "system": [f"You are {a} {role}.", f"Be {a} {role}."], "attributes": {"kind": kind}}
        for role, a, kind in (("pirate", "a", "sea"), ("engineer", "an", "land"), ("cook", "a", "land"))
    ]
    text = json.dumps({"questions": ["Who are you?", "Why?"], "personas": [*written, {"id": "cat", "system": "Meow."}]})
    by_hand = workshop.records(workshop.run([workshop.write("hand.yaml", text)]))
    assert {record.key for record in by_table} == {record.key for record in by_hand}


def test_a_resumed_run_asks_what_is_missing_and_an_edited_row_alone(workshop: Workshop) -> None:
    batch = prepared(workshop)
    part = workshop.run([batch], max_requests=5)
    whole = workshop.run([batch], resume=part.path)
    assert (whole.exit_code, len(workshop.asked)) == (0, 18)
    assert described(read_manifest(Path(whole.path) / "run.json")) is not None
    workshop.write("roles.csv", ROLES.replace("cook", "baker"))
    edited = workshop.run([batch], resume=part.path)
    assert len(workshop.asked) == 18 + 4
    assert Counter(record.persona for record in workshop.records(edited))["baker"] == 4
    assert "cook" not in {record.persona for record in workshop.records(edited)}
    workshop.write("roles.csv", ROLES)
    back = workshop.run([batch], resume=part.path)
    assert len(workshop.asked) == 18 + 4
    assert Counter(record.persona for record in workshop.records(back))["cook"] == 4


def test_personas_of_a_table_are_compared_with_its_controls(workshop: Workshop) -> None:
    summary = workshop.run([prepared(workshop)], overrides={"samples": 2})
    controls = controls_of(Path(summary.path) / "run.json")
    found = compare(workshop.records(summary), controls=controls, measures=["change"])
    assert {(claim.arm, claim.control, claim.placebo) for claim in found.claims} == {
        (name, "none", "assistant") for name in ("pirate", "engineer", "cook", "cat")
    }


def test_a_glob_chooses_among_rows(workshop: Workshop) -> None:
    summary = workshop.run([prepared(workshop)], persona_globs=("p*",))
    assert {record.persona for record in workshop.records(summary)} == {"none", "assistant", "pirate"}


def test_rows_of_one_prompt_are_asked_for_themselves(workshop: Workshop) -> None:
    workshop.write("r.csv", "id,system\na,Same.\nb,Same.\nc,Meow.\n")
    text = "questions: [Hi]\ncontrols: []\npersonas:\n  - {from: r.csv}\n  - {id: cat, system: Meow.}\n"
    records = workshop.records(workshop.run([workshop.write("p.yaml", text)]))
    assert len({record.key for record in records}) == len(records) == 4


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prompts=st.lists(TEXT, min_size=1, max_size=5, unique=True),
    asked=st.lists(TEXT, min_size=1, max_size=3, unique=True),
)
def test_any_text_in_a_cell_arrives_byte_for_byte(workshop: Workshop, prompts: list[str], asked: list[str]) -> None:
    workshop.write("p.jsonl", "".join(json.dumps({"system": text}) + "\n" for text in prompts))
    workshop.folder.joinpath("q.csv").write_bytes(table([["text"], *[[text] for text in asked]]).encode())
    workshop.write(
        "batch.yaml", 'controls: []\nquestions: [{from: q.csv, text: "{{ text }}"}]\npersonas: [{from: p.jsonl}]\n'
    )
    before = len(workshop.asked)
    workshop.run([str(workshop.folder / "batch.yaml")])
    sent = Counter(tuple(one["content"] for one in request.body["messages"]) for request in workshop.asked[before:])
    assert sent == Counter((prompt, text) for prompt in prompts for text in asked)
