"""What a promptfoo config says of the run: models, how often, how many at a time, and request parameters."""

from collections.abc import Mapping

from persona_batch.chat import JsonValue
from persona_batch.config.problems import quote

_COMPATIBLE = ("openai", "azure", "ollama", "openrouter", "groq", "deepseek", "mistral", "togetherai", "together",
               "fireworks", "localai", "vllm", "cerebras", "xai", "perplexity", "alibaba", "huggingface")  # fmt: skip
_KINDS = ("chat", "completion", "responses", "messages", "deployment")
_NO_CHAT = ("realtime", "embedding", "embeddings", "moderation", "image", "video", "transcription", "assistant",
            "agents")  # fmt: skip
_PARAMS = ("temperature", "top_p", "max_tokens", "stop", "seed", "presence_penalty", "frequency_penalty",
           "response_format", "reasoning_effort", "max_completion_tokens", "top_k", "min_p")  # fmt: skip


def settings_of(config: Mapping[str, JsonValue], notes: list[str]) -> dict[str, JsonValue]:
    """Return what the config says of the run: models, how often, how many at a time, and request parameters."""
    run: dict[str, JsonValue] = {}
    models, params = _models(config.get("providers", config.get("targets")), notes)
    if models:
        run["model"] = models if len(models) > 1 else models[0]
        notes.append("the endpoint is not carried over; name it by `--provider` or `--base-url`")
    options = config.get("evaluateOptions")
    if isinstance(options, dict):
        for theirs, ours in (("repeat", "samples"), ("maxConcurrency", "concurrency")):
            value = options.get(theirs)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                run[ours] = value
        others = [key for key in options if key not in ("repeat", "maxConcurrency")]
        if others:
            notes.append(f"not carried over of `evaluateOptions`: {', '.join(map(quote, others))}")
    return {**({"params": params} if params else {}), **({"run": run} if run else {})}


def _models(providers: JsonValue, notes: list[str]) -> tuple[list[str], dict[str, JsonValue]]:
    models: list[str] = []
    configs: list[dict[str, JsonValue]] = []
    for one in providers if isinstance(providers, list) else [] if providers is None else [providers]:
        name, held = one, None
        if isinstance(one, dict):
            name = one.get("id") or next(iter(one), None)
            held = one.get("config") if "id" in one else None
        first, _, rest = str(name).partition(":")
        kind, _, model = rest.partition(":")
        model = model if kind in _KINDS and model else rest
        if first not in _COMPATIBLE or not model or first == "azure" or kind in _NO_CHAT:
            notes.append(f"the provider {quote(str(name))} is not carried over")
            continue
        models.append(model)
        configs.append(held if isinstance(held, dict) else {})
    params = {key: configs[0][key] for key in _PARAMS if configs and key in configs[0]}
    if any({key: one[key] for key in _PARAMS if key in one} != params for one in configs):
        notes.append("the providers differ in parameters, which are not carried over; write them as `factors`")
        params = {}
    if others := sorted({key for one in configs for key in one if key not in _PARAMS}):
        notes.append(f"not carried over of the providers' `config`: {', '.join(map(quote, others))}")
    return list(dict.fromkeys(models)), params
