"""One persona, one model, and the messages so far: what `ask` and `chat` talk through."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from persona_batch.asking.asker import Asker
from persona_batch.asking.limits import RetryPolicy
from persona_batch.asking.reply import Failure
from persona_batch.chat import Message
from persona_batch.config.batch import Batch, Persona, Question
from persona_batch.config.cautions import cautions
from persona_batch.config.inline import Inline
from persona_batch.config.load import Overrides, load_batch
from persona_batch.config.names import id_from_text
from persona_batch.credentials import has_key
from persona_batch.engine.play import record_of, request_of
from persona_batch.errors import AuthRefused, ModelUnknown, ProviderError, UsageError
from persona_batch.pipeline import call as prepared
from persona_batch.pipeline.options import RunOptions
from persona_batch.plan.cell import Cell
from persona_batch.plan.key import cell_key
from persona_batch.provider.connect import choose_models
from persona_batch.provider.contract import Provider
from persona_batch.record import Record
from persona_batch.record.runlog import RunLog, as_is
from persona_batch.wording import listed, meant

PATIENCE = RetryPolicy(retries=3, total=120.0)  # somebody is waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(prepared.Call):
    """Whom to ask and where: one persona, in one of its variants."""

    persona: Persona
    variant: int

    def open(self, note: Callable[[str], None]) -> Provider:
        """Return the provider, to be entered; `note` is told what the user should know.

        Raises:
            UsageError: the embedded model is not installed.
        """
        return self.connect(note)


def prepare(files: Sequence[str | Inline], persona: str | None, variant: int, overrides: Overrides) -> Call:
    """Read the persona files, or values in Python, and find the persona and the endpoint.

    Raises:
        UsageError: something is wrong with the file, the choice of persona or the endpoint's settings.
    """
    batch = load_batch(files, overrides=overrides, need_questions=False)
    chosen = _chosen(batch, [str(file) for file in files], persona)
    if not 0 <= variant < len(chosen.variants):
        raise UsageError(f"--variant {variant}: persona {chosen.id} has variants 0 to {len(chosen.variants) - 1}")
    call = prepared.prepare(RunOptions(files=tuple(files), overrides=overrides), batch)
    return Call(call.options, call.batch, call.target, persona=chosen, variant=variant)


class Cautions:
    """Warns of what `batch run` would warn of, for this persona and what is said to it; once."""

    def __init__(self, call: Call, note: Callable[[str], None]) -> None:
        self._call = call
        self._note = note
        self._lost = call.batch.lost
        self._warned = False

    def tell(self, said: str) -> None:
        """Warn, unless it was done before; `said` may be empty: nothing is asked yet."""
        for loss in self._lost:
            self._note(loss)
        self._lost = ()
        questions = (Question(id_from_text(said), said),) if said.strip() else ()
        persona = replace(
            self._call.persona, variants=(self._call.persona.variants[self._call.variant],), questions=questions
        )
        found = () if self._warned else cautions([persona], self._call.batch.run)
        for caution in found:
            self._note(caution)
        self._warned = self._warned or bool(found)


class Conversation:
    """The turns so far; each new one is asked with all before it. `model` answers; `records` are the turns.

    `failure` is why the last request was given up; None: it was not.

    Raises:
        UsageError: the persona cannot be asked.
    """

    def __init__(self, call: Call, provider: Provider, model: str) -> None:
        self._call = call
        redactor = call.target.redactor
        self._clean = redactor.clean if redactor else as_is
        run = call.batch.run
        self._asker = Asker(
            provider,
            policy=PATIENCE if run.retries is None else replace(PATIENCE, retries=run.retries),
            log=RunLog(None, self._clean),
            keep_thinking=run.thinking == "keep",
        )
        persona = replace(
            call.persona,
            variants=(call.persona.variants[call.variant],),
            questions=(Question("turn-1", ""),),
            controls=(),
            control=False,  # a control that is talked to is a persona like any other
        )
        batch = replace(call.batch, personas=(persona,), run=replace(run, samples=1))
        self._unsaid = replace(next(iter(replace(call, batch=batch).grid([model]))), variant=call.variant)
        self.model = model
        self.records: list[Record] = []
        self.failure: ProviderError | None = None

    @classmethod
    async def begin(cls, call: Call, provider: Provider, note: Callable[[str], None]) -> "Conversation":
        """Choose the model and return a conversation without turns; `note` is told what the user should know.

        Raises:
            UsageError: no model, or one that the endpoint does not have.
            ProviderError: the endpoint cannot be asked.
        """
        named = call.batch.run.models[:1]
        models = await choose_models(provider, named, lists_all=call.target.preset.lists_all, note=note)
        return cls(call, provider, models[0])

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages so far, the last reply included."""
        if not self.records:
            return self._unsaid.messages[:-1]
        last = self.records[-1]
        return (*last.messages, Message("assistant", last.reply))

    def cell(self, said: str) -> Cell:
        """Return what will be asked when the user says this.

        Raises:
            UsageError: it holds a key.
        """
        if has_key(said) or self._clean(said) != said:
            raise UsageError("what looks like a key is never sent as a question; take it out")
        before = "" if self.records else self._unsaid.messages[-1].content  # a prompt in the first user message
        messages = (*self.messages, Message("user", before + said))
        key = cell_key(
            messages=messages,
            model=self._unsaid.model,
            params=self._unsaid.params,
            endpoint=self._unsaid.endpoint.identity,
            sample=self._unsaid.sample,
        )
        return replace(self._unsaid, question=f"turn-{len(self.records) + 1}", messages=messages, key=key)

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
        answer = await self._asker.ask(request_of(cell), on_text=on_text, on_retry=on_retry)
        self.failure = answer.error if isinstance(answer, Failure) else None
        if isinstance(answer, Failure) and isinstance(answer.error, AuthRefused | ModelUnknown):
            raise UsageError(answer.message)  # the user's to mend
        record = record_of(cell, answer, run_id="conversation")
        if record.reply:
            self.records.append(record)
        return record

    def reset(self) -> None:
        """Forget all turns."""
        self.records.clear()


def _chosen(batch: Batch, files: Sequence[str], wanted: str | None) -> Persona:
    shown, have = listed(files), "has" if len(files) == 1 else "have"
    by_id = {persona.id: persona for persona in batch.personas if persona.rows is None}
    tables = [(persona, persona.rows) for persona in batch.personas if persona.rows is not None]
    if wanted is not None:
        if wanted in by_id:
            return by_id[wanted]
        for shape, rows in tables:
            if (number := rows.number_of(wanted)) is not None:
                return rows.persona(shape, number)
        known = [*by_id, *(name for _, rows in tables for name in rows.names())]
        raise UsageError(f"{shown} {have} no persona `{wanted}`; {meant(wanted, known)}")
    own = [persona for persona in by_id.values() if not persona.control]
    own = own or ([] if tables else list(by_id.values()))
    namesakes = [persona for persona in own if persona.id == batch.id]
    if len(own) > 1 and namesakes:  # of several, the one that is called like its file
        return namesakes[0]
    count = len(own) + sum(len(rows) for _, rows in tables)
    if count != 1:
        named = chain((one.id for one in own), *(rows.names() for _, rows in tables))
        raise UsageError(f"{shown} {have} {count:,} personas; choose one by -p: {_some(list(islice(named, 13)))}")
    return own[0] if own else tables[0][1].persona(tables[0][0], 0)


def _some(ids: list[str]) -> str:
    shown = ids[:12]
    return ", ".join(shown) + (" …" if len(ids) > len(shown) else "")
