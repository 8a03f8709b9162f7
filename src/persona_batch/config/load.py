"""Files → one validated Batch; all problems of all files are reported together."""

import os
from collections.abc import Sequence
from pathlib import Path

from persona_batch.config.batch import Batch, Question
from persona_batch.config.cautions import cautions
from persona_batch.config.controls import resolve
from persona_batch.config.document import Document, Library
from persona_batch.config.names import id_from_stem
from persona_batch.config.nodes import Mapping, items_of, mapping_of
from persona_batch.config.paths import expand
from persona_batch.config.personas import Draft, read_drafts
from persona_batch.config.problems import Place, Problems, quote
from persona_batch.config.questions import QuestionRegistry
from persona_batch.config.settings import Overrides, settings

__all__ = ["Overrides", "load_batch", "load_documents"]

_NOTHING = Overrides()
_MAX_BATCH_ID = 60
_NO_QUESTIONS = "nothing is asked: add `questions: […]` to the file, or name a question file by `-q FILE`"


def load_batch(
    files: Sequence[str | Path],
    *,
    questions: Sequence[str | Path] = (),
    inline: Sequence[str] = (),
    overrides: Overrides = _NOTHING,
    need_questions: bool = True,
) -> Batch:
    """Read persona files, and all that they name.

    Args:
        files: persona files, folders and globs.
        questions: question files, folders and globs; with `inline`, they replace the personas' own questions.
        inline: literal question texts.
        overrides: the command line's settings; its `params` are left to the plan.
        need_questions: whether a persona without questions is a problem.

    Raises:
        ConfigError: with every problem of every file.
    """
    problems = Problems()
    library = Library(problems)
    registry = QuestionRegistry(library)
    documents = _persona_documents([str(file) for file in files], library)
    given: tuple[Question, ...] | None = None
    if questions or inline:
        given = (*registry.from_files(str(name) for name in questions), *registry.from_texts(inline))
    return load_documents(
        documents,
        library,
        batch_name=batch_id([str(file) for file in files]),
        registry=registry,
        given=given,
        overrides=overrides,
        need_questions=need_questions,
    )


def load_documents(
    documents: Sequence[Document],
    library: Library,
    *,
    batch_name: str,
    registry: QuestionRegistry | None = None,
    given: tuple[Question, ...] | None = None,
    overrides: Overrides = _NOTHING,
    need_questions: bool = False,
) -> Batch:
    """Make a batch of persona files that were read; `given` questions replace the personas' own.

    Raises:
        ConfigError: with every problem that the library knows of, those of the documents among them.
    """
    problems = library.problems
    registry = registry or QuestionRegistry(library)
    drafts: list[Draft] = []
    for document in documents:
        # Lists that are replaced are looked at for mistakes, but their ids clash with nothing.
        asked = registry if given is None else QuestionRegistry(library)
        drafts += read_drafts(document, library, asked, own=given is None)
    run = settings(_run_blocks(documents), overrides, problems)
    _refuse_twins(drafts, problems)
    if given is not None:
        for draft in drafts:
            draft.questions = given
    elif need_questions:
        _need_questions(drafts, problems)
    personas = resolve(drafts, problems)
    problems.raise_if_any()
    return Batch(
        id=batch_name,
        personas=tuple(personas),
        run=run,
        files=library.input_files(),
        warnings=(*library.warnings, *cautions(personas, run)),
        lost=tuple(library.warnings),
    )


def batch_id(names: Sequence[str]) -> str:
    """Return the id of a batch: the stems of its files and folders, joined by `+`; of many, the first and a count."""
    stems = []
    for name in names:
        path = Path(name).expanduser()
        stem = path.resolve().name if os.path.isdir(path) else path.stem  # noqa: PTH112  # says no to any odd name
        if stem.strip("*?[]") != stem or not stem:  # a glob is named by its folder
            stem = path.parent.resolve().name
        stems.append(id_from_stem(stem) or "batch")
    stems = list(dict.fromkeys(stems))
    joined = "+".join(stems)
    if len(joined) <= _MAX_BATCH_ID:
        return joined
    first = stems[0][: _MAX_BATCH_ID - 10].rstrip("._-")
    return f"{first}+{len(stems) - 1}" if len(stems) > 1 else first


def _persona_documents(names: Sequence[str], library: Library) -> list[Document]:
    documents: dict[Path, Document] = {}
    if not names:
        library.problems.add(Place("FILE"), "no persona file is named; name a file, a folder or a glob")
    for name in names:
        for named in expand(name, library.problems):
            document = library.document(named.path, named.shown)
            if document is None:
                continue
            if document.kind == "questions":
                library.problems.add(
                    Place(named.shown, 1, 1),
                    f"{quote(named.shown)} is a question file, expected personas; "
                    f"give it by `-q`: `batch run P.yaml -q {named.shown}`",
                )
                continue
            documents.setdefault(named.path.resolve(), document)
    return list(documents.values())


def _run_blocks(documents: Sequence[Document]) -> list[Mapping]:
    holders = [
        holder
        for document in documents
        for holder in (document.root, *(mapping_of(item) for item in items_of(document.root.get("personas"))))
        if holder is not None
    ]
    return [block for holder in holders if (block := mapping_of(holder.get("run"))) is not None]


def _refuse_twins(drafts: Sequence[Draft], problems: Problems) -> None:
    first: dict[str, Draft] = {}
    for draft in drafts:
        known = first.setdefault(draft.id, draft)
        if known is not draft:
            problems.add(
                draft.place, f"the persona id {quote(draft.id)} stands in {known.place} already; give one another `id`"
            )


def _need_questions(drafts: Sequence[Draft], problems: Problems) -> None:
    asking = [draft for draft in drafts if draft.questions]
    for draft in drafts:
        if draft.questions or (draft.control and asking) or (draft.has_questions and problems.found):
            continue
        problems.add(draft.place, f"persona {quote(draft.id)}: {_NO_QUESTIONS}")
