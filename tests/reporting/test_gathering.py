from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from comparing.made import record
from persona_batch.chat import Message
from persona_batch.errors import UsageError
from persona_batch.record import Record
from persona_batch.record.manifest import read_manifest
from persona_batch.record.record import encode
from persona_batch.record.rundir import run_at
from persona_batch.reporting.gathering import Gathered, gather
from persona_batch.reporting.naming import run_labels
from persona_batch.reporting.reading import MOST_LINES, Source, lines_of
from reporting.runs import crew, keyed, write_run


@contextmanager
def gathered(*folders: Path, most: int = 10**9, seed: int = 0) -> Iterator[Gathered]:
    runs = [run_at(folder) for folder in folders]
    found = gather([Source(run, read_manifest(run.manifest)) for run in runs], most=most, seed=seed)
    try:
        yield found
    finally:
        found.close()


def ids(tmp_path: Path, records: Sequence[Record]) -> list[str]:
    with gathered(write_run(tmp_path, records)) as found:
        return found.named.ids


def test_a_persona_alone_is_named_by_its_id_and_controls_come_first(tmp_path: Path) -> None:
    with gathered(write_run(tmp_path, crew())) as found:
        assert found.named.ids == ["none", "assistant", "pirate"]
        assert [found.roles[name] for name in found.named.ids] == ["control", "placebo", "persona"]
        assert [(factor.name, factor.kind) for factor in found.named.factors] == [("persona", "persona")]
        assert found.systems == [None, "You are assistant.", "You are pirate."]


def test_conditions_are_told_apart_by_what_varies_and_by_nothing_else(tmp_path: Path) -> None:
    def cell(persona: str, temperature: float, **where: Any) -> Record:
        sent = {"temperature": temperature, "top_p": 0.9}
        return record(persona, "q", "a", factors={"temperature": temperature}, params=sent, **where)

    cells = [cell("none", t) for t in (1.0, 0.2)]
    cells += [cell("pirate", t, placement=p, variant=v) for t in (1.0, 0.2) for p in ("system", "user") for v in (0, 1)]
    with gathered(write_run(tmp_path, keyed(cells))) as found:
        assert found.named.ids == [
            "none · temperature 0.2",
            "none · temperature 1.0",
            *(
                f"pirate · {p} · variant {v} · temperature {t}"
                for p in ("system", "user")
                for v in (0, 1)
                for t in (0.2, 1.0)
            ),
        ]
        assert {factor.name: factor.levels for factor in found.named.factors} == {
            "persona": ["none", "pirate"],
            "placement": ["none", "system", "user"],
            "variant": ["0", "1"],
            "temperature": ["0.2", "1.0"],
        }
        last = found.named.levels[-1]
        assert last == {"persona": "pirate", "placement": "user", "variant": "1", "temperature": "1.0"}


def test_models_speakers_and_attributes_are_factors_too(tmp_path: Path) -> None:
    cells = [
        record(name, "q", "a", model=model, speaker=speaker, attributes={"model": world})
        for name, world in (("pirate", "sea"), ("wukong", "mountain"))
        for model in ("m", "n")
        for speaker in (None, "Bajie")
    ]
    with gathered(write_run(tmp_path, keyed(cells))) as found:
        assert found.named.ids[:4] == [f"pirate · {m} · {s}" for m in "mn" for s in ("nobody", "Bajie")]
        kinds = {factor.name: factor.kind for factor in found.named.factors}
        assert kinds == {"persona": "persona", "model": "model", "speaker": "speaker", "model #2": "attribute"}
        assert found.named.levels[0]["model #2"] == "sea"


def test_a_name_that_looks_like_another_stays_unique(tmp_path: Path) -> None:
    cells = [record("pirate", "q", "a", placement=p) for p in ("system", "user")]
    found = ids(tmp_path, keyed([*cells, record("pirate · user", "q", "b")]))
    assert sorted(found) == ["pirate · system", "pirate · user", "pirate · user #2"]


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["20261122T065600Z-crew", "20261123T065601Z-crew"], ["11-22", "11-23"]),
        (["20261231T065600Z-crew", "20270101T065600Z-crew"], ["2026-12-31", "2027-01-01"]),
        (["20261122T065600Z-crew", "20261122T075600Z-crew"], ["06:56Z", "07:56Z"]),
        (["20261122T065600Z-crew", "20261122T065630Z-crew"], ["06:56:00Z", "06:56:30Z"]),
        (
            ["20261122T065600Z-crew", "20261122T075600Z-crew", "20261123T075600Z-crew"],
            ["11-22 06:56Z", "11-22 07:56Z", "11-23 07:56Z"],
        ),
        (["20261122T065600Z-crew", "20261122T065600Z-pilots"], ["crew", "pilots"]),
        (["20261122T065600Z-crew", "20261122T065600Z-crew-2"], ["crew", "crew-2"]),
        (["before", "20261122T065600Z-crew"], ["before", "20261122T065600Z-crew"]),
        (["part", "part"], ["part", "part #2"]),
        (
            ["20261122T065600Z-crew", "20261123T065600Z-crew", "20261124T065600Z-pilots"],
            ["20261122T065600Z-crew", "20261123T065600Z-crew", "20261124T065600Z-pilots"],
        ),
        (["20261122T065600Z-crew"], ["20261122T065600Z-crew"]),
    ],
)
def test_runs_are_told_by_what_differs(names: list[str], labels: list[str]) -> None:
    assert run_labels(names) == labels


def test_several_runs_stand_side_by_side(tmp_path: Path) -> None:
    names = ("20261122T065600Z-crew", "20261123T065600Z-crew")
    with gathered(*(write_run(tmp_path, crew(name), name) for name in names)) as found:
        assert found.named.ids[-2:] == ["pirate · 11-22", "pirate · 11-23"]
        assert found.counts == [96, 96]
        assert [one.run_id for _, one in found.records(0)][:8] == [names[0]] * 4 + [names[1]] * 4


def test_records_are_found_again_by_question_condition_and_sample(tmp_path: Path) -> None:
    records = crew()
    with gathered(write_run(tmp_path, records[::-1])) as found:
        again = [(place, one) for question in range(8) for place, one in found.records(question)]
        order = {name: place for place, name in enumerate(found.named.ids)}
        assert [asked.id for asked in found.questions] == [f"q{number}" for number in range(7, -1, -1)]
        expected = sorted(records, key=lambda one: (-int(one.question[1:]), order[one.persona], one.sample))
        assert [one for _, one in again] == expected
        assert [place for place, _ in again] == [order[one.persona] for one in expected]


def test_questions_stand_in_the_order_of_their_file_with_their_texts(tmp_path: Path) -> None:
    config = {"questions": [{"id": "q1", "text": "One?", "cluster": "c"}, {"id": "q0", "text": "Nought?"}]}
    with gathered(write_run(tmp_path, crew(questions=3), config=config)) as found:
        told = [(asked.id, asked.text, asked.cluster) for asked in found.questions]
        assert told == [("q1", "One?", "c"), ("q0", "Nought?", None), ("q2", "What about q2?", None)]


def test_a_key_that_comes_twice_counts_once_and_the_later_wins(tmp_path: Path) -> None:
    records = crew(questions=1, samples=1)
    again = replace(records[-1], reply="later")
    with gathered(write_run(tmp_path, [*records, again])) as found:
        assert found.counts == [3]
        assert [one.reply for _, one in found.records(0)][-1] == "later"


def test_a_condition_whose_records_were_all_replaced_is_none(tmp_path: Path) -> None:
    records = [replace(one, attributes={"world": one.persona}) for one in crew(questions=2, samples=1)]
    ghost = [replace(one, persona="ghost", attributes={"world": "under"}) for one in records if one.persona == "pirate"]
    lost = replace(records[0], question="lost")
    with gathered(write_run(tmp_path, [*ghost, lost, *records])) as found:
        assert found.named.ids == ["none", "assistant", "pirate"]
        assert [factor.levels for factor in found.named.factors if factor.name == "world"] == [
            ["assistant", "none", "pirate"]
        ]
        assert sorted(asked.id for asked in found.questions) == ["q0", "q1"]
        again = [one for question in range(2) for _, one in found.records(question)]
        assert sorted(one.key for one in again) == sorted(one.key for one in records)
        assert {one.persona for one in again} == {"none", "assistant", "pirate"}


def test_a_torn_last_line_is_passed_over_and_any_other_is_an_error(tmp_path: Path) -> None:
    folder = write_run(tmp_path, crew(questions=1, samples=1))
    whole = (folder / "records.jsonl").read_bytes()
    (folder / "records.jsonl").write_bytes(whole + b'{"key": "cut')
    with gathered(folder) as found:
        assert found.counts == [3]
    (folder / "records.jsonl").write_bytes(whole + b'{"key": "no record"}\n' + whole)
    with pytest.raises(UsageError, match=r"records.jsonl:4: not a record"):
        gather([Source(run_at(folder), None)], most=9)


def test_a_run_that_goes_on_while_it_is_read_is_shown_as_it_was(tmp_path: Path) -> None:
    records = crew()
    folder = write_run(tmp_path, records[:50], state="running", cells=len(records))
    with gathered(folder) as found:
        with (folder / "records.jsonl").open("ab") as file:
            file.writelines(encode(one) + b"\n" for one in records[50:])
        assert sum(1 for question in range(len(found.questions)) for _ in found.records(question)) == 50


def test_contents_that_several_questions_share_are_kept_once(tmp_path: Path) -> None:
    with gathered(write_run(tmp_path, crew(questions=3))) as found:
        assert sorted(found.strings) == ["You are assistant.", "You are pirate."]
        assert sorted(found.strings.values()) == [0, 1]


def test_a_prompt_in_the_users_message_is_found_again(tmp_path: Path) -> None:
    told = keyed(
        [
            replace(
                record("pirate", f"q{n}", "Arrr.", placement="user"),
                messages=[Message("user", f"Talk like a pirate.\n\nWhat about q{n}?")],
            )
            for n in range(3)
        ]
        + [record("none", f"q{n}", "Yes.") for n in range(3)]
    )
    with gathered(write_run(tmp_path, told)) as found:
        assert found.systems == [None, "Talk like a pirate."]
        assert found.questions[0].text == "What about q0?"


@given(most=st.integers(1, 200), seed=st.integers(0, 9))
def test_a_draw_takes_whole_questions_and_no_more_than_fit(
    tmp_path_factory: pytest.TempPathFactory, most: int, seed: int
) -> None:
    base = tmp_path_factory.getbasetemp() / "drawn"
    folder = base / "20261122T065600Z-crew" if base.exists() else write_run(base, crew())
    with gathered(folder, most=most, seed=seed) as found, gathered(folder, most=most, seed=seed) as again:
        assert [asked.id for asked in found.questions] == [asked.id for asked in again.questions]
        assert len(found.table) <= max(most, 12)
        assert all(len(found.rows(question)) == 12 for question in range(len(found.questions)))
        if most >= 96:
            assert found.sampled is None
        else:
            assert found.sampled is not None
            assert (found.sampled.records, found.sampled.of_records) == (len(found.table), 96)
            assert (found.sampled.questions, found.sampled.of_questions) == (len(found.questions), 8)


@pytest.mark.parametrize(
    ("reply", "lines"),
    [("", 1), ("short", 1), ("x" * 45, 2), ("悟" * 22, 1), ("悟" * 23, 2), ("a\n\nb", 3), ("x" * 9_999, MOST_LINES)],
)
def test_lines_are_counted_in_cells(reply: str, lines: int) -> None:
    assert lines_of(reply) == lines


def test_a_run_without_records_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there are no records to show"):
        gather([Source(run_at(write_run(tmp_path, [])), None)], most=9)
