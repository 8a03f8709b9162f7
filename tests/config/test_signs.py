"""Full-width signs: all of a file are told at once, and none that stands in a text."""

import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.conftest import Load, Problems
from config.test_laws import one_folder
from config.test_load import only
from persona_batch.config.load import load_batch, survey
from persona_batch.config.signs import told, twin
from persona_batch.errors import ConfigError

WIDE = "，。：；？！“”‘’（）［］｛｝【】「」、…—－＃｜＞＊％　"
PLAIN = """\
system: 你是“孙悟空”：会（七十二变）［真的］，好｛吗｝？－－是　的＃一
questions:
  - 他说：“你好”，（笑）
  - “道”是什么？
  - ｛一｝［二］
name: ‘大圣’（弼马温）
attributes: {作品：全: 《西游记》：上，下}
checks: [{contains: “俺老孙”，}, {regex: '：$'}]
"""
BLOCKS = """\
system: |
  角色：孙悟空
  － 说话：简短
  　　id：不是
questions:
  - >-
    name：猪八戒
    ＃ 你是谁？
  - "system：你好，\\
     text：再见"
examples:
  - {user: "id：1，name：2", assistant: 'user：3'}
"""


def signs(reported: list[str]) -> list[tuple[str, str]]:
    """Return the place and the character of each problem."""
    return [(problem.split(": ")[0], problem.split("U+")[1].split(")")[0]) for problem in reported]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "system: x\nquestions: [Hello]\nexamples: [{user：你是谁？，assistant：俺老孙！}]\n",
            [("p.yaml:3:17", "FF1A"), ("p.yaml:3:22", "FF0C"), ("p.yaml:3:32", "FF1A")],
        ),
        (
            "system：你好\nquestions：\n－ 你好\n-　再见\n",
            [("p.yaml:1:7", "FF1A"), ("p.yaml:2:10", "FF1A"), ("p.yaml:3:1", "FF0D"), ("p.yaml:4:2", "3000")],
        ),
        (
            "“system”：x\nquestions: ［你好］\n",
            [(f"p.yaml:1:{n}", sign) for n, sign in ((1, "201C"), (8, "201D"), (9, "FF1A"))]
            + [("p.yaml:2:12", "FF3B"), ("p.yaml:2:15", "FF3D")],
        ),
        (
            "system: x\nquestions: ［你好，再见］\n",
            [("p.yaml:2:12", "FF3B"), ("p.yaml:2:15", "FF0C"), ("p.yaml:2:18", "FF3D")],
        ),
        (
            "personas:\n  - {id：a，system：x}\n  - id: b\n    system：y\nquestions: [Hello]\n",
            [("p.yaml:2:8", "FF1A"), ("p.yaml:2:10", "FF0C"), ("p.yaml:2:17", "FF1A"), ("p.yaml:4:11", "FF1A")],
        ),
        (
            "system: x\nquestions: [“你好”，“你是谁？”]\n",
            [
                (f"p.yaml:2:{n}", sign)
                for n, sign in ((13, "201C"), (16, "201D"), (17, "FF0C"), (18, "201C"), (23, "201D"))
            ],
        ),
        ("system: x\nquestions:\n  －你好\n  －再见\n", [("p.yaml:3:3", "FF0D"), ("p.yaml:4:3", "FF0D")]),
        (
            "system: x\nquestions: [Hello]\nattributes: {作品：西游记，语言：中文}\n",
            [("p.yaml:3:16", "FF1A"), ("p.yaml:3:20", "FF0C"), ("p.yaml:3:23", "FF1A")],
        ),
        (
            "system: x\nquestions: [Hello]\nparams: ｛temperature: 0.7，top_p: ０.9｝\n",
            [("p.yaml:3:9", "FF5B"), ("p.yaml:3:26", "FF0C"), ("p.yaml:3:37", "FF5D")],
        ),
    ],
)
def test_all_signs_of_a_file_are_told_at_once(text: str, expected: list[tuple[str, str]], problems: Problems) -> None:
    assert signs(problems(text)) == expected


def test_signs_in_a_text_are_a_part_of_it(load: Load) -> None:
    persona = only(load(PLAIN).personas)
    assert persona.variants == ("你是“孙悟空”：会（七十二变）［真的］，好｛吗｝？－－是　的＃一",)
    assert persona.name == "‘大圣’（弼马温）"
    assert persona.attributes == {"作品：全": "《西游记》：上，下"}
    assert [check.argument for check in persona.checks] == ["“俺老孙”，", "：$"]


def test_signs_in_blocks_and_quotes_are_a_part_of_them(load: Load) -> None:
    persona = only(load(BLOCKS).personas)
    assert persona.variants == ("角色：孙悟空\n－ 说话：简短\n　　id：不是\n",)
    assert [question.text for question in persona.questions] == [
        "name：猪八戒 ＃ 你是谁？",
        "system：你好，text：再见",
    ]
    assert persona.examples[0].user == "id：1，name：2"


@pytest.mark.parametrize("mistake", ["samples\n", "run: [\n", 'name: "x\n', "  name: x\n"])
def test_signs_in_blocks_are_not_blamed_for_what_is_wrong_elsewhere(mistake: str, problems: Problems) -> None:
    (problem,) = problems(BLOCKS + mistake)
    assert "full-width" not in problem


@one_folder
@given(text=st.text(st.sampled_from(f"你好吗孙悟空{WIDE}"), min_size=1, max_size=30))
@example(text="：“”")
@example(text="你好：　“笑”")
def test_a_text_of_any_wide_signs_is_read_as_it_is_written(text: str, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        f"system: 好{text}好\nquestions:\n  - 好{text}好\n  - >\n    {text}好\nname: 好{text}好\n", encoding="utf-8"
    )
    persona = only(load_batch([path]).personas)
    assert persona.variants == (f"好{text}好",)
    assert [question.text for question in persona.questions] == [f"好{text}好", f"{text}好\n"]


@given(char=st.characters(min_codepoint=0xFF01, max_codepoint=0xFF5E))
def test_every_full_width_form_has_the_twin_that_unicode_gives_it(char: str) -> None:
    assert twin(char) == unicodedata.normalize("NFKC", char)
    assert f"(U+{ord(char):04X})" in told(char)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"\\ud83d\\ude00"', "😀"),
        ('"a\\uD83D\\uDE00b\\ud83e\\udd16"', "a😀b🤖"),
        ('"\\ud840\\udc00 \\u4f60"', "𠀀 你"),
        ('"\\\\ud83d\\ud83d\\ude00"', "\\ud83d😀"),
        ("'\\ud83d'", "\\ud83d"),
        ('"\\ud83d\\ude00 first\\n\\\n  second"', "😀 first\nsecond"),
    ],
)
def test_a_pair_of_escaped_surrogates_is_one_character(written: str, read: str, load: Load) -> None:
    persona = only(load(f'system: {written}\nquestions: [{written}, "\\ud83d\\ude80"]\n').personas)
    assert persona.variants == (read,)
    assert [question.text for question in persona.questions] == [read, "🚀"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("system: x\nquestions: [你好，你是谁？]\n", ["p.yaml:2:15"]),
        ("system: [你是孙悟空、你是大圣]\nquestions: [Hello]\n", ["p.yaml:1:15"]),
        ("system: “你是孙悟空”\nquestions:\n  - 「你好」\n", ["p.yaml:1:9", "p.yaml:3:5"]),
        ("system: x\nquestions: [Hello]\nchecks: [{contains: “俺老孙”}]\n", ["p.yaml:3:21"]),
        ("system: x\nquestions: [你好，你是谁？, 再见]\n", []),
        ("system: x\nquestions:\n  - 师父被抓了，散伙吧？\n  - “仁”，“义”\n", []),
        ("system: '“你好”'\nquestions: ['你好，再见', 你好，]\n", []),
    ],
)
def test_signs_that_may_be_text_are_warned_of(text: str, places: list[str], load: Load) -> None:
    assert [warning.split(": ")[0] for warning in load(text).warnings if "(U+" in warning] == places


def test_a_file_of_nothing_but_brackets_is_told_wrong_at_once(tmp_path: Path) -> None:
    file = tmp_path / "brackets.yaml"
    file.write_text("id: x\nsystem: x\n" + "[" * 50_000 + "\nid: ］", encoding="utf-8")
    begun = time.monotonic()
    with pytest.raises(ConfigError):
        survey([str(file)])
    assert time.monotonic() - begun < 20
