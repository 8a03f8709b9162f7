"""What a key looks like, and where one may stand, as data and as the questions that the other rooms ask.

Shapes are from the issuers' documentation; the address of a webhook is one too: whoever has it may post. What people
write with hyphens (`sk-learn-chapter-12`, `ms-marco-MiniLM-L-12-v2`) and what is random without being secret (commits,
digests, UUIDs) is left alone.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

MARK: Final = "[key]"
REMEDY: Final = "write it into the environment or a `.env` file and name the variable by `api_key_env`"

SHORTEST: Final = 6  # characters of a key; what is shorter is a placeholder

# names

_LAST: Final = frozenset(
    {
        "token", "secret", "secrets", "password", "passwd", "pwd", "passphrase", "authorization", "auth",
        "credential", "credentials", "cookie", "bearer", "apikey", "apikeys", "xapikey", "apitoken",
        "accesstoken", "authtoken", "bearertoken", "accesskey", "secretkey", "apisecret", "clientsecret",
        "proxyauthorization", "authkey", "privatekey", "jwt",
    }
)  # fmt: skip
_KINDS_OF_KEY: Final = frozenset(
    {
        "api", "apis", "access", "secret", "private", "auth", "subscription", "service", "account", "master",
        "admin", "client", "functions", "license", "signing", "encryption", "ssh", "deploy", "user", "project",
    }
)  # fmt: skip  # before `key`: a bare one is a record's, a cache's or a table's
_NO_TOKEN: Final = frozenset(
    {
        "stop", "bos", "eos", "pad", "max", "min", "mask", "sep", "unk", "cls", "first", "last", "next", "new",
        "per", "end", "start", "special", "think", "image", "text", "prompt", "completion", "input", "output",
        "logit",
    }
)  # fmt: skip  # before `token`: a model's
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[\u3400-\u9fff]+")


def is_key_name(name: str) -> bool:
    """Say whether what has this name (mapping key, header, option, variable, query value) carries a credential."""
    parts = _WORDS.findall(name)
    words = [part.lower() for part in parts]
    if not words or name == "PWD":
        return False
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in ("key", "keys"):
        # HF_KEY and X-Team-Key are names of variables and headers; cache_key is anybody's
        shouted = name.isupper() and "_" in name and last == "key"
        return before in _KINDS_OF_KEY or bool(before and shouted) or name.lower().startswith("x-")
    if last == "token":
        return before not in _NO_TOKEN
    if last == "pass":
        return name.isupper() and bool(before)  # SMTP_PASS; a `first_pass` is anybody's
    if last.endswith(("password", "passwd", "apikey", "密钥", "密码", "口令", "令牌")):  # PGPASSWORD, 我的密钥
        return True
    return last in _LAST or "".join(words[-2:]) in _LAST


# placeholders and random words

_PLACEHOLDER_WORDS: Final = frozenset(
    {
        "sk", "api", "key", "keys", "token", "no", "not", "none", "null", "empty", "dummy", "fake", "test",
        "testing", "demo", "sample", "example", "placeholder", "local", "localhost", "ollama", "vllm", "lm",
        "lmstudio", "studio", "llama", "cpp", "sglang", "tgi", "xinference", "fastchat", "lmdeploy", "openai",
        "anything", "whatever", "any", "needed", "required", "necessary", "unused", "ignored", "ignore", "need",
        "here", "my", "your", "own", "put", "the", "a", "is", "change", "changeme", "me", "insert",
        "value", "abc", "xxx",
    }
)  # fmt: skip
_SHORT: Final = 16  # characters that plain words with hyphens may have to be none
_REFERENCE: Final = re.compile(r"\$|<|\{|%[A-Za-z_(]|\*{2}|\.{3}|…|\[key\]")  # $NAME, <your key>, {{ key }}, sk-...
_PLAIN_PART: Final = re.compile(r"[A-Za-z]{1,15}|\d{1,4}|[A-Za-z]{1,6}\d{1,3}[A-Za-z]?|\d{1,3}[A-Za-z]{1,4}")
_CAMEL: Final = re.compile(r"[a-z][A-Z]|\d[A-Za-z]|[A-Za-z]\d")


def is_reference(value: str) -> bool:
    """Say whether it names a variable and holds nothing itself: `${MY_KEY}`, `Bearer $TOKEN`."""
    return re.fullmatch(r"(?:[A-Za-z]+ +)?\$(?:\{\w+\}|\w+)", value.strip(), re.ASCII) is not None


def is_placeholder(value: str) -> bool:
    """Say whether a key is none at all: what servers without keys are given (`EMPTY`, `ollama`, `token-abc123`).

    Such a word is no secret, and taking it out would rewrite replies: short, plain words and numbers, also several
    of the usual ones.
    """
    text = value.strip().strip("<>")
    if len(text) < SHORTEST:
        return True
    if re.fullmatch(r"[A-Za-z]?[a-z]{0,15}|[A-Z]{1,16}|\d{1,15}|[A-Za-z]?[a-z]{1,9}\d{1,2}|(.)\1*", text):
        return True  # one plain word, one number, one of the two with the other, one character again and again
    if re.fullmatch(r"[A-Za-z]{2,6}[-_](.)\1*", text):
        return True  # sk-000…
    parts = re.split(r"[-_.:/ ]+", text.lower())
    plain = len(text) <= _SHORT and all(re.fullmatch(r"[a-z]+(1?2?3?4?|(\d)\2*)", part) for part in parts)
    if plain and (len(parts) <= 2 or sum(part not in _PLACEHOLDER_WORDS for part in parts) <= 1):
        return True  # a plain word or two: `sk-litellm`, `my-secret-key`, `changeme123`
    return len(text) < 40 and all(
        part in _PLACEHOLDER_WORDS or re.fullmatch(r"(abc)?(1?2?3?4?|12345|123456)|x+|0+", part) for part in parts
    )


def _is_random(body: str) -> bool:
    """Whether a part of it is neither a word, nor a small number, nor a version (`v2`, `L12`, `80B`)."""
    for part in re.split(r"[-_.]+", body):
        if not part:
            continue
        if not _PLAIN_PART.fullmatch(part) or len(_CAMEL.findall(part)) > 3:
            return True
    return False


def _is_key_value(value: str) -> bool:
    """Whether a word in a place for keys is one: long, random, neither placeholder nor reference."""
    if len(value) < 12 or is_placeholder(value) or _REFERENCE.search(value) or not value.isascii():
        return False
    if re.search(r"[()/\\]{2}|^[./~]|\.(ya?ml|json|txt|md|py|env)$", value):  # a path
        return False
    return _is_random(value) and not re.fullmatch(r"[A-Za-z]?[a-z]+\d{1,4}", value)  # a name and its year


def is_bare_key(name: str) -> bool:
    """Say whether what should be the name of a variable is the key itself: one long random word."""
    spoken = re.search(r"_|key|token|secret|pass", name, re.IGNORECASE)
    return len(name) >= 16 and spoken is None and _is_key_value(name)


# shapes

_SHAPE: Final = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      (?:sk|ms|rk|pk|pat|hf|gsk|xai|nvapi|tvly|pplx|r8|fw|csk|tgp|lsv2|npm|pypi|dop|glpat|gldt|glrt|xox[abeoprs]|
         gh[opsur]|github_pat)[-_](?P<body>[A-Za-z0-9_-]{16,}(?:\.(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]+)*)
    | (?:AIza|ya29\.)[\w-]{30,}
    | (?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])
    | (?:LTAI|AKID)[A-Za-z0-9]{12,36}(?![A-Za-z0-9])
    | bce-v3/[\w-]{8,}/[0-9a-f]{16,}
    | eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{6,}
    | [0-9a-f]{32}\.[A-Za-z0-9]{16}(?![A-Za-z0-9])
    | (?:bot)?\d{8,10}:AA[\w-]{32,34}(?![\w-])
    | SCT\d{3,9}T[A-Za-z0-9]{16,}
    | (?:hooks\.slack\.com/[a-z]+|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook
         |discord(?:app)?\.com/api/webhooks/\d+)/(?=[\w/-]*\d)[\w/-]{20,}
    )
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----[A-Za-z0-9+/=\s\\n]*(?:-----END\ [A-Z ]*PRIVATE\ KEY-----)?""",
    re.VERBOSE | re.ASCII,
)
_SCHEME: Final = re.compile(r"(?<![\w-])(?i:bearer|basic)[ \t]+(?P<value>[\w.~+/=:-]{8,})", re.ASCII)
_PLACE: Final = re.compile(
    r"""(?i:key|token|bearer|secret|password|passwd|passphrase|pwd|pass|auth|authorization|credentials?|cookie|
          密钥|密码|口令|令牌)s?
        (?P<gap>[\\"'`*]{0,3}\s{0,3}(?:[=:：]{1,2}|(?:\ is(?!\w)|是|为)[=:：]?)\s{0,3}|[ \t]+)[\\"'`]{0,3}
        (?:(?i:bearer|basic|token|apikey)[ \t]+)?
        (?P<value>[^\s"'`\\,;&|<>(){}\[\]，。；、）」”]+)""",
    re.VERBOSE,
)
_NAME_BEFORE: Final = re.compile(r"[\w.-]{1,64}\Z|-{0,2}[\w.-]{1,64}\Z|(?i:api|access|secret|private)[ ]\Z")
_QUERY: Final = re.compile(r"[?&;](?i:key|sig|signature|sas|code|auth)=(?P<value>[^\s\"'&;#<>]+)")
_LOGIN: Final = re.compile(
    r"(?i:\b(?P<scheme>[a-z][a-z0-9+.-]{1,15})://)(?P<login>(?P<user>[^\s/?#@:\"'<>]*)(?::(?P<password>[^\s/?#@\"'<>]*))?)@"
)
_ANY_PASSWORD: Final = frozenset({"pass", "password", "passwd"})  # as `https://user:password@host` explains itself
_LOGIN_OPTIONS: Final = (
    re.compile(r"(?:^|\s)(?:-u|--user|--proxy-user)[ =]?[\"']?(?P<value>[^\s:\"'$]+:[^\s\"'$]+)"),  # curl
    re.compile(r"\bsshpass\s+-p\s*[\"']?(?P<value>[^\s\"'$]+)"),
    re.compile(r"\b(?:mysql|mariadb)\w*\b[^|;&]*?\s-p[\"']?(?P<value>[^\s\"'$]+)"),
)
_ANY_HINT: Final = re.compile(
    r"[-_]|eyJ|AIza|AKIA|ASIA|LTAI|AKID|ya29|://|[=:：]|bearer|basic|[0-9a-f]{32}\.| is |是|为|hooks\.|SCT\d",
    re.IGNORECASE,
)


def _found(text: str, *, strict: bool) -> Iterator[tuple[int, int]]:
    """Yield the place of everything that is a key; `strict`: what stands in a place for keys is one if it could be."""
    for match in _SHAPE.finditer(text):
        if match["body"] is None or _is_random(match["body"]):
            yield match.span()
    for match in _SCHEME.finditer(text):
        value = match["value"]
        if login_in(value) if match[0][:5].lower() == "basic" else _is_key_value(value):
            yield match.span("value")
    yield from _named(text, strict=strict)
    yield from _in_addresses(text, strict=strict)


def _named(text: str, *, strict: bool) -> Iterator[tuple[int, int]]:
    """Yield the place of every key that stands behind the name of one: `api_key: …`, `TOKEN=…`, `--token …`."""
    for match in _PLACE.finditer(text):
        before = _NAME_BEFORE.search(text, max(0, match.start() - 66), match.start())
        name = (before[0] if before else "") + text[match.start() : match.start("gap")]
        option = name.startswith("-")
        if (match["gap"].isspace() and not option) or not is_key_name(name.lstrip("-")):
            continue
        value = match["value"]
        told = strict and not re.search("is|是|为", match["gap"])  # else a sentence: `the token is valid`
        if _is_key_value(value) or (told and not is_placeholder(value) and not _REFERENCE.match(value)):
            yield match.span("value")


def _in_addresses(text: str, *, strict: bool) -> Iterator[tuple[int, int]]:
    """Yield the place of every key in a URL's query (`?key=…`), and of every login (`user:password@host`)."""
    for match in _QUERY.finditer(text):
        if _is_key_value(match["value"]):
            yield match.span("value")
    for match in _LOGIN.finditer(text):
        password = match["password"]
        secret = password if password is not None else match["user"] if match["scheme"].lower()[:4] == "http" else ""
        if secret and not _REFERENCE.match(secret) and (strict or secret.lower() not in _ANY_PASSWORD):
            yield match.span("login")
    if strict:
        for option in _LOGIN_OPTIONS:
            for match in option.finditer(text):
                yield match.span("value")


def login_in(value: str) -> list[str]:
    """Return `user:password` and the password of the value of a header for Basic authentication; else nothing."""
    code = value.rsplit(maxsplit=1)[-1] if value.strip() else ""
    try:
        plain = base64.b64decode(code + "=" * (-len(code) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return []
    return [plain, plain.split(":", 1)[1]] if ":" in plain and plain.isprintable() else []


def keys_in(text: str) -> list[str]:
    """Return everything in the text that is a key; of a login in an address, `user:password`."""
    return [text[start:end] for start, end in _found(text, strict=True)]


def find_key(text: str, *, strict: bool = False) -> int | None:
    """Return where the first thing that is a key begins; None: there is none.

    Args:
        text: any text, prose in any language too.
        strict: for command lines and crontabs, which are no prose: there a short password counts as well.
    """
    if not _ANY_HINT.search(text):
        return None
    return min((start for start, _ in _found(text, strict=strict)), default=None)


def has_key(text: str, *, strict: bool = False) -> bool:
    """Say whether the text holds a key; see `find_key`."""
    return find_key(text, strict=strict) is not None


def mask(text: str, *, strict: bool = False) -> str:
    """Return the text with everything that is a key replaced by `[key]`."""
    if not _ANY_HINT.search(text):
        return text
    done = 0
    parts: list[str] = []
    for start, end in sorted(_found(text, strict=strict)):
        if start >= done:
            parts += [text[done:start], MARK]
        done = max(done, end)
    return "".join([*parts, text[done:]])


# addresses

_SECRET_ENDS: Final = frozenset(
    {"key", "keys", "sig", "sign", "signature", "code", "sas", "sk", "ak", "pass"}
)  # of a query value's name
_LONG_WORD: Final = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.~-]{16,}", re.ASCII)


def secret_in_query(query: str) -> str | None:
    """Return the name of the first value in a URL's query that looks like a credential; the value is never shown."""
    from urllib.parse import parse_qsl  # few addresses have a query

    for name, value in parse_qsl(query, keep_blank_values=True):
        if has_key(name) or (not value and _LONG_WORD.fullmatch(name)):
            return "…"
        end = re.split(r"[\W_]", name)[-1].lower()
        if is_key_name(name) or end in _SECRET_ENDS or has_key(value) or has_key(f"{name}={value}"):
            return name[:40]
    return None
