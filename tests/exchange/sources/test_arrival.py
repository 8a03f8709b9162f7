"""Every format arrives: imported, checked and run, the endpoint is sent what an independent reading finds, no more."""

import shutil
from pathlib import Path

import pytest

from exchange.sources.readings import ASKED, READINGS, Pairs
from persona_batch.config.load import survey
from persona_batch.exchange.sources.found import ImportOptions
from persona_batch.exchange.sources.recognising import Reading
from persona_batch.exchange.sources.writing.writing import Written, write
from pipeline.workshop import Workshop

DATA = Path(__file__).parent.parent / "data"
CONTROLS = {None, "You are a helpful assistant."}


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    monkeypatch.setenv("PERSONA_BATCH_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return Workshop(tmp_path)


def taken(folder: Path, *sources: Path) -> Written:
    reading = Reading(ImportOptions())
    written = write(lambda: reading.all([str(source) for source in sources]), folder)
    survey([str(folder)])
    return written


def sent_when_run(workshop: Workshop, folder: Path) -> Pairs:
    """Run what was imported; return who was sent what. Sets of questions alone are asked of nobody in particular."""
    personas = sorted((folder / "personas").glob("*.yaml"))
    questions = [str(file) for file in sorted((folder / "prompts").glob("*.yaml"))]
    if not personas:
        nobody = workshop.write("nobody.yaml", "id: nobody\nplacement: none\ncontrols: []\n")
        workshop.run([nobody], questions=tuple(questions))
    else:
        own = any("questions:" in file.read_text(encoding="utf-8") for file in personas)
        asked = () if own else (workshop.write("q.yaml", f"questions: [{{id: q, text: {ASKED}}}]\n"),)
        workshop.run([str(folder)], questions=asked)
    found: Pairs = set()
    for request in workshop.asked:
        first, last = request.body["messages"][0], request.body["messages"][-1]
        found.add((first["content"] if first["role"] == "system" else None, last["content"]))
    return found


@pytest.mark.parametrize("name", READINGS)
def test_what_is_sent_is_what_the_source_says(workshop: Workshop, name: str) -> None:
    source = workshop.folder / "sources" / name
    source.parent.mkdir()
    if (DATA / name).is_dir():
        shutil.copytree(DATA / name, source)
    else:
        shutil.copy(DATA / (name if (DATA / name).exists() else "personagym.json"), source)
    folder = workshop.folder / "study"
    taken(folder, source)
    expected = READINGS[name](source)
    sent = sent_when_run(workshop, folder)
    assert expected <= sent
    questions = {question for _, question in expected}
    assert {pair for pair in sent - expected if pair[0] not in CONTROLS or pair[1] not in questions} == set()
    assert taken(folder, source).made == ()


def test_a_folder_of_everything_is_one_batch(tmp_path: Path) -> None:
    written = taken(tmp_path / "study", DATA)
    assert written.personas > 15
    assert written.questions > 40
    assert taken(tmp_path / "study", DATA).made == ()
