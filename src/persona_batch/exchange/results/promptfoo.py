"""Results of promptfoo: `promptfoo eval -o out.json` (versions 2 to 4), and the same as JSONL, one result a line.

A prompt that is a chat is taken apart: what stands before the user's last message is the condition, that message the
question. Plain prompts are one user message each: where they are asked the same variables in other words, the prompts
are ways of asking one question (our `format`). Checks of ours that promptfoo has too keep our names.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from persona_batch.chat import Message, Params, Usage
from persona_batch.config.names import id_from_text
from persona_batch.errors import UsageError
from persona_batch.exchange.results.found import (
    FoundReply,
    Notes,
    Wanted,
    failure,
    kept_params,
    number_of,
    split_chat,
    status_of,
    usage_of,
)
from persona_batch.exchange.results.promptfoo_shapes import Document, Prompt, Provider, Result, Table, of_table
from persona_batch.exchange.results.reading import decoded, document, lines, shown
from persona_batch.plan.key import canonical_json
from persona_batch.record import CheckResult, Timing

_FAILED = 2  # failureReason: the provider failed; 1: an assertion did
_OURS = {"contains": "contains", "not-contains": "not contains", "equals": "equals", "not-equals": "not equals"}
_OURS |= {"regex": "regex", "not-regex": "not regex"}
_PASS_OR_FAIL = ("contains", "equals", "regex", "icontains", "starts-with", "is-json", "contains-json", "javascript")
_WARM = (
    "{n} {reply|replies} without a temperature in the settings: promptfoo sends 0 to OpenAI then, and so it is recorded"
)
_LONGEST_LABEL = 80
_FILES = (".json", ".yaml", ".yml", ".txt", ".md", ".jsonl", ".j2", ".csv", ".js", ".ts", ".py", ".mjs", ".cjs")
_NO_TEXT = "{n} {result that is|results that are} no text (an image, a call of a tool): left out"
_AS_JSON = "{n} {reply|replies} that promptfoo has as data (of a `transform`, a JSON schema): kept as JSON text"
_CALLS = ("tool_calls", "function_call", "functionCall", "toolCall", "tool_use", "arguments", "blobRef", "image_url")


def matches(suffix: str, head: bytes) -> bool:
    """Whether a file is promptfoo's."""
    if suffix == ".jsonl":
        return all(name in head for name in (b'"promptIdx"', b'"testCase"', b'"gradingResult"'))
    marks = (b'"evalId"', b'"promptIdx"', b'"gradingResult"', b'"namedScores"', b'"latencyMs"')
    return suffix == ".json" and b'"results"' in head and any(mark in head for mark in marks)


def is_other_output(suffix: str, head: bytes) -> bool:
    """Whether a file is what promptfoo wrote for people or spreadsheets: CSV, YAML, HTML, XML."""
    if suffix in (".csv", ".xlsx"):
        first = head.partition(b"\n")[0]
        return b",Status,Score,Named Scores" in first or (b",Status," in first and b",Grader Reason" in first)
    if suffix in (".yaml", ".yml"):
        return head.startswith(b"evalId:") or (b"\nresults:" in b"\n" + head and b"promptIdx:" in head)
    if suffix in (".html", ".htm"):
        return b"promptfoo" in head.lower()
    return suffix in (".xml", ".txt") and b"promptfoo" in head[:4096].lower() and b"evalId" in head


def read(path: Path, _: Wanted, notes: Notes) -> Iterator[FoundReply]:
    """Yield the replies of a file.

    Raises:
        UsageError: it is broken, or is of a version without single results.
    """
    name = shown(path)
    if path.suffix.lower() == ".jsonl":
        notes.add("promptfoo's JSONL says nothing of the providers' settings: the parameters are not known")
        for number, line in lines(path):
            place = f"{name}:{number}"
            yield from _replies(decoded(line, Result, place, what="a result of promptfoo"), {}, place, notes)
        return
    data = document(path, "`promptfoo export eval ID -o out.jsonl`, or `-o out.jsonl`, writes a result a line")
    whole = decoded(data, Document, name, what="promptfoo writes it")
    settings = _settings(whole.config or {})
    results = whole.results if isinstance(whole.results, list) else whole.results.results or []
    held = whole.table if isinstance(whole.results, list) else whole.results.table
    if not results and bytes(held) != b"null":
        for place, result in of_table(decoded(held, Table, f"{name}: table", what="promptfoo writes it"), name):
            yield from _replies(result, settings, place, notes)
        return
    if not results:
        raise UsageError(f"{name}: promptfoo finished without a single result")
    for number, raw in enumerate(results, start=1):
        place = f"{name}: result {number}"
        yield from _replies(decoded(raw, Result, place, what="a result of promptfoo"), settings, place, notes)


def _settings(config: Mapping[str, Any]) -> dict[str, tuple[Params, bool]]:
    """Return the request parameters of each provider by its label or id, and whether defaults are left out."""
    found: dict[str, tuple[Params, bool]] = {}
    providers = config.get("providers") or config.get("targets") or ()
    for entry in providers if isinstance(providers, list) else [providers]:
        if isinstance(entry, str):
            found[entry] = ({}, False)
        elif isinstance(entry, dict):
            named = [(entry.get("id"), entry)] if "id" in entry else [*entry.items()]  # `- openai:gpt-4o: {config: …}`
            for name, said in named:
                held = said.get("config") if isinstance(said, dict) else None
                held = held if isinstance(held, dict) else {}
                label = said.get("label") if isinstance(said, dict) else None
                if isinstance(name, str):
                    found[str(label or name)] = (kept_params(held), bool(held.get("omitDefaults")))
    return found


def _replies(
    result: Result, settings: Mapping[str, tuple[Params, bool]], place: str, notes: Notes
) -> Iterator[FoundReply]:
    prompt = Prompt(raw=result.prompt) if isinstance(result.prompt, str) else result.prompt
    provider = Provider(id=result.provider) if isinstance(result.provider, str) else result.provider or Provider()
    chat = _chat(prompt.raw)
    if chat is None:
        notes.add(_NO_TEXT, place)
        return
    opening, text = chat
    model = provider.label or provider.id or ""
    params, bare = settings.get(model) or settings.get(provider.id or "") or ({}, False)
    if settings and "temperature" not in params and not bare and (provider.id or "").startswith("openai:"):
        params = {**params, "temperature": 0}
        notes.add(_WARM)
    said = result.response or {}
    output, usage = said.get("output"), said.get("tokenUsage")
    failed = result.failure_reason == _FAILED or (result.error is not None and output is None)
    if not failed and not isinstance(output, str):
        if output is None:
            output = ""
        elif _is_data(output):
            notes.add(_AS_JSON, place)
            output = msgspec.json.encode(output).decode()
        else:
            notes.add(_NO_TEXT, place)
            return
    variables = result.vars if result.vars is not None else result.test_case.vars if result.test_case else None
    finish = said.get("finishReason")
    finish = finish if isinstance(finish, str) else None
    cached = said.get("cached") is True
    latency = number_of(said.get("latencyMs", result.latency_ms))
    label, template = _label_of(prompt), (prompt.label or prompt.display or "").strip()
    yield FoundReply(
        place=place,
        opening=opening,
        text=text,
        label=label or None,
        named=bool(label),
        template=template or None,
        wording=(label or _template_name(template, result.prompt_idx)) if variables else None,
        asked=canonical_json(variables).decode() if variables else None,
        origin=result.id,
        identity=(result.test_case.description or None) if result.test_case else None,
        model=model,
        params=params,
        cached=cached,
        reply="" if failed or not isinstance(output, str) else output,
        status="error" if failed else status_of(str(output), finish),
        finish_reason=finish,
        error=failure(result.error or said.get("error"), "promptfoo gives no reason") if failed else None,
        usage=_usage(usage) if not cached and not failed else None,
        timing=None if cached or failed or latency is None else Timing(latency_ms=latency),
        checks=[] if failed else _checks(result.grading_result or {}, notes),
        scores={} if failed else _scores(result.grading_result or {}),
    )


def _is_data(output: object) -> bool:
    """Whether an output is data that a model wrote; a call of a tool, or an image, is none."""
    parts = output if isinstance(output, list) else [output]
    return isinstance(output, dict | list | bool | int | float) and not any(
        isinstance(part, dict) and (any(name in part for name in _CALLS) or part.get("type") in _CALLS)
        for part in parts
    )


def _label_of(prompt: Prompt) -> str:
    """Return what the user calls a prompt; "": nothing, and promptfoo has its text there, or its file and text."""
    label = (prompt.label or prompt.display or "").strip()
    file, colon, rest = label.partition(": ")
    if colon and rest and " " not in file and Path(file).suffix in _FILES:
        return Path(file).stem
    is_text = (
        label == prompt.raw or len(label) > _LONGEST_LABEL or any(mark in label for mark in ("{{", "\n", '"role"'))
    )
    return "" if is_text else label


def _template_name(template: str, number: int | None) -> str:
    """Return a name for a prompt that has none."""
    if not template or template.startswith(("[", "{", "- role:")):
        return f"prompt-{(number or 0) + 1}"
    return id_from_text(template)


def _chat(raw: object) -> tuple[list[Message], str] | None:
    """Return what stood before the user's last message, and that message; None: it is no text."""
    if isinstance(raw, str):
        if raw.lstrip().startswith("- role:"):
            return _of_yaml(raw)
        if not raw.lstrip().startswith(("[", "{")):
            return [], raw
        try:
            raw = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            return [], str(raw)
    if isinstance(raw, dict):
        raw = raw.get("messages")
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        return None
    return split_chat([(str(one.get("role")), one.get("content")) for one in raw])


def _of_yaml(raw: str) -> tuple[list[Message], str] | None:
    """Return a chat that is written in YAML, as promptfoo sends it; plain text where it is none."""
    import yaml

    try:
        said = yaml.safe_load(raw)
    except (yaml.YAMLError, ValueError, RecursionError):
        said = None
    return _chat(said) if isinstance(said, list) else ([], raw)


def _usage(said: object) -> Usage | None:
    counts = said if isinstance(said, dict) else {}
    return usage_of(counts.get("prompt"), counts.get("completion"), counts.get("total"))


def _checks(grading: Mapping[str, Any], notes: Notes) -> list[CheckResult]:
    found = []
    parts = grading.get("componentResults")
    for part in parts if isinstance(parts, list) else ():
        asserted = part.get("assertion") if isinstance(part, dict) else None
        if not isinstance(asserted, dict) or not isinstance(part.get("pass"), bool):
            continue
        kind, value = str(asserted.get("type")), asserted.get("value")
        reason = None if part["pass"] else " ".join(str(part.get("reason") or "").split())[:300] or None
        if kind in _OURS and isinstance(value, str) and "threshold" not in asserted:
            found.append(CheckResult(_OURS[kind], part["pass"], value, reason))
        else:
            expected = value if isinstance(value, str | int | float) else None
            found.append(CheckResult(f"promptfoo {kind}", part["pass"], expected, reason))
            notes.add("outcomes of promptfoo's own assertions are kept; `batch check-replies` cannot judge them anew")
    return found


def _scores(grading: Mapping[str, Any]) -> dict[str, float]:
    """Return the scores of graders that give more than pass or fail."""
    found = {}
    parts = grading.get("componentResults")
    for part in parts if isinstance(parts, list) else ():
        asserted = part.get("assertion") if isinstance(part, dict) else None
        score = number_of(part.get("score")) if isinstance(part, dict) else None
        if isinstance(asserted, dict) and score is not None:
            kind = str(asserted.get("type"))
            if kind.removeprefix("not-") not in (
                "contains",
                "equals",
                "regex",
                "icontains",
                "is-json",
                "contains-json",
            ):
                found[str(asserted.get("metric") or kind)] = score
    return found
