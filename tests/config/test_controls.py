"""Controls: which ones, once each, with whose questions and params."""

from config.conftest import Load
from persona_batch.config.batch import Batch, Persona


def by_id(batch: Batch) -> dict[str, Persona]:
    """Return the personas by their ids."""
    return {persona.id: persona for persona in batch.personas}


def several(*entries: str, top: str = "questions: [Hello]") -> str:
    """Return a file with several personas."""
    return f"{top}\npersonas:\n" + "".join(f"  - {entry}\n" for entry in entries)


def test_by_default_a_persona_is_held_against_none_and_the_placebo(load: Load) -> None:
    none, assistant, persona = load("system: x\nquestions: [Hello]\n").personas
    assert (none.id, none.variants, none.placement, none.control) == ("none", (None,), "none", True)
    assert (assistant.id, assistant.variants) == ("assistant", ("You are a helpful assistant.",))
    assert assistant.control
    assert (persona.controls, persona.control) == (("none", "assistant"), False)
    assert none.questions is persona.questions


def test_the_empty_control_has_an_empty_system_message(load: Load) -> None:
    empty, _ = load("system: x\ncontrols: [empty]\nquestions: [Hello]\n").personas
    assert (empty.variants, empty.placement) == (("",), "system")


def test_an_empty_list_means_no_controls(load: Load) -> None:
    (persona,) = load("system: x\ncontrols: []\nquestions: [Hello]\n").personas
    assert persona.controls == ()


def test_controls_of_many_personas_stand_once_and_first(load: Load) -> None:
    batch = load(several("{id: a, system: A}", "{id: b, system: B, controls: [empty, none]}", "{id: c, system: C}"))
    assert [persona.id for persona in batch.personas] == ["none", "assistant", "empty", "a", "b", "c"]


def test_a_control_is_asked_what_any_of_its_personas_is_asked(load: Load) -> None:
    batch = load(
        several(
            "{id: a, system: A, questions: [One, Two]}",
            "{id: b, system: B, questions: [Two, Three], controls: [none]}",
        )
    )
    asked = {name: [question.text for question in persona.questions] for name, persona in by_id(batch).items()}
    assert asked == {
        "none": ["One", "Two", "Three"],
        "assistant": ["One", "Two"],
        "a": ["One", "Two"],
        "b": ["Two", "Three"],
    }


def test_a_control_of_the_file_replaces_the_default_there(load: Load) -> None:
    files = {
        "a.yaml": several("{id: own, system: Be neutral., control: true}", "{id: a, system: A}"),
        "b.yaml": "system: B\nquestions: [Hello]\n",
    }
    batch = load(files, ["a.yaml", "b.yaml"])
    assert [(persona.id, persona.control) for persona in batch.personas] == [
        ("own", True),
        ("none", True),
        ("assistant", True),
        ("a", False),
        ("b", False),
    ]
    assert (by_id(batch)["a"].controls, by_id(batch)["b"].controls) == (("own",), ("none", "assistant"))
    assert by_id(batch)["own"].controls == ()


def test_a_control_in_a_file_of_its_own_holds_for_the_run(load: Load) -> None:
    files = {"own.yaml": "system: Be neutral.\ncontrol: true\n", "b.yaml": "system: B\nquestions: [Hello]\n"}
    own, persona = load(files, ["own.yaml", "b.yaml"]).personas
    assert (own.id, own.control, persona.controls) == ("own", True, ("own",))
    assert own.questions is persona.questions


def test_a_persona_of_the_run_may_be_the_control_of_another(load: Load) -> None:
    batch = load(several("{id: a, system: A, controls: [b]}", "{id: b, system: B, questions: [Bye]}"))
    b, a = batch.personas
    assert (b.id, b.control, b.controls) == ("b", True, ())
    assert [question.text for question in b.questions] == ["Bye", "Hello"]
    assert a.controls == ("b",)


def test_a_control_of_a_control_is_asked_all_that_the_latter_is_asked(load: Load) -> None:
    batch = load(
        several(
            "{id: c, system: C, controls: [none], questions: [Three]}",
            "{id: b, system: B, controls: [c], questions: [Two]}",
            "{id: a, system: A, controls: [b], questions: [One]}",
        )
    )
    asked = {name: {question.text for question in persona.questions} for name, persona in by_id(batch).items()}
    everything = {"One", "Two", "Three"}
    assert asked == {"none": everything, "c": everything, "b": {"One", "Two"}, "a": {"One"}}


def test_controls_for_a_whole_file_leave_out_the_persona_itself(load: Load) -> None:
    batch = load(several("{id: a, system: A}", "{id: b, system: B}", top="questions: [Hello]\ncontrols: [none, b]"))
    assert {name: persona.controls for name, persona in by_id(batch).items()} == {
        "none": (),
        "a": ("none", "b"),
        "b": ("none",),
    }


def test_a_persona_named_like_a_built_in_control_takes_its_place(load: Load) -> None:
    batch = load(several("{id: assistant, system: Be terse.}", "{id: a, system: A}"))
    assert by_id(batch)["assistant"].variants == ("Be terse.",)
    assert by_id(batch)["assistant"].control


def test_controls_are_asked_with_the_params_of_their_personas(load: Load) -> None:
    batch = load("system: x\nparams: {temperature: 0.5, max_tokens: 9}\nquestions: [Hello]\n")
    assert [persona.params for persona in batch.personas] == [{"temperature": 0.5, "max_tokens": 9}] * 3
    assert batch.warnings == ()


def test_where_params_differ_controls_get_the_shared_ones_and_a_warning_says_so(load: Load) -> None:
    batch = load(
        several(
            "{id: a, system: A, params: {temperature: 0.5, max_tokens: 9}}",
            "{id: b, system: B, params: {temperature: 0.7, max_tokens: 9}}",
        )
    )
    assert by_id(batch)["none"].params == {"max_tokens": 9}
    (warning,) = batch.warnings
    assert warning.startswith("the personas differ in params (temperature), so a difference between them")


def test_a_control_of_ones_own_keeps_its_params_on_top(load: Load) -> None:
    batch = load(
        several(
            "{id: c, system: C, control: true, params: {seed: 1}}",
            "{id: a, system: A, params: {seed: 2, top_p: 0.5}}",
        )
    )
    assert by_id(batch)["c"].params == {"seed": 1, "top_p": 0.5}


def test_chinese_for_the_embedded_model_is_warned_of(load: Load) -> None:
    text = "system: 你是孙悟空\nquestions: [你好吗, Hello, 你是谁？]\n"
    (warning,) = load(text).warnings
    assert warning.startswith(
        "the embedded model speaks English only: the prompt of `p` and the question `你好吗` and 1 more are in Chinese"
    )
    assert load(f"{text}run: {{provider: modelscope}}\n").warnings == ()
    assert load("system: Be brief.\nquestions: [Hello]\n").warnings == ()
