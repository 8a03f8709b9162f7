"""A resolved endpoint: everything needed to open it, decided without touching the network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from persona_batch.chat import Params
from persona_batch.config.section import REFERENCE
from persona_batch.credentials import Redactor, Secret, checked_key, has_key, is_key_name, load_env, login_in
from persona_batch.errors import UsageError
from persona_batch.plan.cell import Endpoint
from persona_batch.provider.presets import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which endpoint to ask, and with what.

    `identity` is what cell keys and manifests carry: the id that the user gave it; else the preset's name, or the base
    URL where it is another one. `base_urls` are all that are asked under it (the replicas of a pool), `base_url` is the
    first of them.
    `api_key_header` is the header that carries the key, alone, instead of `Authorization: Bearer …`.
    `extra_headers` are as written: `${VARIABLE}` stands for a variable's value.
    `keys` are the values of the environment's variables that are sent, by name; `key_variable` is that of the API key.
    `ambient` lets the SDK add what OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS say.
    `model_path` is the embedded model's file, as set by the user.

    A target can be pickled: no key goes along, only the names of their variables. Where it arrives they are read anew,
    from the environment there or the `.env` of the folder it came from; a missing one is the UsageError of `read_keys`.
    """

    preset: Preset
    base_url: str
    identity: str
    base_urls: tuple[str, ...] = ()
    key_variable: str | None = None
    api_key_header: str | None = None
    extra_body: Params = field(default_factory=dict)
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    keys: Mapping[str, Secret] = field(default_factory=dict)
    ambient: bool = False
    model_path: str | None = None

    def __post_init__(self) -> None:
        if not self.base_urls:
            object.__setattr__(self, "base_urls", (self.base_url,))

    @property
    def replicas(self) -> list["Target"]:
        """The endpoint as it is at each of its base URLs."""
        return [replace(self, base_url=url, base_urls=(url,)) for url in self.base_urls]

    @property
    def name(self) -> str:
        """The provider's name, as records carry it."""
        return self.preset.name

    @property
    def endpoint(self) -> Endpoint:
        """What the plan needs to know of it."""
        return Endpoint(provider=self.preset.name, identity=self.identity)

    @property
    def api_key(self) -> Secret | None:
        """The key that is sent as such, if there is one."""
        return None if self.key_variable is None else self.keys[self.key_variable]

    @property
    def headers(self) -> dict[str, str]:
        """The extra headers as they are sent, without those whose variable is not set (where nothing will be sent)."""
        return {
            name: REFERENCE.sub(lambda found: self.keys[found[1]].reveal(), value)
            for name, value in self.extra_headers.items()
            if all(variable in self.keys for variable in REFERENCE.findall(value))
        }

    @property
    def key_fingerprint(self) -> str:
        """Tells accounts apart in the ledger of daily quotas; `none` without a key."""
        return next((key.fingerprint for key in self.keys.values()), "none")

    @property
    def redactor(self) -> Redactor:
        """Cleans texts of the keys and of the values of headers that look secret."""
        secrets = []
        for key in self.keys.values():
            secrets += [key.reveal(), *key.reveal().split()]
        for name, value in self.headers.items():
            if is_key_name(name) or has_key(f"{name}: {value}", strict=True):
                secrets += [value, *value.split(), *login_in(value)]
        return Redactor(secrets)

    def __reduce__(self) -> tuple[object, ...]:
        plain = {part.name: getattr(self, part.name) for part in fields(self) if part.name != "keys"}
        return _arrived, (plain, tuple(self.keys), Path.cwd())


def _arrived(plain: dict[str, Any], names: Sequence[str], folder: Path) -> Target:
    """Return a target that was pickled, with the keys that are here."""
    preset, named = plain["preset"], plain["key_variable"]
    if preset.key == "required" and named in preset.key_env:
        named = None  # it is missed in the words for the preset
    env = load_env(folder)
    there = {name: env[name] for name in names if name in env}
    return Target(**plain, keys=read_keys(preset, named, plain["extra_headers"], there, needed=bool(names))[1])


def read_keys(
    preset: Preset, named: str | None, headers: Mapping[str, str], env: Mapping[str, str], *, needed: bool
) -> tuple[str | None, dict[str, Secret]]:
    """Return the variable that holds the API key, and by name all that are sent as keys, the API key first.

    Args:
        preset: the endpoint, for the variables that commonly hold its key.
        named: the one that the user named instead.
        headers: the extra headers as written.
        env: as from `credentials.load_env`.
        needed: False where nothing will be sent: a missing key is no obstacle then.

    Raises:
        UsageError: one is missing, or impossible.
    """
    sent: dict[str, Secret] = {}
    for header, value in headers.items():
        variables = REFERENCE.findall(value)
        missing = [variable for variable in variables if variable not in env]
        if missing and needed:
            raise UsageError(
                f"extra_headers: {header} wants {missing[0]}, which is not set; "
                f"export it or put {missing[0]}=… into .env"
            )
        sent |= {variable: Secret(env[variable]) for variable in variables if variable in env}
        whole = header if missing else header + REFERENCE.sub(lambda found: env[found[1]], value)
        if not (whole.isprintable() and whole.isascii()):
            raise UsageError(f"extra_headers: {header!r} has a line break or a character outside ASCII in it")
    variable = named or next((variable for variable in preset.key_env if variable in env), None)
    if variable is not None and variable in env:
        return variable, {variable: checked_key(env[variable], variable), **sent}
    if needed and named is not None:
        raise UsageError(f"--api-key-env: {named} is not set; export it or put {named}=… into .env")
    if needed and preset.key == "required":
        variable = preset.key_env[0]
        raise UsageError(f"{preset.name} needs a key: set {variable}, or put {variable}=… into .env")
    return None, sent


class ModelNames:
    """The names of an endpoint's models, fit to be shown and written, and what each is called by the endpoint.

    An endpoint may put the key that it was sent, a control sequence or a line break into a name: everybody above the
    provider sees the clean one, and a request for it goes out under the endpoint's own.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._clean = redactor.clean_all
        self._own: dict[str, str] = {}

    def shown(self, names: Sequence[str]) -> list[str]:
        """Return the names as they may be shown."""
        return [self._shown(name) for name in names]

    def own(self, shown: str) -> str:
        """Return what the endpoint calls a model; a name that it never listed is its own."""
        return self._own.get(shown, shown)

    def _shown(self, name: str) -> str:
        shown = self._clean(name)
        if not shown.isprintable():
            shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in shown)
        if shown != name:
            self._own.setdefault(shown, name)
        return shown
