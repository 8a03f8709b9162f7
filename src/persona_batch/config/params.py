"""Request parameters, checked before anything is sent: some endpoints accept nonsense in silence.

Known ones are typed and bounded. Others pass through as written, into the body of the request and into the
cell's key, because endpoints have many of their own (`top_k`, `enable_thinking`, …); only a name that is very
near to a known one is taken for a mistake.
"""

import re
from collections.abc import Iterable, Sequence

from persona_batch.chat import Params
from persona_batch.config.format import ParamsBlock
from persona_batch.config.nodes import Mapping
from persona_batch.config.problems import Problems, did_you_mean, entry, quote

REFUSED = {
    "stream": "replies are always streamed; delete it",
    "stream_options": "it is set by the provider; delete it",
    "messages": "the messages are the persona and the question; delete it",
    "model": "name the model under `run: {model: …}` or by `--model`",
    "extra_body": "write its keys into `params` itself, or under `run: {provider: {extra_body: …}}`",
    "extra_headers": "write it under `run: {provider: {extra_headers: …}}`",
    "timeout": "write it under `run: {timeout: …}`",
    "tools": "tools are not called; delete it",
    "functions": "functions are not called; delete it",
}
PASSED = frozenset(
    {
        "top_k", "min_p", "top_a", "typical_p", "repetition_penalty", "repeat_penalty", "enable_thinking",
        "thinking", "thinking_budget", "chat_template_kwargs", "guided_json", "guided_choice", "grammar",
        "min_tokens", "max_new_tokens", "ignore_eos", "do_sample", "enable_search", "safe_prompt", "metadata",
        "store", "verbosity", "service_tier", "user", "logprobs", "parallel_tool_calls", "stop_token_ids",
    }
)  # fmt: skip
_NEAR = 0.88

KNOWN = frozenset(ParamsBlock.model_fields)


def check_names(block: Mapping, problems: Problems) -> None:
    """Note parameters that the tool sets itself, and names that look mistyped."""
    for name in block.entries:
        if name in REFUSED:
            problems.add(block.key_place(name), f"the parameter {quote(name)} cannot be set here: {REFUSED[name]}")
        elif cut := re.match(r"([\w.\-]+)\s*[:=]\s*(.*)", name):
            problems.add(block.key_place(name), f"a parameter without a value; write {entry(cut[1], cut[2])}")
        elif name not in KNOWN | PASSED and (near := did_you_mean(name, KNOWN, _NEAR)):
            problems.add(block.key_place(name), f"unknown parameter {quote(name)}{near}")


def merge(*layers: Params) -> Params:
    """Return the layers laid over each other, the later one winning key by key."""
    merged: Params = {}
    for layer in layers:
        merged.update(layer)
    return merged


def shared(layers: Sequence[Params]) -> Params:
    """Return the parameters that all layers have with the same value."""
    if not layers:
        return {}
    first, *rest = layers
    return {
        name: value for name, value in first.items() if all(name in other and other[name] == value for other in rest)
    }


def differing(layers: Iterable[Params]) -> tuple[str, ...]:
    """Return the names of the parameters that are not the same in all layers, sorted."""
    known = list(layers)
    names = {name for layer in known for name in layer}
    return tuple(sorted(names - set(shared(known))))
