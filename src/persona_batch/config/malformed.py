"""What the YAML parser stumbled over, in words that lead on."""

import yaml

from persona_batch.config.comments import cut_text
from persona_batch.config.fullwidth import culprits_of_text, told
from persona_batch.config.problems import Problems
from persona_batch.config.textfile import place_at


def explain(error: yaml.MarkedYAMLError, text: str, shown: str, problems: Problems) -> None:
    """Note what is wrong with a text that is no YAML: first what looks like YAML's signs and is none of them."""
    mark, context = error.problem_mark or error.context_mark, error.context_mark
    assert mark is not None, "the parser names the place of whatever it cannot read"
    at, begun = min(mark.index, len(text)), context.index if context is not None else mark.index
    culprits = culprits_of_text(text, begun, at)
    for index in culprits:
        problems.add(place_at(shown, text, index), told(text[index]))
    if any(index <= at for index in culprits):
        return
    if (cut := cut_text(text, begun, at)) is not None:
        problems.add(place_at(shown, text, cut[0]), cut[1])
        return
    index, message = _parser_says(error, text, begun, at)
    problems.add(place_at(shown, text, index), message)


def _parser_says(error: yaml.MarkedYAMLError, text: str, begun: int, at: int) -> tuple[int, str]:
    context, problem, rest = error.context or "", error.problem or "", text[at : at + 1]
    if "quoted scalar" in context and "end of stream" in problem:
        return begun, "this quotation mark is never closed; close it"
    if rest == "\t":
        return at, "a tab; YAML is indented by spaces"
    if "mapping values" in problem:
        return at, "a `:` inside of unquoted text; put the text into quotes, or mend the indentation"
    if "flow" in context:
        line = text.count("\n", 0, at)
        noticed = f" (noticed in line {line + 1})" if line != text.count("\n", 0, begun) else ""
        return begun, f"this bracket is not closed, or an item in it lacks a comma{noticed}; mend it"
    if "simple key" in context:
        return begun, "this line is no `key: value`; write `: ` after the key, or indent text that goes on"
    if rest in {"@", "`", "%"}:
        return at, f"text cannot start with {rest!r}; put it into quotes"
    return at, f"not YAML: {problem}; check indentation, brackets and quotes"
