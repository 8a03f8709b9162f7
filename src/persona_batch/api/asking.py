"""`ask` and `ask_async`: one question to one persona."""

import inspect
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from persona_batch.api import checking
from persona_batch.api.arguments import endpoint_of, placements_of, thinking_of
from persona_batch.api.loops import Perform, Result, at_once, awaited, blocking, carrying, check_loop
from persona_batch.api.results import Reply
from persona_batch.api.taking import taking
from persona_batch.api.values import PersonasGiven, personas_of
from persona_batch.api.words import in_python
from persona_batch.chat import Placement, Thinking
from persona_batch.config.inline import Inline
from persona_batch.config.load import Overrides
from persona_batch.errors import AuthRefused, ConnectionFailed, MalformedReply, ProviderError, TimedOut, UsageError


@dataclass(frozen=True, slots=True)
class AskedOnce:
    """What is asked of whom, and who wants to hear of it."""

    personas: tuple[str | Inline, ...]
    question: str
    persona: str | None
    variant: int
    overrides: Overrides
    save: str | None
    on_text: Callable[[str], object] | None
    on_note: Callable[[str], object] | None


def read_question(
    personas: PersonasGiven,
    question: str,
    *,
    persona: str | None = None,
    variant: int = 0,
    provider: str | None = None,
    base_url: str | None = None,
    api_key_env: str | None = None,
    api_key_header: str | None = None,
    model: str | None = None,
    placement: Placement | None = None,
    param: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    timeout: float | None = None,
    retries: int | None = None,
    thinking: Thinking | None = None,
    save: str | os.PathLike[str] | None = None,
    on_text: Callable[[str], object] | None = None,
    on_note: Callable[[str], object] | None = None,
) -> AskedOnce:
    """Return what the arguments ask for.

    Raises:
        UsageError: a value is wrong.
    """
    if not isinstance(question, str) or not question.strip() or not checking.is_utf8(question):
        raise checking.wrong("question", question, "the text that is asked")
    for name, called in (("on_text", on_text), ("on_note", on_note)):
        checking.callback(name, called)
    found = personas_of(personas)
    if not found:
        raise checking.wrong("personas", personas, "a file, or a dict as {'pirate': 'Talk like a pirate.'}")
    return AskedOnce(
        personas=found,
        question=question,
        persona=checking.text("persona", persona),
        variant=checking.whole("variant", variant, 0) or 0,
        overrides=Overrides(
            **endpoint_of(provider, base_url, api_key_env, api_key_header),
            models=checking.texts("model", model),
            placements=placements_of(placement),
            timeout=checking.number("timeout", timeout, 0.001),
            retries=checking.whole("retries", retries, 0),
            thinking=thinking_of(thinking),
            params=checking.params(*checking.either("param", param, "params", params)),
        ),
        save=None if save is None else checking.path("save", save),
        on_text=on_text,
        on_note=on_note,
    )


_ARGUMENTS = frozenset(inspect.signature(read_question).parameters)
_NO_ANSWER = (AuthRefused, ConnectionFailed, MalformedReply, TimedOut)


@taking(read_question)
def ask(asked: AskedOnce) -> Reply:
    """Ask a persona one question: `ask({"pirate": "Talk like a pirate."}, "Who are you?").reply`.

    `personas` is a file or a plain value, as for `run`; `persona` chooses one of several by its id, `variant` one of
    its wordings. The other arguments have the names of the options of `batch ask`. `on_text` is called with the pieces
    of the reply as they come (once more from the beginning where a stream broke and is asked anew), `on_note` with what
    `batch ask` would tell on the way; `save` is a JSON Lines file that the record is appended to.

    Raises:
        UsageError: something is wrong with the input, or no model is named where there is not just one.
        ProviderError: the request failed, after as many tries as `retries` lets it have: `ConnectionFailed` (nobody is
            there), `AuthRefused`, … of `persona_batch.errors`; `kind` is its name.
        StoppedEarly: the day's quota is used up.
    """
    return blocking(partial(_asked, asked))


@taking(read_question)
async def ask_async(asked: AskedOnce) -> Reply:
    """Do what `ask` does, in the running loop; callbacks are called in its thread.

    Returns, Raises: as `ask`.
    """
    check_loop()
    return await awaited(_asked(asked, at_once))


async def _asked(asked: AskedOnce, perform: Perform) -> Reply:
    from persona_batch.pipeline.conversation import Cautions, Conversation, prepare
    from persona_batch.record.journal import Sink

    notes: list[str] = []
    perform = carrying(perform)

    def note(sentence: str, *, always: bool = False) -> None:  # noqa: ARG001 - nothing is quiet here
        notes.append(in_python(sentence, _ARGUMENTS))
        if asked.on_note is not None:
            perform(partial(asked.on_note, notes[-1]))

    def on_text(piece: str) -> None:
        if asked.on_text is not None:
            perform(partial(asked.on_text, piece))

    def on_retry(error: ProviderError, wait: float) -> None:
        note(f"{error.message}; asking again in {wait:.1f} s")

    call = prepare(asked.personas, asked.persona, asked.variant, asked.overrides)
    Cautions(call, note).tell(asked.question)
    with ExitStack() as stack:
        kept = None if asked.save is None else stack.enter_context(Sink(Path(asked.save)))
        async with call.open(note) as endpoint:
            conversation = await _begun(Conversation.begin(call, endpoint, note))
            cell = conversation.cell(asked.question)
            try:
                record = await conversation.say(cell, on_text=on_text, on_retry=on_retry)
            except UsageError as error:  # a refused key, a model that is not there
                if conversation.failure is not None:
                    raise _failed(conversation.failure, str(error)) from None
                raise
        if kept is not None:
            kept.append(record)
    if record.error is not None and conversation.failure is not None:
        raise _failed(conversation.failure, record.error.message) from None
    return Reply(record, tuple(notes))


async def _begun(conversation: Awaitable[Result]) -> Result:
    """Begin it; an endpoint that cannot even be asked for its models is no other failure than one at the question."""
    try:
        return await conversation
    except UsageError as error:
        if isinstance(error.__cause__, _NO_ANSWER):
            raise _failed(error.__cause__, str(error)) from None
        raise


def _failed(failure: ProviderError, said: str) -> ProviderError:
    """Return why a request failed, with the words that people are told, which are free of keys."""
    failure.message, failure.args = said, (said,)
    return failure
