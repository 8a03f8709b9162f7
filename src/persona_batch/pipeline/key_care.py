"""What a run sees to before a key leaves: no input holds it, and no file sends it to a stranger in silence."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from persona_batch.config.batch import Batch, RunSettings
from persona_batch.credentials import REMEDY
from persona_batch.errors import UsageError
from persona_batch.folders import state_folder
from persona_batch.pipeline.options import RunOptions
from persona_batch.provider.target import Target

_REMEMBERED = "key-hosts.txt"  # in the state folder; a line for each host and variable that the user was told of


def refuse_key_in_input(batch: Batch, target: Target, options: RunOptions) -> None:
    """Refuse a batch in which the key that is sent stands itself: records and manifest would keep it.

    Keys of a known shape are refused where files are read; this finds any other.

    Raises:
        UsageError: the key is somewhere in the input; the message says where, and does not show it.
    """
    redactor = target.redactor
    if not redactor:
        return
    for where, said in _all_said(batch, options):
        text = msgspec.json.encode(said).decode()
        if redactor.clean(text) != text:
            variables = ", ".join(target.keys) or "extra_headers"
            raise UsageError(redactor.clean(f"{where} holds the key of {variables} itself; take it out: {REMEDY}"))


def tell_first_use(settings: RunSettings, target: Target, tell: Callable[[str], None]) -> None:
    """Tell the user, the first time, that a file sends a key of theirs to the host that the file names.

    A persona file may come from anybody, and so may name any host beside any variable. What the command line names
    itself, and a preset with the variable that is its own, need no word. Once per host and variable.
    """
    sources = settings.sources
    strange = any(url != target.preset.base_url for url in target.base_urls)
    host_file = (sources.get("base_url") or sources.get("base_urls")) if strange else None
    file = sources.get("api_key_env") or host_file
    own: Sequence[str] = ()
    if file is None:  # a preset, and perhaps a header with another's key
        file, own = sources.get("provider"), target.preset.key_env
    if file is not None:
        for host in dict.fromkeys(urlsplit(url).hostname or url for url in target.base_urls):
            for variable in target.keys:
                if variable not in own:
                    _tell_once(file, variable, host, tell)


def _tell_once(file: str, variable: str, host: str, tell: Callable[[str], None]) -> None:
    sentence = f"{file} sends the key in {variable} to host {host}"
    path = state_folder() / _REMEMBERED
    line = f"{host} {variable}"
    try:
        if path.is_file() and line in path.read_text(encoding="utf-8").splitlines():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as told:
            told.write(f"{line}\n")
    except (OSError, UnicodeDecodeError) as error:
        tell(f"{sentence} (said each time: {path} cannot be used: {error})")
    else:
        tell(f"{sentence} (said once)")


def _all_said(batch: Batch, options: RunOptions) -> Iterator[tuple[str, object]]:
    """Yield everything of the input that is written down, with the words that say where it stands."""
    seen: set[int] = set()
    for persona in batch.personas:
        said = (persona.id, persona.name, persona.description, persona.variants, persona.examples, persona.params)
        yield f"persona {persona.id}", (*said, dict(persona.attributes), persona.checks, persona.probes)
        if id(persona.questions) in seen:
            continue
        seen.add(id(persona.questions))
        for question in persona.questions:
            yield f"question {question.id}", question
    run = batch.run
    endpoint = (run.endpoint_id, run.base_url, *run.base_urls)
    settings = (run.models, run.extra_body, run.factors, run.formats, options.overrides.params)
    yield "the run's settings", (*endpoint, *settings)
    yield "the command line", ([*options.files, *options.questions], options.persona_globs, options.question_globs)
    yield "the name of a file or folder", (batch.id, str(options.out), [file.path for file in batch.files])
