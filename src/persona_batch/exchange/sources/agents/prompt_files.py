"""Prompts that are files: agents as Markdown with front matter, folders `NAME/system.md`, and plain texts."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from persona_batch.config.names import normalise_id
from persona_batch.errors import UsageError
from persona_batch.exchange.reading.front_matter import FrontMatter, front_matter
from persona_batch.exchange.reading.source import Source
from persona_batch.exchange.sources.fields import Fields, kept_note, one_line
from persona_batch.exchange.sources.found import Format, Found, FoundPersona, ImportOptions
from persona_batch.wording import counted

_TEXTS = (".txt", ".md", ".markdown", ".mdc")
_KINDS = (".agent", ".chatmode", ".prompt", ".instructions")  # of `NAME.agent.md`, as VS Code has them
_NAMELESS = frozenset({"system", "system_prompt", "system-prompt", "systemprompt", "prompt"})
_BESIDE = frozenset({"readme", "license", "licence", "changelog", "contributing", "user", "filter"})
_PARAMS = ("temperature", "top_p")


def prompt_id(source: Source) -> str:
    """Return what a prompt file is called: its stem, or the folder's name where that says only that it is one."""
    stem = source.stem
    for kind in _KINDS:
        stem = stem.removesuffix(kind)
    folder = source.path.absolute().parent.name
    return folder if stem.lower() in _NAMELESS and folder else stem


def _front_matter_of(source: Source) -> FrontMatter | None:
    """Return the front matter of a file and what stands below it; None: it has none, or is no text."""
    if source.suffix not in _TEXTS or not source.head.removeprefix(b"\xef\xbb\xbf").startswith(b"---"):
        return None
    try:
        return front_matter(source.text, source)
    except UsageError:
        return None


def _agent_of(source: Source) -> FrontMatter | None:
    found = _front_matter_of(source)
    return found if found is not None and found.body.strip() else None


def is_without_prompt(source: Source) -> bool:
    """Say whether a file is front matter and nothing below it: an agent that nobody told anything."""
    found = _front_matter_of(source)
    if found is None or found.body.strip():
        return False
    return bool(found.data) and (not found.loose or bool({"name", "title", "description"} & found.data.keys()))


def _read_agent(source: Source, _options: ImportOptions) -> Found:
    found = front_matter(source.text, source)
    if found is None or not found.body.strip():
        raise source.wrong("no agent: expected front matter between two lines `---`, and a prompt below it")
    notes: list[str] = []
    if found.loose:
        notes.append("the front matter is no YAML; it is read line by line")
    fields = Fields(found.data, notes)
    name, description = fields.text("name", "title"), fields.text("description")
    if (model := fields.data.get("model")) is not None:
        notes.append(f"the model `{one_line(str(model))}` is kept under `imported`, not chosen; `-m` does that")
    if "tools" in fields.data:
        notes.append("tools are not called here; they are kept under `imported`")
    params = {key: fields.data[key] for key in _PARAMS if isinstance(fields.data.get(key), int | float)}
    fields.take(*params)
    imported = fields.rest()
    kept_note(imported, notes)
    persona = FoundPersona(
        id=name if _is_id(name) else prompt_id(source),
        name=name or None,
        description=description or None,
        system=found.body,
        params=params or None,
        imported=imported or None,
    )
    return Found(stem=prompt_id(source), personas=[persona], notes=notes)


def _is_id(name: str) -> bool:
    try:
        return normalise_id(name) == name
    except ValueError:
        return False


def _is_pattern_folder(source: Source) -> bool:
    """Say whether a folder holds prompts `NAME/system.md` and what stands beside them, and nothing else."""
    names = [file.path.name.lower() for file in source.files_or_none or ()]
    return "system.md" in names and all(name == "system.md" or _is_beside(name) for name in names)


def _is_beside(name: str) -> bool:
    return PurePosixPath(name).stem.split(".")[0] in _BESIDE


def _read_patterns(source: Source, _options: ImportOptions) -> Found:
    notes: list[str] = []
    personas = list(_patterns(source, notes))
    beside = sum(file.path.name.lower() not in ("system.md", "user.md") for file in source.files)
    if beside:
        notes.append(f"{counted(beside, 'file')} beside the prompts left out (README and the like)")
    if not personas:
        raise source.wrong("no prompt: expected folders with a `system.md`")
    return Found(stem=source.stem, personas=personas, notes=notes)


def _patterns(source: Source, notes: list[str]) -> Iterator[FoundPersona]:
    for file in source.files:
        if file.path.name.lower() != "system.md":
            continue
        name = file.path.absolute().parent.name
        if not file.text.strip():
            notes.append(f"{name}: `system.md` is empty; left out")
            continue
        beside = Source(file.path.with_name("user.md"), f"{file.shown} (user.md)")
        said = beside.text if beside.path.is_file() else ""
        if said.strip():
            notes.append(f"{name}: `user.md` is kept under `imported`, not sent")
        yield FoundPersona(id=name, system=file.text, imported={"user.md": said} if said.strip() else None)


def _is_text(source: Source) -> bool:
    name = source.path.name.lower()
    fits = source.suffix in _TEXTS and not _is_beside(name) and b"\0" not in source.head
    return fits and bool(source.head.strip()) and not is_without_prompt(source)


def _read_text(source: Source, _options: ImportOptions) -> Found:
    if not source.text.strip():
        raise source.wrong("an empty file; write the prompt into it")
    identity = prompt_id(source)
    return Found(stem=identity, personas=[FoundPersona(id=identity, system=source.text)])


AGENT = Format(
    "agent-md",
    "agents and chat modes: Markdown with front matter",
    lambda source: not source.is_folder and _agent_of(source) is not None,
    _read_agent,
)
PATTERNS = Format("system-md", "folders NAME/system.md", _is_pattern_folder, _read_patterns, folders=True)
PLAIN = Format("prompt", "plain prompts: a text file as it is", _is_text, _read_text)
