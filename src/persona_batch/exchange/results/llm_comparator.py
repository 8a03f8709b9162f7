"""Files of LLM Comparator: two columns of replies to the same inputs.

They do not say what stood before an input, so each of the two is a condition under the name that the file gives it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from persona_batch.errors import UsageError
from persona_batch.exchange.results.found import FoundReply, Notes, Wanted, status_of
from persona_batch.exchange.results.reading import decoded, document, shown

_SCORES = (
    "{n} {score of a pair|scores of pairs}: left out; `batch judge` or `batch rate` say how replies do side by side"
)
_LEFT = "{n} {example|examples} whose input or reply is no text: left out"
_FIELDS = "{n} {example|examples} with rationales or custom fields: these are left out"


class _Model(msgspec.Struct):
    name: str = ""


class _Document(msgspec.Struct):
    examples: list[msgspec.Raw]
    models: list[_Model] = []


class _Example(msgspec.Struct):
    input_text: Any = None
    prompt: Any = None
    output_text_a: Any = None
    output_text_b: Any = None
    response_a: Any = None
    response_b: Any = None
    score: Any = None
    individual_rater_scores: list[Any] | None = None
    custom_fields: dict[str, Any] | None = None


def matches(suffix: str, head: bytes) -> bool:
    """Whether a file is one of LLM Comparator."""
    return suffix == ".json" and b'"examples"' in head and (b'"models"' in head or b'"output_text_a"' in head)


def read(path: Path, _: Wanted, notes: Notes) -> Iterator[FoundReply]:
    """Yield the replies of a file, two an example.

    Raises:
        UsageError: it is broken, or calls both columns the same.
    """
    name = shown(path)
    whole = decoded(
        document(path, "split its examples into several files"), _Document, name, what="LLM Comparator has it"
    )
    labels = [model.name.strip() for model in whole.models[:2]]
    labels = [label or f"model-{letter}" for label, letter in zip([*labels, "", ""], "ab", strict=False)]
    if labels[0] == labels[1]:
        raise UsageError(f"{name}: both models are called `{labels[0]}`; give them two names under `models`")
    for number, raw in enumerate(whole.examples, start=1):
        place = f"{name}: example {number}"
        example = decoded(raw, _Example, place, what="an example of LLM Comparator")
        asked = example.input_text if example.input_text is not None else example.prompt
        replies = [
            example.output_text_a if example.output_text_a is not None else example.response_a,
            example.output_text_b if example.output_text_b is not None else example.response_b,
        ]
        if not isinstance(asked, str) or not all(isinstance(reply, str) for reply in replies):
            notes.add(_LEFT, place)
            continue
        if example.score is not None:
            notes.add(_SCORES)
        if example.individual_rater_scores or example.custom_fields:
            notes.add(_FIELDS)
        for label, reply in zip(labels, replies, strict=True):
            yield FoundReply(
                place=place,
                text=asked,
                label=label,
                named=True,
                known=False,
                reply=str(reply),
                status=status_of(str(reply), None),
            )
