"""A resolved endpoint: everything needed to open it, decided without touching the network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from persona_batch.chat import Params
from persona_batch.plan.cell import Endpoint
from persona_batch.provider.presets import Preset
from persona_batch.provider.redact import Redactor
from persona_batch.provider.secret import Secret

_SECRET_HEADERS: Final = ("auth", "key", "token", "secret", "cookie", "password")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which endpoint to ask, and with what.

    `identity` is what cell keys and manifests carry: the preset's name, or the base URL where it is another one.
    `api_key_header` is the header that carries the key, alone, instead of `Authorization: Bearer …`.
    `header_secrets` are the values that `${VARIABLE}` in the extra headers stood for: keys too.
    `ambient` lets the SDK add what OPENAI_ORG_ID, OPENAI_PROJECT_ID and OPENAI_CUSTOM_HEADERS say.
    `model_path` is the embedded model's file, as set by the user.
    """

    preset: Preset
    base_url: str
    identity: str
    api_key: Secret | None = None
    api_key_header: str | None = None
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
            if any(word in name.lower() for word in _SECRET_HEADERS):
                secrets += [value, *value.split()]
        return Redactor(secrets)
