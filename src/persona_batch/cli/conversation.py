"""One persona, one model, and the messages so far: what `ask` and `chat` talk through."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from persona_batch.asking.retry import RetryPolicy, ask
from persona_batch.chat import Message
from persona_batch.config.batch import Batch, Persona, Question
from persona_batch.config.cautions import cautions
from persona_batch.config.load import Overrides, load_batch
from persona_batch.config.names import id_from_text
from persona_batch.credentials import has_key
from persona_batch.errors import ProviderError, UsageError
from persona_batch.pipeline import call as prepared
from persona_batch.pipeline.options import RunOptions
from persona_batch.plan.cell import Cell
from persona_batch.plan.key import cell_key
from persona_batch.provider.base import Provider
from persona_batch.provider.connect import choose_models
from persona_batch.record import Record
from persona_batch.record.runlog import RunLog, as_is
from persona_batch.view.terminal import tell
from persona_batch.wording import meant

PATIENCE = RetryPolicy(retries=3, total=120.0)  # somebody is waiting
SETTLED = ("auth", "model_unknown")  # kinds of failure that are the user's to mend


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(prepared.Call):
    """Whom to ask and where: one persona, in one of its variants."""

    persona: Persona
    variant: int

    def open(self) -> Provider:
        """Return the provider, to be entered.

        Raises:
            UsageError: the embedded model is not installed.
        """
        return self.connect(say)


def prepare(file: str, persona: str | None, variant: int, overrides: Overrides) -> Call:
    """Read the persona file and find the persona and the endpoint.

    Raises:
        UsageError: something is wrong with the file, the choice of persona or the endpoint's settings.
    """
    batch = load_batch([file], overrides=overrides, need_questions=False)
    chosen = _chosen(batch, file, persona)
    if not 0 <= variant < len(chosen.variants):
        raise UsageError(f"--variant {variant}: persona {chosen.id} has variants 0 to {len(chosen.variants) - 1}")
    call = prepared.prepare(RunOptions(files=(file,), overrides=overrides), batch)
    return Call(call.options, call.batch, call.target, persona=chosen, variant=variant)


class Cautions:
    """Warns of what `batch run` would warn of, for this persona and what is said to it; once."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._lost = call.batch.lost
        self._warned = False

    def tell(self, said: str) -> None:
        """Warn on stderr, unless it was done before; `said` may be empty: nothing is asked yet."""
        for loss in self._lost:
            say(loss)
        self._lost = ()
        questions = (Question(id_from_text(said), said),) if said.strip() else ()
        persona = replace(
            self._call.persona, variants=(self._call.persona.variants[self._call.variant],), questions=questions
        )
        found = () if self._warned else cautions([persona], self._call.batch.run)
        for caution in found:
            say(caution)
        self._warned = self._warned or bool(found)


class Conversation:
    """The turns so far; each new one is asked with all before it."""

    def __init__(self, call: Call, provider: Provider, model: str) -> None:
        self._call = call
        self._provider = provider
        self._model = model
        redactor = call.target.redactor
        self._log = RunLog(None, redactor.clean if redactor else as_is)
        self.records: list[Record] = []

    @classmethod
    async def begin(cls, call: Call, provider: Provider) -> "Conversation":
        """Choose the model and return a conversation without turns.

        Raises:
            UsageError: no model, or one that the endpoint does not have.
            ProviderError: the endpoint cannot be asked.
        """
        named = call.batch.run.models[:1]
        models = await choose_models(provider, named, lists_all=call.target.preset.lists_all, note=say)
        return cls(call, provider, models[0])

    @property
    def model(self) -> str:
        """The model that answers."""
        return self._model

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages so far, the last reply included."""
        if not self.records:
            return self.cell("").messages[:-1]
        last = self.records[-1]
        return (*last.messages, Message("assistant", last.reply))

    def cell(self, said: str) -> Cell:
        """Return what will be asked when the user says this.

        Raises:
            UsageError: it holds a key.
        """
        if has_key(said) or self._log.clean(said) != said:
            raise UsageError("what looks like a key is never sent as a question; take it out")
        turn = len(self.records) + 1
        persona = replace(
            self._call.persona,
            variants=(self._call.persona.variants[self._call.variant],),
            questions=(Question(f"turn-{turn}", said),),
            controls=(),
            control=False,  # a control that is talked to is a persona like any other
        )
        batch = replace(self._call.batch, personas=(persona,), run=replace(self._call.batch.run, samples=1))
        cell = next(iter(replace(self._call, batch=batch).grid([self._model])))
        cell = replace(cell, variant=self._call.variant)
        if not self.records:
            return cell
        messages = (*self.messages, Message("user", said))
        key = cell_key(
            messages=messages,
            model=cell.model,
            params=cell.params,
            endpoint=cell.endpoint.identity,
            sample=cell.sample,
        )
        return replace(cell, messages=messages, key=key)

    async def say(
        self,
        cell: Cell,
        *,
        on_text: Callable[[str], None],
        on_retry: Callable[[ProviderError, float], None],
    ) -> Record:
        """Ask the cell; a usable reply becomes a part of the conversation.

        Raises:
            UsageError: the key was refused, or the model is not there.
            StoppedEarly: the day's quota is used up.
        """
        self._call.count()
        retries = self._call.batch.run.retries
        policy = PATIENCE if retries is None else replace(PATIENCE, retries=retries)
        record = await ask(
            self._provider,
            cell,
            run_id="conversation",
            policy=policy,
            log=self._log,
            on_text=on_text,
            on_retry=on_retry,
            keep_thinking=self._call.batch.run.thinking == "keep",
        )
        if record.error is not None and record.error.kind in SETTLED:
            raise UsageError(record.error.message)
        if record.reply:
            self.records.append(record)
        return record

    def reset(self) -> None:
        """Forget all turns."""
        self.records.clear()


def say(sentence: str) -> None:
    """Tell the user something that is no part of the talk."""
    sys.stdout.flush()
    tell(sentence)


def _chosen(batch: Batch, file: str, wanted: str | None) -> Persona:
    by_id = {persona.id: persona for persona in batch.personas}
    if wanted is not None:
        if wanted in by_id:
            return by_id[wanted]
        raise UsageError(f"{file} has no persona `{wanted}`; {meant(wanted, by_id)}")
    own = [persona for persona in batch.personas if not persona.control] or list(batch.personas)
    namesakes = [persona for persona in own if persona.id == batch.id]
    if len(own) > 1 and namesakes:  # of several, the one that is called like its file
        return namesakes[0]
    if len(own) != 1:
        raise UsageError(f"{file} has {len(own):,} personas; choose one by -p: {_some([one.id for one in own])}")
    return own[0]


def _some(ids: list[str]) -> str:
    shown = ids[:12]
    return ", ".join(shown) + (" …" if len(ids) > len(shown) else "")
