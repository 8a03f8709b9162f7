"""A resolved endpoint: everything needed to open it, decided without touching the network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from persona_batch.chat import Params
from persona_batch.credentials import Redactor, has_key, is_key_name, login_in
from persona_batch.plan.cell import Endpoint
from persona_batch.provider.presets import Preset
from persona_batch.provider.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which endpoint to ask, and with what.

    `identity` is what cell keys and manifests carry: the preset's name, or the base URL where it is another one.
    `api_key_header` is the header that carries the key, alone, instead of `Authorization: Bearer …`.
    `header_secrets` are the values that `${VARIABLE}` in the extra headers stood for: keys too.
    `ambient` lets the SDK add what OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS say.
    `key_variables` are the environment's variables whose values are sent as keys.
    `model_path` is the embedded model's file, as set by the user.
    """

    preset: Preset
    base_url: str
    identity: str
    api_key: Secret | None = None
    api_key_header: str | None = None
    key_variables: tuple[str, ...] = ()
    extra_body: Params = field(default_factory=dict)
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    header_secrets: tuple[Secret, ...] = ()
    ambient: bool = False
    model_path: str | None = None

    @property
    def name(self) -> str:
        """The provider's name, as records carry it."""
        return self.preset.name

    @property
    def endpoint(self) -> Endpoint:
        """What the plan needs to know of it."""
        return Endpoint(provider=self.preset.name, identity=self.identity)

    @property
    def key_fingerprint(self) -> str:
        """Tells accounts apart in the ledger of daily quotas; `none` without a key."""
        key = next((key for key in (self.api_key, *self.header_secrets) if key is not None), None)
        return "none" if key is None else key.fingerprint

    @property
    def redactor(self) -> Redactor:
        """Cleans texts of the key and of the values of headers that look secret."""
        secrets = [] if self.api_key is None else [self.api_key.reveal()]
        for secret in self.header_secrets:
            secrets += [secret.reveal(), *secret.reveal().split()]
        for name, value in self.extra_headers.items():
            if is_key_name(name) or has_key(f"{name}: {value}", strict=True):
                secrets += [value, *value.split(), *login_in(value)]
        return Redactor(secrets)


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
