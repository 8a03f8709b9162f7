"""Sources read independently of the importer: who is asked what, as (system message, user message)."""

import csv
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path

Pairs = set[tuple[str | None, str]]

ASKED = "And what now?"
"""What personas without questions of their own are asked."""


def role_json(path: Path) -> Pairs:
    document = json.loads(path.read_text(encoding="utf-8"))
    prompts = [item["pos"] for item in document["instruction"]]
    return set(itertools.product(prompts, document.get("questions", [ASKED])))


def act_prompt_csv(path: Path) -> Pairs:
    rows = csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""))
    return {(row["prompt"], ASKED) for row in rows}


def act_prompt_json(path: Path) -> Pairs:
    return {(item["prompt"], ASKED) for item in json.loads(path.read_text(encoding="utf-8"))}


def questionnaire(path: Path) -> Pairs:
    keys = ("origin_en", "origin_zh", "rewritten_en", "rewritten_zh")
    items = json.loads(path.read_text(encoding="utf-8"))["questions"].values()
    return {(None, item[key]) for item in items for key in keys}


def by_task(path: Path) -> Pairs:
    tasks = json.loads(path.read_text(encoding="utf-8"))
    return {(path.stem, question) for questions in tasks.values() for question in questions}


def probes(path: Path) -> Pairs:
    return {(item["system"], item["probe"]) for item in json.loads(path.read_text(encoding="utf-8"))}


def grid(path: Path) -> Pairs:
    document = json.loads(path.read_text(encoding="utf-8"))
    found: Pairs = set()
    for condition, question in itertools.product(document["conditions"], document["questions"]):
        if condition.get("place") == "system":
            found.add((condition["text"], question))
        else:
            before = f"{condition['text']}\n\n" if "text" in condition else ""
            found.add((None, before + question))
    return found


def markdown(path: Path) -> Pairs:
    lines = path.read_text(encoding="utf-8").splitlines()[2:]
    return {(None, line.strip().strip("|").split("|")[1].strip()) for line in lines if line.strip()}


def promptfoo(path: Path) -> Pairs:  # the product, by hand
    return {("你是一只小猫", "你是谁？"), ("你是孙悟空", "你是谁？"), ("你是孙悟空", "我是谁？")}


def mt_bench(path: Path) -> Pairs:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {(None, turn) for line in lines for turn in json.loads(line)["turns"]}


def question_lines(path: Path) -> Pairs:
    return {(None, json.loads(line)["question"]) for line in path.read_text(encoding="utf-8").splitlines()}


READINGS: dict[str, Callable[[Path], Pairs]] = {
    "pirate.json": role_json,
    "default.json": role_json,
    "prompts.csv": act_prompt_csv,
    "prompts-zh.json": act_prompt_json,
    "BFI.json": questionnaire,
    "A student from New Zealand, fond of robots.json": by_task,
    "seven.json": probes,
    "grid.json": grid,
    "questions.md": markdown,
    "promptfoo": promptfoo,
    "mt_bench.jsonl": mt_bench,
    "questions.jsonl": question_lines,
}
