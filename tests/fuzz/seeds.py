"""A small file in each foreign format: what is mutated where no corpus is given."""

import base64
import io
import json
import lzma
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

_CARD: dict[str, Any] = {
    "name": "Wukong",
    "description": "{{char}} is the Monkey King; {{user}} is a pilgrim.",
    "personality": "bold",
    "scenario": "On the road west.",
    "first_mes": "俺老孙来也！",
    "mes_example": "<START>\n{{user}}: Who are you?\n{{char}}: The Great Sage!\n<START>\n{{char}}: Hm.",
}
_BOOK: dict[str, Any] = {
    "name": "lore",
    "extensions": {},
    "entries": [
        {
            "keys": ["staff"],
            "content": "@@depth 4\n@@role system\nThe staff weighs 13,500 jin.",
            "extensions": {},
            "enabled": True,
            "insertion_order": 1,
            "constant": True,
        }
    ],
}
_MORE: dict[str, Any] = {
    "creator_notes": "not for the prompt",
    "system_prompt": "{{original}} Stay in character.",
    "post_history_instructions": "",
    "alternate_greetings": ["Hey."],
    "tags": ["myth"],
    "creator": "x",
    "character_version": "1",
    "extensions": {"odd": {"a": 1}},
    "character_book": _BOOK,
}
_V2 = {"spec": "chara_card_v2", "spec_version": "2.0", "data": {**_CARD, **_MORE}}
_V3 = {
    "spec": "chara_card_v3",
    "spec_version": "3.0",
    "data": {
        **_CARD,
        **_MORE,
        "group_only_greetings": [],
        "nickname": "Sage",
        "assets": [{"type": "icon", "uri": "embeded://assets/a.png", "name": "main", "ext": "png"}],
    },
}
_MESSAGES = [{"role": "system", "content": "You are a nurse."}, {"role": "user", "content": "Who are you?"}]
_CHAT = [{"from": "system", "value": "Be brief."}, {"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hey"}]
_TREE = {"role": "assistant", "text": "A", "rank": 0, "replies": [{"role": "prompter", "text": "Q2", "replies": []}]}
_CASES = [{"vars": {"name": "cook", "question": "Salt?"}, "assert": [{"type": "contains", "value": "salt"}]}]

_DOCUMENTS: dict[str, Any] = {
    "role.json": {"instruction": [{"pos": "You are a bard."}, {"pos": ""}], "questions": ["Sing?"], "eval_prompt": "x"},
    "v1.json": _CARD,
    "v2.json": _V2,
    "v3.json": _V3,
    "prompts.json": [{"act": "Linux Terminal", "prompt": "Act as one."}, {"act": "诗人", "prompt": "作诗。"}],
    "agent.json": {
        "identifier": "writer",
        "config": {"systemRole": "You write.", "openingMessage": "Hello", "openingQuestions": ["What?"], "params": {}},
        "meta": {"title": "Writer", "description": "writes", "tags": ["a"]},
        "locale": "en-US",
    },
    "mask.json": {
        "name": "m",
        "context": _MESSAGES,
        "modelConfig": {"temperature": 0.5},
        "lang": "en",
        "builtin": False,
    },
    "BFI.json": {
        "name": "BFI",
        "prompts": {"dim": {}},
        "questions": {"1": {"origin_en": "talks", "origin_zh": "健谈", "rewritten_en": "a", "rewritten_zh": "b"}},
    },
    "A nurse from Lima.json": {"Expected Action": ["What do you do?"], "Toxicity": ["Why?"]},
    "probes.json": [
        {"id": "cat", "group": "g", "system": "You are a cat.", "probe": "Who are you?", "check_source": "x"}
    ],
    "grid.json": {"conditions": [{"id": "a", "system": "x"}], "questions": ["q"]},
    "sharegpt.json": [{"id": "1", "conversations": _CHAT}],
    "alpaca.json": [{"instruction": "Do", "input": "it", "output": "o", "system": "S", "history": [["q", "a"]]}],
    "preferences.json": [{"prompt": "Hi", "chosen": _MESSAGES, "rejected": _MESSAGES}],
    "parts.json": [{"system": [{"text": "S"}], "contents": [{"role": "user", "parts": [{"text": "Q"}, {"x": 1}]}]}],
    "tree.json": [{"message_tree_id": "t", "prompt": {"role": "prompter", "text": "Q", "replies": [_TREE]}}],
    "export.json": [{"mapping": {"a": {"message": _MESSAGES[1], "parent": None}}, "current_node": "a"}],
    "transcript.json": [{"text": "### Human: Hi### Assistant: Hey"}],
    "promptfooconfig.json": {
        "prompts": ["You are {{name}}: {{question}}", _MESSAGES],
        "providers": ["x"],
        "tests": _CASES,
    },
    "results.json": {"evalId": "e", "results": {"version": 3, "results": [], "stats": {}}, "config": {}},
}
_TEXTS = {
    "prompts.csv": 'act,prompt,for_devs\n"Linux ""T""","Act\nas one.",TRUE\n诗人,作诗。,FALSE\n',
    "mt.jsonl": '{"question_id":81,"category":"w","turns":["Write.","Now rhyme."]}\n{"question":"Why?"}\n',
    "chat.jsonl": json.dumps({"messages": _MESSAGES}) + "\n",
    "wukong.yaml": "name: Wukong\ngreeting: 俺来也\ncontext: |\n  {{char}} is bold.\n  {{user}} asks.\n",
    "promptfooconfig.yaml": "prompts:\n- 'You are {{name | upper}}.'\n- '[{% for k, v in o %}{\"role\": \"{{k}}\", "
    "\"content\": {{v | dump}}},{% endfor %}{\"role\": \"user\", \"content\": \"Hi\"}]'\n"
    "tests:\n- vars: {name: [a, b], o: {system: x}}\n",
    "template.yaml": "system: You translate to $lang.\nprompt: $input\ndefaults: {lang: French}\nmodel: x\n",
    "agent.md": "---\nname: reviewer\ndescription: reviews\ntools: Read\nmodel: x\n---\nYou review code.\n",
    "system.md": "# IDENTITY\n\nYou explain terms.\n\n# INPUT\n\nINPUT:\n",
    "questions.md": "|标题|问题|\n|---|---|\n|a|什么？|\n|b \\| c|为何？|\n",
    "a.prompt": "---\nmodel: x\ninput: {}\n---\n"
    "{{role 'system'}}\nBe {{name}}.{{! x }}\n{{history}}<<<dotprompt:role:user>>>\nHi\n",
    "a.prompty": "---\nname: x\nmodel: {api: chat}\nsample: {q: hi}\n---\n"
    "system:\nYou are {% if q %}x{% endif %}.\n\nuser:\n{{q}}\n",
    "plain.txt": "You are Sun Wukong.\r\n",
}  # fmt: skip


def foreign_files() -> list[tuple[str, bytes]]:
    """Return names and bytes."""
    files = [
        (name, json.dumps(document, ensure_ascii=False, indent=1).encode()) for name, document in _DOCUMENTS.items()
    ]
    files += [(name, text.encode()) for name, text in _TEXTS.items()]
    files.append(("v2.png", _png([(b"chara", _V2)])))
    files.append(("v3.png", _png([(b"chara", _V2), (b"ccv3", _V3)])))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as card:
        card.writestr("card.json", json.dumps(_V3))
        card.writestr("assets/a.png", _png([]))
    files.append(("card.charx", packed.getvalue()))
    return files


def foreign_results() -> list[tuple[str, bytes]]:
    """Return results of other tools: real ones, and small ones of formats that have none here."""
    real = Path(__file__).parents[1] / "exchange" / "results" / "data"
    files = [(path.stem, lzma.decompress(path.read_bytes())) for path in sorted(real.rglob("*.xz"))]
    files = [(name, data) for name, data in files if len(data) <= 200_000]
    rows = [{"persona": "nurse", "question": "Who?", "sample": 0, "reply": "A nurse.", "system": "You are a nurse."}]
    rows.append({**rows[0], "persona": "none", "reply": "A model.", "system": ""})
    body = {"model": "m", "messages": _MESSAGES}
    choice = {"index": 0, "message": {"role": "assistant", "content": "A nurse."}, "finish_reason": "stop"}
    response = {"status_code": 200, "body": {"model": "m", "choices": [choice], "usage": {"total_tokens": 3}}}
    small: dict[str, Any] = {
        "table.jsonl": "\n".join(json.dumps(row) for row in rows),
        "table.csv": 'persona,question,reply\nnurse,Who?,A nurse.\nnone,Who?,"A, b"\n',
        "batch-output.jsonl": json.dumps({"id": "b", "custom_id": "nurse|q|0", "response": response, "error": None}),
        "batch-input.jsonl": json.dumps({"custom_id": "nurse|q|0", "method": "POST", "url": "/v1/x", "body": body}),
        "comparator.json": json.dumps(
            {
                "metadata": {"source_path": "x", "custom_fields_schema": []},
                "models": [{"name": "a"}, {"name": "b"}],
                "examples": [{"input_text": "Hi", "tags": [], "output_text_a": "x", "output_text_b": "y", "score": 0}],
            }
        ),
    }
    return [*files, *((name, text.encode()) for name, text in small.items())]


def _png(texts: list[tuple[bytes, Any]]) -> bytes:
    """Return a picture of one dot with documents in its text chunks."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))]
    chunks += [(b"tEXt", key + b"\0" + base64.b64encode(json.dumps(document).encode())) for key, document in texts]
    chunks += [(b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b"")]
    written = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)
