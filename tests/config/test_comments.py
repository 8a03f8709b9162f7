"""Text that YAML leaves out as a comment is told; a comment that is one is not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.conftest import Load
from config.test_laws import one_folder
from config.wrong import asked, persona
from persona_batch.config.load import load_batch, survey


def lost(warnings: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the place and the text of every comment that is warned of."""
    cut = " everything after ` #` is a comment to YAML: `"
    return [
        (place.removesuffix(":"), rest.split("` is not part of")[0])
        for place, found, rest in (warning.partition(cut) for warning in warnings)
        if found
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (asked("What is C # anyway?"), [("p.yaml:4:15", "# anyway?")]),
        (asked("Sing in\n    C #minor"), [("p.yaml:5:7", "#minor")]),
        (asked("Which is\n\n    the best #1\n  - Bye"), [("p.yaml:6:14", "#1")]),
        (asked("{id: a, text: Are you\n     #1?\n     }"), [("p.yaml:5:6", "#1?")]),
        (asked("你好\t#吗"), [("p.yaml:4:8", "#吗")]),
        ("system: You know C # and F #\nquestions: [Hello]\n", [("p.yaml:1:20", "# and F #")]),
        ("system: [Be #1\n  , Be kind #2\n  ]\nquestions: [Hello]\n", [("p.yaml:1:13", "#1"), ("p.yaml:2:13", "#2")]),
        (
            "system:\n  # Role\n  You are a pirate.\n  # Rules\n  # 1. Arr\nquestions: [Hello]\n",
            [("p.yaml:2:3", "# Role"), ("p.yaml:4:3", "# Rules"), ("p.yaml:5:3", "# 1. Arr")],
        ),
        ("system: You are\n  a pirate.\n  # Rules\nquestions: [Hello]\n", [("p.yaml:3:3", "# Rules")]),
        (persona("description: The # one"), [("p.yaml:3:18", "# one")]),
        (persona("examples:\n  - user: Hm #?\n    assistant: Ho"), [("p.yaml:4:14", "#?")]),
        (persona("examples:\n  - user: Hm\n    assistant: All # of"), [("p.yaml:5:20", "# of")]),
        (persona("checks:\n  - contains: F #"), [("p.yaml:4:17", "#")]),
        (persona("checks:\n  - not: {regex: a\n      #b\n      }"), [("p.yaml:5:7", "#b")]),
        (persona("checks:\n  - contains:\n    - F #1\n    - G"), [("p.yaml:5:9", "#1")]),
        (persona("name: Agent #7"), [("p.yaml:3:13", "#7")]),
        (persona("attributes:\n  rank: No. #1\n  world: sea # the usual"), [("p.yaml:4:13", "#1")]),
    ],
)  # fmt: skip
def test_a_comment_that_cuts_a_text_is_told(text: str, expected: list[tuple[str, str]], load: Load) -> None:
    assert lost(load(text).warnings) == expected


@pytest.mark.parametrize(
    "text",
    [
        persona("run:\n  samples: 3  # repeats\n  model: x # the small one"),
        persona("id: pirate # not wukong\nplacement: user # in front"),
        persona("name: 孙悟空 # the Monkey King"),
        asked("'What is C # anyway?'  # a comment"),
        asked('"What is C # anyway?" # a comment'),
        asked("|  # a comment\n    What is C # anyway?"),
        asked("C#, F# and a#b"),
        "# top\nsystem: x\n# between\nquestions:  # these\n  # first\n  - Hello\n  # then\n  - Bye\n  # at last\n",
        "system: x\nquestions: [Hello,  # one\n  Bye  ,  # two\n  ]  # end\n# end\n",
        persona("checks: # all\n  - max_chars: 3 # short\n  - language: en # English\n  - in_character # always"),
        "system: x\nquestions:\n  - q.yaml  # the set\n",
        "system: {file: p.md}  # a file\nquestions: [Hello]\n",
    ],
)
def test_a_comment_that_is_one_is_not_told(text: str, load: Load) -> None:
    files = {"p.yaml": text, "q.yaml": "questions: [Hello] # one\n", "p.md": "Be brief # really.\n"}
    assert lost(load(files).warnings) == []


def test_the_warning_names_what_is_lost_and_the_remedy(load: Load) -> None:
    (warning,) = load(asked("What is C # anyway?")).warnings
    assert warning == (
        "p.yaml:4:15: everything after ` #` is a comment to YAML: `# anyway?` is not part of the question; "
        "put the question into quotes, or write it under `|`"
    )


def test_question_files_are_looked_at_too(load: Load) -> None:
    files = {"p.yaml": "system: x #1\nquestions: [q.yaml]\n", "q.yaml": "questions:\n  - What is C # anyway?\n"}
    assert [place for place, _ in lost(load(files).warnings)] == ["p.yaml:1:11", "q.yaml:2:15"]
    assert [place for place, _ in lost(survey(["q.yaml"]).warnings)] == ["q.yaml:2:15"]


@one_folder
@given(
    before=st.from_regex(r"[A-Za-z你好]{1,8}( [A-Za-z你好]{1,8}){0,3}", fullmatch=True),
    after=st.from_regex(r"#[ A-Za-z你好#?:\"']{0,12}", fullmatch=True),
)
def test_what_is_lost_and_what_is_read_are_all_that_is_written(before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(f"system: Be {before} {after}\nquestions: [Hello]\n", encoding="utf-8")
    batch = load_batch([path])
    assert [persona.variants for persona in batch.personas if not persona.control] == [(f"Be {before}",)]
    assert lost(batch.warnings) == [(f"{path}:1:{len(before) + 13}", after)]
