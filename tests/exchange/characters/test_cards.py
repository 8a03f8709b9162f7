"""Character cards: the fate of each field, told by the messages that arrive at an endpoint."""

import json
import zlib
from typing import Any

import yaml

from exchange.characters.arriving import Arrived, arrive, source_of
from exchange.characters.cards import V1, archive, card, chunk, packed, png, text
from persona_batch.exchange.sources.found import ImportOptions
from pipeline.workshop import Workshop

DESCRIPTION = "Haruhi leads the SOS Brigade.\r\nHaruhi knows Kyon."
EXAMPLES = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": "hello\n  and welcome"},
    {"role": "user", "content": "Who?"},
    {"role": "assistant", "content": "Me!"},
]
GREETING = {"role": "assistant", "content": "I have no interest in ordinary humans, Kyon!"}
KYON = ImportOptions(user="Kyon")


def arrived(workshop: Workshop, document: Any, name: str = "haruhi.json") -> Arrived:
    return arrive(workshop, source_of(workshop.folder, name, json.dumps(document)), KYON)


def prompt(*parts: str) -> str:
    return "\n\n".join(parts)


BODY = (DESCRIPTION, "bossy, curious", "Kyon meets Haruhi in a club room.")


def test_a_card_of_v1_is_a_prompt_examples_and_a_greeting(workshop: Workshop) -> None:
    found = arrived(workshop, V1)
    assert list(found.messages) == ["haruhi"]
    assert found.only == [{"role": "system", "content": prompt(*BODY)}, *EXAMPLES, GREETING]
    assert found.imported == {}


def test_every_field_of_v2_has_its_fate(workshop: Workshop) -> None:
    extra = {
        "creator_notes": "NEVER SEND",
        "system_prompt": "{{original}}\nStay {{char}}.",
        "post_history_instructions": "Be bossy.",
        "alternate_greetings": ["Yo, {{user}}"],
        "tags": ["club"],
        "creator": "me",
        "character_version": "1.2",
        "extensions": {"unknown/tool": {"deep": [1, None, {"x": "no"}]}, "secret": "she is a god"},
        "new_field": {"a": 1},
    }
    found = arrived(workshop, card(2, **extra))
    assert found.system == prompt("Stay Haruhi.", *BODY)
    sent = json.dumps(found.messages)
    for text_kept in ("NEVER", "bossy.", "Yo", 'club"', "1.2", "god"):
        assert text_kept not in sent
    kept = {name: value for name, value in extra.items() if name != "system_prompt"}
    kept["extensions"] = {"unknown/tool": {"deep": [1, None, {"x": "no"}]}}  # what is called a secret is no file's
    assert found.imported == {"spec": "chara_card_v2", "spec_version": "2.0", **kept}
    for name in ("{{original}}", "post_history_instructions", "alternate_greetings", "creator_notes", "secret"):
        assert found.said(name)


def test_a_nickname_is_the_character_of_v3_and_of_no_other(workshop: Workshop) -> None:
    fields = {"nickname": "Haru", "description": "<char> and {{CHAR}}", "personality": "", "scenario": ""}
    assert arrived(workshop, card(3, **fields)).system == "Haru and Haru"


def test_a_nickname_of_v2_is_kept(workshop: Workshop) -> None:
    found = arrived(workshop, card(2, nickname="Haru", description="<char> and {{CHAR}}", personality="", scenario=""))
    assert found.system == "<char> and Haruhi"
    assert found.imported["nickname"] == "Haru"


def test_notes_in_all_languages_assets_and_greetings_of_groups_are_kept_and_not_sent(workshop: Workshop) -> None:
    extra = {
        "creator_notes_multilingual": {"de": "NIE", "zh": "永不"},
        "group_only_greetings": ["NEVER all"],
        "assets": [
            {"type": "icon", "uri": "ccdefault:", "name": "main", "ext": "png"},
            {"type": "icon", "uri": "embeded://assets/NEVER.png", "name": "x", "ext": "png"},
            {"type": "icon", "uri": "data:image/png;base64," + "QUFB" * 50_000, "name": "y", "ext": "png"},
        ],
        "source": ["https://example.org/1"],
        "creation_date": 1700000000,
    }
    found = arrived(workshop, card(3, **extra))
    assert not {"NIE", "永不", "NEVER"} & set(json.dumps(found.messages, ensure_ascii=False).split())
    assert found.imported["creator_notes_multilingual"] == extra["creator_notes_multilingual"]
    assert found.imported["assets"][1]["uri"] == "embeded://assets/NEVER.png"
    assert len(found.imported["assets"][2]["uri"]) < 100
    assert found.said("base64")
    assert found.said("`assets`")


def test_macros_with_one_value_are_filled_in_and_the_others_stay(workshop: Workshop) -> None:
    written = (
        "{{// a secret}}{{comment: b}}{{hidden_key:c}}{{reverse:olleH}} {{random:A,B}} {{roll:d6}} {{reverse:{{char}}}}"
    )
    found = arrived(workshop, card(3, description=written, personality="", scenario=""))
    assert found.system == "Hello {{random:A,B}} {{roll:d6}} ihuraH"
    assert found.said("`{{random:…}}`, `{{roll:…}}`")


BOOK = {
    "name": "SOS",
    "extensions": {},
    "entries": [
        {"keys": ["x"], "content": "AFTER", "enabled": True, "insertion_order": 5, "constant": True, "extensions": {}},
        {"keys": ["x"], "content": "KEYED", "enabled": True, "insertion_order": 1, "extensions": {}},
        {"keys": [], "content": "OFF", "enabled": False, "insertion_order": 1, "constant": True},
        {
            "keys": [],
            "content": "@@depth 4\n@@@instruct_depth 2\n@@role system\n\n{{char}} SECOND",
            "enabled": True,
            "insertion_order": 9,
            "constant": True,
            "position": "before_char",
        },
        {"content": "FIRST", "enabled": True, "insertion_order": 2, "constant": True, "position": "before_char"},
        {"content": "@@activate\nALWAYS", "enabled": True, "insertion_order": 6},
        {"content": "@@dont_activate\nNOT", "enabled": True, "insertion_order": 6, "constant": True},
        {"content": "@@is_greeting 2\nNOT", "enabled": True, "insertion_order": 6, "constant": True},
        {"content": "@@position after_desc\nDESCRIBED", "enabled": True, "insertion_order": 6, "constant": True},
        {"content": "@@activate_only_every 2", "enabled": True, "insertion_order": 6, "constant": True},
        {"content": "CHANCE", "constant": True, "extensions": {"probability": 50, "useProbability": True}},
    ],
}


def test_a_lorebooks_constant_texts_stand_in_the_prompt_without_decorators(workshop: Workshop) -> None:
    found = arrived(workshop, card(3, character_book=BOOK))
    description, personality, scenario = BODY
    wanted = prompt("FIRST", "Haruhi SECOND", description, "DESCRIBED", personality, scenario, "AFTER", "ALWAYS")
    assert found.system == wanted
    assert "@@" not in json.dumps(found.messages)
    assert found.imported["character_book"] == BOOK
    assert found.said("kept, not sent (4)")


DIALOGUES: list[tuple[str, str, list[tuple[str | None, str]]]] = [
    ("no start", "{{user}}: a\n{{char}}: b", [("a", "b")]),
    ("full width", "<start>\n{{User}}：甲\n{{CHAR}}：乙", [("甲", "乙")]),
    ("begins with the character", "<START>\n{{char}}: Hi!\n<START>\n{{char}}: Ho!", [(None, "Hi!"), (None, "Ho!")]),
    ("several in a row", "{{user}}: a\n{{user}}: b\n{{char}}: c\n\n{{char}}: d", [("a\nb", "c\nd")]),
    ("many lines", "{{user}}: a\n\n  b\n{{char}}:\nc\r\nd\n", [("a\n\n  b", "c\r\nd")]),
    ("a scene before", "<START>\n[night]\n{{user}}: a\n{{char}}: b", [("[night]\na", "b")]),
    ("macros", "{{user}}: I am {{user}}.\n{{char}}: I am <BOT>.", [("I am Kyon.", "I am Haruhi.")]),
    ("unanswered", "{{user}}: a\n{{char}}: b\n{{user}}: c", [("a", "b")]),
    ("nobody", "She says little.", []),
    ("start alone", "<START>\n", []),
]


def test_example_dialogue_becomes_turns(workshop: Workshop) -> None:
    for name, written, _ in DIALOGUES:
        source_of(workshop.folder, f"{name}.json", json.dumps(card(2, mes_example=written, first_mes="")))
    found = arrive(workshop, workshop.folder / "sources", KYON)
    for name, _, turns in DIALOGUES:
        expected = []
        for user, said in turns:
            expected += [{"role": "user", "content": user}] if user is not None else []
            expected.append({"role": "assistant", "content": said})
        identity = name.replace(" ", "-")
        assert found.messages[identity][1:] == expected
        lost = name in ("unanswered", "nobody")
        assert ("mes_example" in found.kept[identity]) == lost
        assert any(f"{name}.json: `mes_example`" in note for note in found.notes) == lost


OTHER = {**V1, "name": "Other"}
WHOLE = packed(card())
PICTURES = {
    "tEXt chara": png(text("chara", card())),
    "ccv3 wins": png(text("chara", OTHER), text("ccv3", card(3))),
    "ccv3 wins wherever it stands": png(text("ccv3", card(3)), text("chara", OTHER)),
    "in capitals": png(text("Chara", V1)),
    "zTXt": png(chunk(b"zTXt", b"chara\0\0" + zlib.compress(packed(card())))),
    "iTXt": png(chunk(b"iTXt", b"chara\0\0\0\0\0" + packed(card()))),
    "iTXt packed": png(chunk(b"iTXt", b"ccv3\0\1\0en\0ccv3\0" + zlib.compress(packed(card(3))))),
    "plain JSON": png(chunk(b"tEXt", b"chara\0" + json.dumps(card()).encode())),
    "in lines, without padding": png(chunk(b"tEXt", b"chara\0" + WHOLE[:60] + b"\n" + WHOLE[60:].rstrip(b"="))),
    "wrong checksum": png(chunk(b"tEXt", b"chara\0" + packed(card()), crc=1)),
    "cut off behind the card": png(text("chara", card()))[:-9],
    "cut off within ccv3": png(text("chara", card()), text("ccv3", card(3)))[:-100],
    "a broken ccv3": png(chunk(b"tEXt", b"ccv3\0***"), text("chara", card())),
    "several alike": png(text("chara", card()), text("chara", OTHER)),
    "APNG": png(chunk(b"acTL", b"\0\0\0\1\0\0\0\0"), text("ccv3", card(3))),
    "with assets": png(text("ccv3", card(3)), chunk(b"tEXt", b"chara-ext-asset_:1\0QUFB")),
}  # fmt: skip


def test_a_picture_holds_a_card(workshop: Workshop) -> None:
    for name, data in PICTURES.items():
        source_of(workshop.folder, f"{name}.png", data)
    source_of(workshop.folder, "no card.png", png())
    found = arrive(workshop, workshop.folder / "sources", KYON)
    assert len(found.messages) == len(PICTURES)
    for name, messages in found.messages.items():
        assert messages == [{"role": "system", "content": prompt(*BODY)}, *EXAMPLES, GREETING], name
    for name, word in (
        ("wrong checksum", "checksum"),
        ("cut off behind the card", "cut off"),
        ("cut off within ccv3", "the card `ccv3` of the picture is broken or cut off, and is lost"),
        ("no card", "no character card is in it"),
    ):
        assert any(f"{name}.png" in note and word in note for note in found.notes)
    assert any("a broken ccv3.png" in note and "broken" in note for note in found.notes)


def test_an_archive_holds_a_card_and_nothing_of_it_is_written(workshop: Workshop) -> None:
    files = {
        "card.json": json.dumps(card(3)).encode(),
        "../../evil.png": b"x",
        "/tmp/evil-card": b"x",
        "assets/a.png": b"x",
    }
    found = arrive(workshop, source_of(workshop.folder, "haruhi.charx", archive(files)), KYON)
    assert found.only == [{"role": "system", "content": prompt(*BODY)}, *EXAMPLES, GREETING]
    assert found.said("3 other files")
    assert not [path for path in workshop.folder.rglob("*") if "evil" in path.name]


def test_a_v1_copy_beside_data_is_no_news_and_anything_else_there_is_kept(workshop: Workshop) -> None:
    found = arrived(
        workshop, {**V1, "avatar": "none", "chat": "Haruhi - 1", **card(2, creator_notes="n"), "creatorcomment": "n"}
    )
    assert found.imported == {
        "spec": "chara_card_v2",
        "spec_version": "2.0",
        "creator_notes": "n",
        "outside_data": {"avatar": "none", "chat": "Haruhi - 1"},
    }


def test_a_card_in_yaml_with_fields_twice_is_one_of_v1(workshop: Workshop) -> None:
    twice = {**V1, "char_name": V1["name"], "char_greeting": V1["first_mes"], "world_scenario": "Another."}
    found = arrive(workshop, source_of(workshop.folder, "haruhi.yaml", yaml.safe_dump(twice)), KYON)
    assert found.only == [{"role": "system", "content": prompt(*BODY)}, *EXAMPLES, GREETING]
    assert found.imported == {"world_scenario": "Another."}


def test_fields_beside_an_empty_data_are_those_of_v1(workshop: Workshop) -> None:
    found = arrived(workshop, {"spec": "chara_card_v3", "data": {}, **V1})
    assert found.only == [{"role": "system", "content": prompt(*BODY)}, *EXAMPLES, GREETING]
    assert found.imported == {"spec": "chara_card_v3"}
