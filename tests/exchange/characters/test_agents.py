"""Agents, masks, characters of the web UI and prompt files: the fate of each field, told by what arrives."""

import json
from pathlib import Path
from typing import Any

import pytest

from exchange.characters.arriving import Arrived, arrive, found_in, source_of
from persona_batch.errors import UsageError
from persona_batch.exchange.sources.agents.locales import speaks
from persona_batch.exchange.sources.found import ImportOptions
from pipeline.workshop import Workshop

WEBUI = """\
name: 孙悟空
your_name: 八戒
greeting: |-
  呔！{{user}}！
context: |
  {{char}}是美猴王。

  {{user}}: 大师兄。
  <BOT>: 怕什么！
extra: [1, 2]
"""
PYGMALION = {
    "char_name": "Chiharu",
    "char_persona": "{{char}} fixes computers.",
    "world_scenario": "A shop.",
    "char_greeting": "*waves* Hi <USER>!",
    "example_dialogue": "<START>\nYou: It broke.\n{{char}}: Show me.\n",
    "metadata": {"version": 1},
}
LOBE = {
    "author": "me",
    "config": {
        "systemRole": "You are a tutor.\n",
        "openingMessage": "Welcome!",
        "openingQuestions": ["What is a limit?", "And a series?"],
        "params": {"temperature": 0.6, "top_p": 1, "presence_penalty": 9},
        "model": "gpt-4",
        "inputTemplate": "Q: {{text}}",
    },
    "examples": [{"role": "user", "content": "NEVER"}],
    "identifier": "tutor",
    "meta": {"title": "Tutor", "description": "Teaches", "tags": ["math"], "avatar": "🎓"},
}
LOBE_ZH = {"config": {"systemRole": "你是老师。"}, "meta": {"title": "老师"}}
MASKS = [
    {
        "name": "Poet",
        "lang": "cn",
        "context": [
            {"id": "1", "role": "system", "content": "你是诗人"},
            {"role": "user", "content": "写"},
            {"role": "assistant", "content": "床前明月光"},
        ],
        "modelConfig": {"model": "gpt-4", "temperature": 0.5, "max_tokens": 4000, "template": "{{input}}"},
        "avatar": "gpt-bot",
    },
    {"name": "Act", "lang": "en", "context": [{"role": "user", "content": "Act as a terminal."}], "modelConfig": {}},
    {
        "name": "Synced",
        "context": [{"role": "system", "content": [{"type": "text", "text": "Look."}, {"type": "image_url"}]}],
        "modelConfig": {"temperature": 0.1},
        "syncGlobalConfig": True,
    },
]
HEAD = "---\nname: code-reviewer\ndescription: Use this when: code changed\ntools: Read, Grep\nmodel: opus\n---\n"
AGENT = f"{HEAD}\nReview.\n\n".replace("\n", "\r\n")
MODE = """\
---
name: Plan It
description: Plans
tools: [search]
temperature: 0.2
handoffs:
  - label: go
---
# Plan

Think.\x20
"""


def imported(workshop: Workshop, name: str, document: Any, options: ImportOptions = ImportOptions()) -> Arrived:  # noqa: B008  # frozen
    written = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return arrive(workshop, source_of(workshop.folder, name, written), options)


def system(text: str) -> dict[str, str]:
    return {"role": "system", "content": text}


def test_a_web_ui_character_is_its_whole_context_and_a_greeting(workshop: Workshop) -> None:
    found = imported(workshop, "wukong.yaml", WEBUI)
    prompt = "孙悟空是美猴王。\n\n八戒: 大师兄。\n孙悟空: 怕什么！\n"
    assert found.only == [system(prompt), {"role": "assistant", "content": "呔！八戒！"}]
    assert found.imported == {"extra": [1, 2]}


def test_the_users_name_of_the_command_wins(workshop: Workshop) -> None:
    found = imported(workshop, "wukong.yaml", WEBUI, ImportOptions(user="唐僧"))
    assert found.only[1]["content"] == "呔！唐僧！"


def test_a_pygmalion_character_is_put_together_as_the_web_ui_does(workshop: Workshop) -> None:
    found = imported(workshop, "chiharu.json", PYGMALION)
    assert found.only == [
        system("Chiharu's Persona: Chiharu fixes computers.\nScenario: A shop."),
        {"role": "user", "content": "It broke."},
        {"role": "assistant", "content": "Show me."},
        {"role": "assistant", "content": "*waves* Hi User!"},
    ]
    assert found.imported == {"metadata": {"version": 1}}


def test_an_agent_alone_sends_its_role_and_asks_its_questions(workshop: Workshop) -> None:
    path = source_of(workshop.folder, "tutor.json", json.dumps(LOBE))
    (found,) = found_in(path)
    (persona,) = found.personas
    assert [one.text for one in persona.questions] == ["What is a limit?", "And a series?"]
    assert (persona.name, persona.description, persona.attributes) == ("Tutor", "Teaches", {"language": "en-US"})
    arrived = arrive(workshop, path)
    assert arrived.only == [system("You are a tutor.\n")]
    body = next(request.body for request in workshop.asked if request.body["messages"][0]["role"] == "system")
    assert body["temperature"] == 0.6
    assert arrived.imported["config"] == {
        "openingMessage": "Welcome!",
        "model": "gpt-4",
        "inputTemplate": "Q: {{text}}",
    }
    assert arrived.imported["examples"] == LOBE["examples"]
    for word in ("presence_penalty", "inputTemplate", "openingMessage", "gpt-4"):
        assert arrived.said(word)


def test_an_export_of_the_app_has_all_its_agents(workshop: Workshop) -> None:
    sessions = [{"type": "agent", **LOBE}, {"config": {"systemRole": "You cook."}, "meta": {"title": "Cook"}}]
    arrived = imported(workshop, "export.json", {"exportType": "agents", "state": {"sessions": sessions}, "version": 7})
    assert arrived.messages == {"Tutor": [system("You are a tutor.\n")], "Cook": [system("You cook.")]}


def index(folder: Path) -> Path:
    for name, document in (
        ("src/tutor.json", LOBE),
        ("src/cook.json", {"config": {"systemRole": "You cook."}, "meta": {}}),
        ("locales/tutor/index.zh-CN.json", LOBE_ZH),
        (
            "agent-template-full.json",
            {"identifier": "x # y", "locale": "de-DE # set it", "config": {"systemRole": "T"}},
        ),
    ):
        source_of(folder, f"agents/{name}", json.dumps(document, ensure_ascii=False))
    source_of(folder, "agents/README.md", "# Agents\n")
    return folder / "sources" / "agents"


def test_an_index_has_a_persona_for_each_language(workshop: Workshop) -> None:
    (found,) = found_in(index(workshop.folder))
    personas = {one.id: one for one in found.personas}
    assert {name: one.attributes for name, one in personas.items()} == {
        "agent-template-full": {"language": "de-DE"},
        "cook": {"language": "en-US"},
        "tutor": {"language": "en-US"},
        "tutor.zh-CN": {"language": "zh-CN"},
    }
    assert personas["tutor.zh-CN"].params == LOBE["config"]["params"]  # type: ignore[index]  # of a literal
    arrived = arrive(workshop, workshop.folder / "sources" / "agents")
    assert arrived.messages["tutor.zh-CN"] == [system("你是老师。")]
    assert arrived.messages["cook"] == [system("You cook.")]


def test_one_language_of_an_index(workshop: Workshop) -> None:
    (found,) = found_in(index(workshop.folder), ImportOptions(locale="zh-CN"))
    assert [one.id for one in found.personas] == ["tutor.zh-CN"]
    with pytest.raises(UsageError, match="no agent in the language"):
        found_in(workshop.folder / "sources" / "agents", ImportOptions(locale="fr"))


@pytest.mark.parametrize(
    ("language", "wanted", "same"),
    [
        ("zh-CN", "zh_cn", True),
        ("zh-CN", "zh", True),
        ("zh", "zh-CN", True),
        ("zh-CN", "zh-TW", False),
        ("zh", "z", False),
    ],
)
def test_a_language_without_a_region_stands_for_all_of_them(language: str, wanted: str, same: bool) -> None:
    assert speaks(language, wanted) == same


def test_a_language_in_the_name_of_a_file(workshop: Workshop) -> None:
    (found,) = found_in(source_of(workshop.folder, "tutor.zh-CN.json", json.dumps(LOBE_ZH)))
    assert [(one.id, one.attributes) for one in found.personas] == [("tutor.zh-CN", {"language": "zh-CN"})]


def test_a_translation_alone_is_named_by_its_folder(workshop: Workshop) -> None:
    (found,) = found_in(index(workshop.folder) / "locales" / "tutor" / "index.zh-CN.json")
    assert [one.id for one in found.personas] == ["tutor.zh-CN"]


@pytest.mark.parametrize(
    "document",
    [
        MASKS,
        {"cn": MASKS[:1], "en": MASKS[1:]},
        {"masks": MASKS},
        {"masks": dict(enumerate(MASKS))},
        {"mask-store": {"masks": dict(enumerate(MASKS))}},
    ],
    ids=["list", "those of the app", "export of a list", "export", "backup"],
)
def test_masks_are_prompts_and_turns(workshop: Workshop, document: Any) -> None:
    arrived = imported(workshop, "masks.json", document)
    assert arrived.messages == {
        "Poet": [system("你是诗人"), {"role": "user", "content": "写"}, {"role": "assistant", "content": "床前明月光"}],
        "Act": [{"role": "user", "content": "Act as a terminal.\n\nWhat now?"}],
        "Synced": [system("Look.")],
    }
    heat = {request.body["messages"][0]["content"]: request.body.get("temperature") for request in workshop.asked}
    assert heat["你是诗人"] == 0.5
    assert heat["Look."] is None
    assert arrived.kept["Poet"]["modelConfig"]["max_tokens"] == 4000
    assert "context" in arrived.kept["Synced"]
    for word in ("placement: user", "picture", "gpt-4"):
        assert arrived.said(word)


def test_an_agent_in_markdown_is_what_stands_below_its_front_matter(workshop: Workshop) -> None:
    source_of(workshop.folder, "x.md", AGENT)
    source_of(workshop.folder, "plan.agent.md", MODE)
    arrived = arrive(workshop, workshop.folder / "sources")
    assert arrived.messages == {
        "code-reviewer": [system("\r\nReview.\r\n\r\n")],
        "plan": [system("# Plan\n\nThink. \n")],
    }
    assert arrived.kept["code-reviewer"] == {"tools": "Read, Grep", "model": "opus"}
    assert arrived.kept["plan"] == {"tools": ["search"], "handoffs": [{"label": "go"}]}
    assert any("line by line" in note for note in arrived.notes)


def test_files_are_prompts_to_the_byte(workshop: Workshop) -> None:
    prompts = {
        "patterns/cat/system.md": "# Cat\r\n\r\nMeow. \n\n",
        "patterns/dog/system.md": "\ufeffWoof",
        "patterns/dog/user.md": "Fetch!",
        "patterns/dog/README.md": "about",
        "wukong/system_prompt.txt": "你是孙悟空\n",
        "plain.txt": "---\nno front matter {{ x }}\n",
        "note.md": "{% raw %}",
    }
    for name, text in prompts.items():
        source_of(workshop.folder, name, text)
    arrived = arrive(workshop, workshop.folder / "sources")
    assert {name: messages[0]["content"] for name, messages in arrived.messages.items()} == {
        "cat": prompts["patterns/cat/system.md"],
        "dog": "Woof",
        "wukong": "你是孙悟空\n",
        "plain": prompts["plain.txt"],
        "note": "{% raw %}",
    }
    assert arrived.kept["dog"] == {"user.md": "Fetch!"}
    assert arrived.said("`user.md`")
    assert arrived.said("README")


def test_a_folder_of_patterns_with_anything_else_in_it_is_read_file_by_file(workshop: Workshop) -> None:
    source_of(workshop.folder, "cat/system.md", "Meow.")
    source_of(workshop.folder, "tutor.json", json.dumps(LOBE))
    found = found_in(workshop.folder / "sources")
    assert sorted(one.id or "" for each in found for one in each.personas) == ["cat", "tutor"]
