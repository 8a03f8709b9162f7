"""Keys on their way out: told where a file sends them, kept out of what is written, whatever the endpoint says."""

from pathlib import Path

import pytest

from persona_batch.config.load import load_batch
from persona_batch.errors import UsageError
from persona_batch.pipeline.key_care import tell_first_use
from persona_batch.provider.connect import resolve
from pipeline.workshop import WUKONG, Workshop
from servers.act import Act, Script

KEY = "zZ9-odd.key+Shape42"
FIRST_USE = "wukong.yaml sends the key in BOX_KEY to host 127.0.0.1"


@pytest.fixture(autouse=True)
def box_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that the tests' endpoints get."""
    monkeypatch.setenv("BOX_KEY", KEY)


def block(workshop: Workshop, lines: str) -> str:
    """Write wukong.yaml with a provider block that names the endpoint, and the lines."""
    workshop.run([workshop.write("other.yaml", WUKONG)])  # so that there is a port
    text = f"{WUKONG}run: {{provider: {{base_url: '{workshop.base_url}', {lines}}}}}\n"
    Path("wukong.yaml").write_text(text, encoding="utf-8")
    return "wukong.yaml"


def told(workshop: Workshop) -> list[str]:
    return [note for note in workshop.seen.notes if "sends the key" in note]


def test_a_file_that_sends_a_key_to_its_host_is_told_of_once(workshop: Workshop) -> None:
    file = block(workshop, "api_key_env: BOX_KEY")
    seen = []
    for _ in range(2):
        workshop.run([file], overrides={"base_url": None})
        seen.append(told(workshop))
    assert [[note.startswith(FIRST_USE) for note in notes] for notes in seen] == [[True], []]
    assert workshop.asked[-1].headers["authorization"] == f"Bearer {KEY}"


def test_another_variable_is_another_first_use(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAR_KEY", "another-0123456789")
    workshop.run([block(workshop, "api_key_env: BOX_KEY")], overrides={"base_url": None})
    workshop.run([block(workshop, "api_key_env: CAR_KEY")], overrides={"base_url": None})
    assert told(workshop)[0].startswith("wukong.yaml sends the key in CAR_KEY to host")


def test_a_preset_s_own_key_that_a_file_turns_to_another_host_is_told_of(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdefghij")
    workshop.run([block(workshop, "name: openai")], overrides={"base_url": None, "models": ("test-model",)})
    assert told(workshop)[0].startswith("wukong.yaml sends the key in OPENAI_API_KEY to host 127.0.0.1")


def test_a_key_in_a_header_that_a_file_sends_to_a_preset_is_told_of(workshop: Workshop) -> None:
    block = "run: {provider: {name: moonshot, extra_headers: {X-Team: '${BOX_KEY}'}}}\n"
    settings = load_batch([workshop.write("wukong.yaml", WUKONG + block)]).run
    notes: list[str] = []
    target = resolve(settings, {"BOX_KEY": KEY, "MOONSHOT_API_KEY": "sk-0123456789abcdefghij"})
    tell_first_use(settings, target, notes.append)
    assert ["sends the key in BOX_KEY to host api.moonshot" in note for note in notes] == [True]


def test_what_the_command_line_names_itself_needs_no_word(workshop: Workshop) -> None:
    file = block(workshop, "api_key_env: BOX_KEY")
    workshop.run([file], overrides={"api_key_env": "BOX_KEY"})
    assert told(workshop) == []
    assert workshop.asked[-1].headers["authorization"] == f"Bearer {KEY}"


def test_a_state_folder_that_cannot_be_written_is_said_and_stops_nothing(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = block(workshop, "api_key_env: BOX_KEY")
    (workshop.folder / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("PERSONA_BATCH_STATE", str(workshop.folder / "file" / "state"))
    assert workshop.run([file], overrides={"base_url": None}).exit_code == 0
    (note,) = told(workshop)
    assert "said each time" in note


@pytest.mark.parametrize(
    "line",
    [
        f"description: {KEY}",
        f"attributes: {{world: '{KEY}'}}",
        f"params: {{user: 'me {KEY}'}}",
        f"examples: [{{user: a, assistant: '{KEY}'}}]",
        f"checks: [{{contains: '{KEY}'}}]",
        f"questions: [a, 'b {KEY}']",
        f"run: {{model: 'm-{KEY}'}}",
    ],
)
def test_the_key_itself_in_a_file_is_refused_and_not_shown(workshop: Workshop, line: str) -> None:
    own = {"questions": "questions: [a]"}
    own[line.partition(":")[0]] = line
    file = workshop.write("p.yaml", "\n".join(["id: p", "system: x", *own.values()]))
    with pytest.raises(UsageError, match="holds the key of BOX_KEY itself") as caught:
        workshop.run([file], overrides={"api_key_env": "BOX_KEY"})
    assert KEY not in str(caught.value)
    assert workshop.asked == []
    assert workshop.runs == []


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", [f"only-{KEY}", f"{KEY}/chat\x1b[31m", f"a\nbatch: forged {KEY}"])
def test_a_model_whose_name_holds_the_key_is_asked_and_shown_without_it(
    workshop: Workshop, name: str, workers: int
) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    script, overrides = Script(models=[name]), {"api_key_env": "BOX_KEY"}
    first = workshop.run([file], script, overrides=overrides, workers=workers, max_requests=2)
    assert first.exit_code == 3
    resumed = workshop.run([file], script, overrides=overrides, workers=workers, resume="latest")
    assert (resumed.exit_code, resumed.left) == (0, 0)
    assert {request.body["model"] for request in workshop.asked} == {name}
    assert {record.model for record in workshop.records(resumed)} == {record_name(name)}
    assert all(KEY.encode() not in path.read_bytes() for path in workshop.folder.rglob("*") if path.is_file())


def record_name(name: str) -> str:
    return name.replace(KEY, "[key]").replace("\x1b", "�").replace("\n", "�")


def test_a_choice_of_models_is_shown_without_the_key(workshop: Workshop) -> None:
    file = workshop.write("wukong.yaml", WUKONG)
    with pytest.raises(UsageError, match="choose by --model") as caught:
        workshop.run([file], Script(models=["a", f"b-{KEY}", "c\x9b31m"]), overrides={"api_key_env": "BOX_KEY"})
    assert KEY not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("value", "reply", "written"),
    [
        ("ollama", "Wie ollama sagt 你", "Wie ollama sagt 你"),
        ("token-abc123", "你 token-abc123", "你 token-abc123"),
        ("EMPTY", "你 is EMPTY", "你 is EMPTY"),
        (KEY, f"你的 key is {KEY}, sorry", "你的 key is [key], sorry"),
    ],
)
def test_a_check_judges_the_reply_as_it_came(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, value: str, reply: str, written: str
) -> None:
    monkeypatch.setenv("BOX_KEY", value)
    pattern = "equals: '" + reply + "'" if value != KEY else r"regex: 'is \S{18,}, sorry'"
    file = workshop.write("p.yaml", f"id: p\nsystem: x\ncontrols: []\nchecks: [{{{pattern}}}]\nquestions: [a]\n")
    summary = workshop.run([file], Script(default=Act(reply=reply)), overrides={"api_key_env": "BOX_KEY"}, fail_under=1)
    assert summary.exit_code == 0
    (record,) = workshop.records(summary)
    assert record.reply == written
