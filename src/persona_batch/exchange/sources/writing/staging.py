"""What was found → our files, in a folder of their own: personas in `personas/`, questions in `prompts/`.

Nothing is read back and nothing that exists is touched; a long source goes through row by row.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from persona_batch.chat import JsonValue
from persona_batch.config.files import MAX_BYTES
from persona_batch.errors import UsageError
from persona_batch.exchange.sources.found import Found, FoundPersona, FoundQuestion, FoundRubric, FoundSet
from persona_batch.exchange.sources.writing.entries import IMPORTED, Entries, Entry, LeftOut, Told, as_item, clean, kept
from persona_batch.exchange.sources.writing.fitting import fitting_params, has_odd_text
from persona_batch.exchange.sources.writing.given import Given
from persona_batch.exchange.sources.writing.naming import Names
from persona_batch.exchange.sources.writing.notes import few_of_each
from persona_batch.exchange.sources.writing.row_files import RowFiles
from persona_batch.exchange.sources.writing.yaml_text import yaml_parts
from persona_batch.wording import counted

PERSONAS, QUESTIONS, RUBRICS = "personas", "prompts", "prompts/judges"
MOST_WRITTEN = 300  # personas or questions of one file; more of them become a table
_MOST_CHARS = 2_000_000  # of their texts
_TOLD_EACH = 1000
_FIRST = 100  # rows of a table that are compared with what our reader makes of them


@dataclass(slots=True)
class Staged:
    """The files of an import, relative to `root`, and what our reader has to find in them.

    `expected` are texts by kind of file and id: of personas their prompts and examples, of questions what is asked.
    `run` is what the files say of the run, each setting once.
    """

    root: Path
    files: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    expected: dict[tuple[str, str], int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    run: dict[str, JsonValue] = field(default_factory=dict)
    personas: int = 0
    questions: int = 0
    sources: int = 0


@dataclass(slots=True)
class Stager:
    """Writes the files of one source after another; `progress` is told of every thousandth persona and question."""

    staged: Staged
    names: Names
    progress: Callable[[int], None] = lambda _: None

    def take(self, found: Found, shown: str) -> None:
        """Write the files of a source that messages call `shown`.

        Raises:
            UsageError: nothing is left of it, or it does not fit into a file.
            OSError: the disk is full.
        """
        before = self.staged.personas + self.staged.questions
        self.staged.sources += 1
        personas = iter(found.personas)
        first = next(personas, None)
        stem = self.names.stem(PERSONAS, found.stem) if first is not None else found.stem
        entries = Entries(self.names, stem, Told(macros=found.macros))
        sets: dict[str, str] = {}
        together, within = _asked_together(found), Given()
        for one in found.sets:
            kind = self._set(one, entries, within if together else Given())
            if kind is not None:
                sets[one.stem] = kind
        for rubric in found.rubrics:
            self._rubric(rubric, entries)
        if first is not None:
            entries.stem = stem
            self._personas(found, chain([first], personas), sets, entries)
        notes = (*few_of_each(found.notes), *entries.told.sentences())
        self.staged.notes += [f"{shown}: {note}" for note in notes]
        if self.staged.personas + self.staged.questions == before:
            last = self.staged.notes[-1] if self.staged.notes else f"{shown}: it holds no persona and no question"
            raise UsageError(f"{last}; nothing is left to import")

    def _rubric(self, rubric: FoundRubric, entries: Entries) -> None:
        told = entries.told
        try:
            said = {} if rubric.system is None else {"system": clean(rubric.system, told, rubric.stem)}
            said["text"] = clean(rubric.text, told, rubric.stem)
        except LeftOut as reason:
            told.add(f"rubrics left out ({reason})", rubric.stem)
            return
        name = self.names.stem(RUBRICS, rubric.stem)
        self._write(f"{RUBRICS}/{name}.yaml", {"id": name, **said, "score": rubric.score})

    def _set(self, one: FoundSet, entries: Entries, within: Given) -> str | None:
        """Write a question file; return its stem, or None where no question was left."""
        stem = entries.stem = self.names.stem(QUESTIONS, one.stem)

        def made() -> Iterator[Entry]:
            for question in one.questions:
                entry = self._question(question, entries, within)
                if entry is not None:
                    yield entry

        head: Entry = {"id": stem}
        for key, said in (("name", one.name), ("description", one.description)):
            try:
                head |= {} if said is None else {key: clean(said, entries.told, one.stem)}
            except LeftOut as reason:
                entries.told.add(f"a {key} left out ({reason})", stem)
        head |= kept(one.imported, entries.told, one.stem)
        written = self._listed(made(), QUESTIONS, stem, lambda entry: as_item(entry, in_persona=False), entries)
        if written.count == 0:
            return None
        self.staged.questions += written.count
        self._write(f"{QUESTIONS}/{stem}.yaml", {**head, "questions": written.items})
        return stem

    def _question(self, question: FoundQuestion, entries: Entries, within: Given) -> Entry | None:
        try:
            return entries.question(question, within)
        except LeftOut as reason:
            entries.told.add(f"questions left out ({reason})", question.id or (question.text or "")[:40] or "one")
            return None

    def _personas(self, found: Found, personas: Iterable[FoundPersona], sets: dict[str, str], entries: Entries) -> None:
        stem = entries.stem
        named: set[str] = set()

        def made() -> Iterator[Entry]:
            rest = iter(personas)
            first, second = next(rest), next(rest, None)
            numbered = enumerate(chain([first], [] if second is None else [second], rest), start=1)
            for number, one in numbered:
                named.update(one.sets)
                asked: list[JsonValue] = [reference(sets[name]) for name in one.sets if name in sets]
                within = Given()
                inline = (self._question(question, entries, within) for question in one.questions)
                asked += [as_item(entry, in_persona=True) for entry in inline if entry is not None]
                try:
                    yield entries.persona(one, 0 if second is None else number, asked)
                except LeftOut as reason:
                    entries.told.add(f"personas left out ({reason})", one.id or one.name or f"number {number}")

        written = self._listed(made(), PERSONAS, stem, lambda entry: entry, entries)
        if written.count == 0:
            return
        self.staged.personas += written.count
        shared = self._shared(found, entries)
        common = [reference(sets[name]) for name in sets if name not in named]
        if common:
            shared["questions"] = [*shared.get("questions", ()), *common]
            for item in written.items:
                if "questions" in item:
                    item["questions"] = [*common, *item["questions"]]
        only = written.items[0]
        if len(written.items) == 1 and "from" not in only and not shared.keys() & only.keys() - {"questions"}:
            self._write(f"{PERSONAS}/{stem}.yaml", only | shared | only)
        else:
            self._write(f"{PERSONAS}/{stem}.yaml", {**shared, "personas": written.items})

    def _shared(self, found: Found, entries: Entries) -> Entry:
        """Return what stands at the top of a persona file, as far as it can stand in one."""
        shared = dict(found.shared)
        written = shared.pop("params", None) or {}
        params, refused = fitting_params(written)
        for one in refused:
            entries.told.add(f"no parameter that can stand here: {one}, kept under `{IMPORTED}`", entries.stem)
        if refused:
            left = {name: value for name, value in written.items() if name not in params}
            shared[IMPORTED] = {"params": left, **(shared.get(IMPORTED) or {})}
        shared |= {"params": params} if params else {}
        shared |= self._run(shared, entries.stem)
        return shared | kept(shared.pop(IMPORTED, None), entries.told, entries.stem)

    def _run(self, shared: dict[str, JsonValue], stem: str) -> dict[str, JsonValue]:
        """Return what the file may say of the run: all files of a folder are run as one."""
        run = shared.pop("run", None)
        if not isinstance(run, dict):
            return {}
        agreed: dict[str, JsonValue] = {}
        for key, value in run.items():
            if has_odd_text(value):
                continue
            if self.staged.run.setdefault(key, value) == value:
                agreed[key] = value
            else:
                told = f"`{key}` of `run` is {json.dumps(value)}, which another file sets to something else; left out"
                self.staged.notes.append(f"{stem}: {told}")
        return {"run": agreed} if agreed else {}

    def _listed(
        self,
        entries: Iterable[Entry],
        kind: str,
        stem: str,
        item: Callable[[Entry], JsonValue],
        made: Entries,
    ) -> "_Written":
        """Return entries as the items of a list, or write them as rows where they are many."""
        written = _Written()
        rest = iter(entries)
        chars = 0
        for entry in rest:
            written.items.append(entry)
            chars += len(json.dumps(entry, ensure_ascii=False))
            if len(written.items) > MOST_WRITTEN or (chars > _MOST_CHARS and len(written.items) > 1):
                return self._rows(chain(written.items, rest), kind, stem, item, made)
        written.count = len(written.items)
        for entry in written.items:
            self.staged.expected[kind, entry["id"]] = texts_of(entry)
        written.items = [item(entry) for entry in written.items]
        return written

    def _rows(
        self, entries: Iterable[Entry], kind: str, stem: str, item: Callable[[Entry], JsonValue], made: Entries
    ) -> "_Written":
        first = self.names.stem(f"{kind} rows", stem)
        rows = RowFiles(self.staged.root / kind, first)
        made.told.long = True
        written = _Written()
        try:
            for entry in entries:
                try:
                    rows.add(entry)
                except LeftOut as reason:
                    made.told.add(f"{kind} left out ({reason})", entry["id"])
                    continue
                written.count += 1
                if written.count % _TOLD_EACH == 0:
                    self.progress(self.staged.personas + self.staged.questions + written.count)
                if written.count <= _FIRST:
                    self.staged.expected[kind, entry["id"]] = texts_of(entry)
        finally:
            rows.close()
            made.told.long = False
        self.staged.tables += [path.relative_to(self.staged.root) for path in rows.files]
        written.items = [entry if "from" in entry else item(entry) for entry in rows.entries()]
        return written

    def _write(self, name: str, values: Entry) -> None:
        path = self.staged.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        with path.open("wb") as file:
            for part in yaml_parts(values):
                size += file.write(part.encode())
                if size > MAX_BYTES:
                    most = f"more than {MAX_BYTES >> 20} MB, which is the most of a YAML file"
                    raise UsageError(f"{name} would have {most}; split the source, or shorten its texts")
        self.staged.files.append(Path(name))


@dataclass(slots=True)
class _Written:
    items: list[JsonValue] = field(default_factory=list)
    count: int = 0


def _asked_together(found: Found) -> bool:
    """Say whether somebody is, or may be, asked several of the sets: then each question needs an id of its own."""
    if not isinstance(found.personas, list | tuple):
        return True
    named = {name for persona in found.personas for name in persona.sets}
    common = sum(1 for one in found.sets if one.stem not in named)
    return bool(found.personas) and any(len(persona.sets) + common > 1 for persona in found.personas)


def reference(stem: str) -> str:
    """Return how a persona file names a question file."""
    return f"../{QUESTIONS}/{stem}.yaml"


def texts_of(entry: Entry) -> int:
    """Return a hash of what an entry sends, in this process."""
    if "text" in entry or "turns" in entry:
        return hash(tuple(entry.get("turns") or [entry["text"]]))
    system = entry.get("system")
    variants: Sequence[str | None] = system if isinstance(system, list) else [system]
    examples = [(turn.get("user"), turn["assistant"]) for turn in entry.get("examples", ())]
    return hash((tuple(variants), tuple(examples)))


def plural(staged: Staged) -> str:
    """Return `3 personas and 20 questions`."""
    parts = [
        counted(number, noun)
        for number, noun in ((staged.personas, "persona"), (staged.questions, "question"))
        if number
    ]
    return " and ".join(parts)
