"""The `run:` blocks of all files and the command line → one RunSettings.

A setting may be given by one block, or by several with the same value; two different values are a problem. The
command line wins. An endpoint is taken as a whole: `--provider` sets aside what the files say of another
endpoint (its URL or URLs, id, key variable, additions, models and price), and `--base-url` alone names an endpoint
without a key: nor does it get the headers in which a file puts one (`${VARIABLE}`).
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as NamesOf
from dataclasses import dataclass, field, fields
from typing import Any

from persona_batch.chat import JsonValue, Params, Placement, Thinking
from persona_batch.config.base_urls import check_pool, refuse_doubles
from persona_batch.config.batch import Limits, RunSettings
from persona_batch.config.format import Parameters
from persona_batch.config.nodes import Mapping, Node, Scalar, ScalarKind, walk
from persona_batch.config.nodes import Sequence as SequenceNode
from persona_batch.config.params import check_names
from persona_batch.config.price_format import prices_said
from persona_batch.config.problems import Place, Problems, quote
from persona_batch.config.run_format import LimitsBlock, ProviderBlock, RunBlock
from persona_batch.config.section import REFERENCE, Section, base_url, header_name, variable_name
from persona_batch.config.validate import validated
from persona_batch.credentials import has_key, is_key_name

_NOT_HERE = (
    "an API key or other secret never stands on the command line; "
    "put it into the environment or a `.env` file and name the variable by `--api-key-env`"
)
_KINDS: dict[type, ScalarKind] = {str: "text", bool: "bool", int: "int", float: "float"}
_POOL = ("endpoint_id", "base_urls")
_ENDPOINT = ("base_url", *_POOL, "api_key_env", "api_key_header", "extra_body", "extra_headers")
_NAMES = {"name": "provider", "id": "endpoint_id"}  # of keys, as settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the command line says; None or empty: nothing. `params` are merged last, by the plan.

    `factors` are levels of request parameters; those of `format` name formats of the files.
    """

    provider: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    api_key_header: str | None = None
    models: tuple[str, ...] = ()
    samples: int | None = None
    placements: tuple[Placement, ...] = ()
    concurrency: int | None = None
    rpm: int | None = None
    tpm: int | None = None
    per_day: int | None = None
    timeout: float | None = None
    retries: int | None = None
    seed: int | None = None
    thinking: Thinking | None = None
    params: Params = field(default_factory=dict)
    factors: NamesOf[str, tuple[JsonValue, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Written:
    """Settings of all blocks by name; `places` say where each was first given, `keys` are all that are written."""

    problems: Problems
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def add(self, block: RunBlock | LimitsBlock | ProviderBlock, at: Mapping) -> None:
        """Take over what a block says; its inner blocks are parts of it."""
        self.keys |= at.entries.keys()
        for key in block.model_fields_set:
            name = _NAMES.get(key, key)
            value, node = getattr(block, key), at.entries[key][1]
            if isinstance(value, LimitsBlock | ProviderBlock):
                assert isinstance(node, Mapping)
                self.add(value, node)
                continue
            if name in {"model", "placement", "base_urls"}:
                value = tuple(value) if isinstance(value, list) else (value,)
            if name == "base_urls":
                refuse_doubles(node, self.problems)
            if name not in self.values:
                self.values[name], self.places[name] = value, node.place
            elif self.values[name] != value:
                first = self.places[name]
                self.problems.add(
                    node.place,
                    f"`{'id' if key == 'id' else name}` is set to something else in {first}; one run has one value, "
                    "keep one of them",
                )


def settings(blocks: Iterable[tuple[RunBlock, Mapping]], overrides: Overrides, problems: Problems) -> RunSettings:
    """Merge the `run:` blocks of all files, and the command line over them."""
    written = _Written(problems)
    for block, at in blocks:
        written.add(block, at)
    check_pool(written.places, written.keys, problems)
    _check_options(overrides, problems)
    return _overridden(written, overrides)


def _overridden(written: _Written, overrides: Overrides) -> RunSettings:
    file = dict(written.values)
    _set_aside(file, overrides)
    if "price" in file:
        file["prices"] = prices_said(file.pop("price"))
    file["models"], file["placements"] = file.pop("model", ()), file.pop("placement", ())

    def given(name: str) -> Any:
        option = getattr(overrides, name, None)
        return file.get(name) if option in (None, ()) else option

    sources: dict[str, str] = {
        name: written.places[name].file
        for name in ("provider", "base_url", "base_urls", "api_key_env")
        if name in file and getattr(overrides, name, None) is None
    }
    if "endpoint_id" in file:
        sources["endpoint_id"] = str(written.places["endpoint_id"])
    limits = Limits(**{limit.name: given(limit.name) for limit in fields(Limits)})
    said = {setting.name: value for setting in fields(RunSettings) if (value := given(setting.name)) is not None}
    return RunSettings(**(said | {"limits": limits, "sources": sources}))


def _set_aside(file: dict[str, Any], overrides: Overrides) -> None:
    """Take out what the files say of another endpoint than that of the command line."""
    if _elsewhere(file, overrides):
        file.pop("price", None)
    if overrides.provider is not None and overrides.provider != file.get("provider"):
        moved = "provider" in file or "base_url" in file or "base_urls" in file
        for name in (*_ENDPOINT, *(["model"] if moved else [])):
            file.pop(name, None)
    elif overrides.base_url is not None and overrides.provider is None:
        for name in ("provider", "api_key_env", "api_key_header"):
            file.pop(name, None)
        headers = file.get("extra_headers", {})
        file["extra_headers"] = {name: value for name, value in headers.items() if not REFERENCE.search(value)}
    if overrides.base_url is not None:
        for name in _POOL:
            file.pop(name, None)


def _elsewhere(file: NamesOf[str, Any], overrides: Overrides) -> bool:
    """Whether the files name an endpoint, and the command line another one."""
    given = {"provider": overrides.provider, "base_url": overrides.base_url}
    named = any(name in file for name in (*given, *_POOL))
    return named and any(value not in (None, file.get(name)) for name, value in given.items())


def _check_options(overrides: Overrides, problems: Problems) -> None:
    for name in ("samples", "concurrency", "rpm", "tpm", "per_day"):
        number = getattr(overrides, name)
        if number is not None and number < 1:
            problems.add(_option(name), f"found {number}, expected at least 1")
    if overrides.timeout is not None and not overrides.timeout > 0:
        problems.add(_option("timeout"), f"found {overrides.timeout:g}, expected more than 0 seconds")
    if overrides.retries is not None and overrides.retries < 0:
        problems.add(_option("retries"), f"found {overrides.retries}, expected at least 0")
    _check_texts(overrides, problems)
    if overrides.params:
        _check_params(overrides.params, problems)


def _check_texts(overrides: Overrides, problems: Problems) -> None:
    checks: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("base_url", base_url),
        ("api_key_env", variable_name),
        ("api_key_header", header_name),
    )
    for name, check in checks:
        value = getattr(overrides, name)
        if value is not None:
            try:
                check(value)
            except ValueError as error:
                problems.add(_option(name), str(error))
    for name in ("models", "placements"):
        values = getattr(overrides, name)
        if len(set(values)) < len(values):
            problems.add(_option(name.removesuffix("s")), "the same value is given twice; give each once")
    if not all(model.strip() for model in overrides.models):
        problems.add(_option("model"), "found nothing, expected a model's name")


def _option(name: str) -> Place:
    return Place("--" + name.replace("_", "-"))


class _Given(Section):
    params: Parameters


def _check_params(params: Params, problems: Problems, option: str = "--param") -> None:
    """Note what is wrong with parameters of the command line: types, ranges, names that are set elsewhere, secrets."""
    block = Mapping(Place(option))
    for name, value in params.items():
        place = Place(f"{option} {quote(name)[1:-1]}")
        block.entries[name] = (_scalar(name, place), _node(value, place))
    for name, _, node in walk(block):
        text = node.written if isinstance(node, Scalar) else ""
        if has_key(name) or has_key(text, strict=True) or (is_key_name(name) and text):
            problems.add(node.place, _NOT_HERE)
    root = Mapping(block.place, {"params": (_scalar("params", block.place), block)})
    validated(_Given, root, problems)
    check_names(block, problems)


def check_levels(name: str, levels: Sequence[JsonValue], problems: Problems) -> None:
    """Note what is wrong with the levels of `--factor`, each as a parameter of its own."""
    for level in levels:
        if level is not None:
            _check_params({name: level}, problems, "--factor")


def _node(value: JsonValue, place: Place) -> Node:
    if isinstance(value, list):
        return SequenceNode(place, [_node(item, place) for item in value])
    if isinstance(value, dict):
        return Mapping(place, {key: (_scalar(key, place), _node(item, place)) for key, item in value.items()})
    return _scalar(value, place)


def _scalar(value: str | float | bool | None, place: Place) -> Scalar:
    written = str(value).lower() if isinstance(value, bool) else "null" if value is None else str(value)
    return Scalar(place, written, value, _KINDS.get(type(value), "null"))
