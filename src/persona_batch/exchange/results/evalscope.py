"""Predictions of EvalScope: `outputs/TIME/predictions/MODEL/DATASET_SUBSET.jsonl`, one reply a line.

What the reviews beside them gave a reply (`reviews/MODEL/…`, the main score) comes along as a judgment, the request
parameters from `configs/task_config.yaml`. EvalScope counts every repeat as an index of its own, so what was asked
tells which are repeats of one question.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from persona_batch.chat import Params
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
    text_of,
    tokens_of,
)
from persona_batch.exchange.results.reading import decoded, lines, shown
from persona_batch.record import Timing

FOLDER = "**/predictions/**/*.jsonl"
_LEFT = "{n} {prediction|predictions} with more than text: left out"
_CONFIG = 1 << 20  # bytes of a task_config.yaml


class _Chat(msgspec.Struct):
    role: str
    content: Any = None


class _Choice(msgspec.Struct):
    message: _Chat
    stop_reason: str | None = None


class _Output(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    choices: list[_Choice] = []
    usage: dict[str, Any] | None = None
    time: float | None = None
    error: str | None = None


class _Line(msgspec.Struct):
    index: int
    model: str = ""
    model_output: _Output | None = None
    messages: list[_Chat] = []


class _Given(msgspec.Struct):
    value: dict[str, Any] | None = None
    main_score_name: str | None = None


class _SampleScore(msgspec.Struct):
    score: _Given | None = None


class _Review(msgspec.Struct):
    index: int
    sample_score: _SampleScore | None = None


def matches(suffix: str, head: bytes) -> bool:
    """Whether a file is of EvalScope's predictions."""
    return suffix == ".jsonl" and b'"index"' in head and (b'"model_output"' in head or b'"model_spec"' in head)


def read(path: Path, _: Wanted, notes: Notes) -> Iterator[FoundReply]:
    """Yield the replies of a file of predictions.

    Raises:
        UsageError: it is broken, or of a version that does not keep what was asked.
    """
    name, params = shown(path), _params(path, notes)
    scores = _scores(path)
    for number, text in lines(path):
        place = f"{name}:{number}"
        line = decoded(text, _Line, place, what="a prediction of EvalScope")
        if line.model_output is None or not line.messages:
            raise UsageError(
                f"{place}: this version of EvalScope does not keep the messages that were sent; "
                "predict anew with 1.0 or later"
            )
        output = line.model_output
        choice = output.choices[0] if output.choices else None
        split = split_chat([(one.role, one.content) for one in line.messages])
        reply = "" if choice is None else text_of(choice.message.content)
        if split is None or reply is None:
            notes.add(_LEFT, place)
            continue
        failed = bool(output.error) or choice is None
        finish = {"max_tokens": "length"}.get(str(choice.stop_reason), choice.stop_reason) if choice else None
        yield FoundReply(
            place=place,
            opening=split[0],
            text=split[1],
            label=path.stem,
            model=line.model,
            model_returned=None if failed else output.model,
            params=params,
            reply="" if failed else reply,
            status="error" if failed else status_of(reply, finish),
            finish_reason=None if failed else finish,
            error=failure(output.error, "EvalScope gives no reason") if failed else None,
            usage=None if failed else tokens_of(output.usage),
            timing=None if output.time is None or failed else Timing(latency_ms=output.time * 1000),
            request_id=None if failed else output.id,
            scores={} if failed else scores.get(line.index, {}),
        )


def _params(path: Path, notes: Notes) -> Params:
    """Return the request parameters by the task's configuration, which stands two folders up."""
    import yaml

    place = path.parent.parent.parent / "configs" / "task_config.yaml"
    try:
        with place.open(encoding="utf-8") as file:
            said = yaml.safe_load(file.read(_CONFIG))
        return kept_params(said["generation_config"])
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError, RecursionError):
        notes.add("no configs/task_config.yaml beside the predictions: the request parameters are not known")
        return {}


def _scores(path: Path) -> dict[int, dict[str, float]]:
    """Return the main score of each reply by its index; none where there are no reviews."""
    beside = path.parent.parent.parent / "reviews" / path.parent.name / path.name
    found: dict[int, dict[str, float]] = {}
    if not beside.is_file() or beside.is_symlink():
        return found
    for number, text in lines(beside):
        review = decoded(text, _Review, f"{shown(beside)}:{number}", what="a review of EvalScope")
        given = review.sample_score.score if review.sample_score else None
        name = given.main_score_name if given else None
        value = number_of((given.value or {}).get(name or "")) if given else None
        if name and value is not None:
            found[review.index] = {name: value}
    return found
