"""`from:` of a persona: its texts as templates, and the table with all its rows looked at once."""

from collections.abc import Mapping as NamesOf
from pathlib import Path

from persona_batch.config.built_in import BUILT_IN
from persona_batch.config.document import Library
from persona_batch.config.files import recorded_name
from persona_batch.config.format import PersonaEntry
from persona_batch.config.names import id_from_stem
from persona_batch.config.nodes import Mapping, Node, below, pairs
from persona_batch.config.persona_rows import PersonaRows, PersonaTemplates
from persona_batch.config.problems import Place, quote
from persona_batch.config.rows import Placed, RowWatch, placed, refuse_templates_in, refuse_unknown


def rows_of(
    entry: PersonaEntry, at: Mapping, variants: NamesOf[str, Node], base: Path, library: Library
) -> PersonaRows | None:
    """Return the personas of a table; None: it cannot be read, which is noted.

    Args:
        entry: the one with `from:`.
        at: its node.
        variants: its prompts, each with its place; none: the column `system`.
        base: the folder that a relative name starts from.
        library: reads the table.
    """
    assert entry.from_ is not None
    node, problems = below(at, "from"), library.problems
    refuse_templates_in("checks", at, problems, "write such a check at a question, beside its `answer`")
    if entry.placement != "none" and not variants:
        variants = {"{{ system }}": node}
    texts = _templates(entry, at, variants, library)
    rows, watch = PersonaRows(texts, id_from_stem(Path(entry.from_).stem) or "row"), RowWatch()
    file = library.table(entry.from_, node, base, lambda row, line: rows.look(row, line, watch))
    if file is None:
        return None
    rows.read(file.table, recorded_name(file.path), file.sha256)
    if not refuse_unknown(texts.all, file.table, file.shown, problems):
        watch.tell(file.shown, problems)
    for name in BUILT_IN:
        if rows.number_of(name) is not None:
            problems.add(Place(file.shown), f"a row has the id {quote(name)}, the name of a control; rename it")
    return rows


def _templates(entry: PersonaEntry, at: Mapping, variants: NamesOf[str, Node], library: Library) -> PersonaTemplates:
    def one(key: str, text: str | None, holder: Mapping = at) -> Placed | None:
        return None if text is None else placed(key, text, below(holder, key), library.problems)

    turns = pairs(entry.examples, at.get("examples"))
    examples = [
        (one("user", turn.user, item), one("assistant", turn.assistant, item))
        for turn, item in turns
        if isinstance(item, Mapping)
    ]
    held = at.get("attributes")
    attributes = {
        name: one(name, text, held) for name, text in (entry.attributes or {}).items() if isinstance(held, Mapping)
    }
    prompts = [placed("system", text, where, library.problems) for text, where in variants.items()]
    return PersonaTemplates(
        one("id", entry.id),
        [prompt for prompt in prompts if prompt is not None],
        one("name", entry.name),
        one("description", entry.description),
        [(user, said) for user, said in examples if said is not None],
        {name: text for name, text in attributes.items() if text is not None},
    )
