"""Ids: letters of any script, digits, `.`, `_` and `-`, beginning with a letter, a digit or `_`; in NFC."""

import hashlib
import re
import unicodedata

MAX_ID = 100
_HEAD = 1000  # characters of a text, of which an id is made
_QUESTION_ID = 40
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")  # most ids


def is_id_char(char: str) -> bool:
    """Say whether a character may stand in an id (marks belong to the letters of many scripts)."""
    return char in "._-" or unicodedata.category(char)[0] in "LMN"


def normalise_id(written: str) -> str:
    """Return the id in Unicode's composed form.

    Raises:
        ValueError: it cannot be an id; the message says why.
    """
    if _PLAIN.fullmatch(written) and len(written) <= MAX_ID:
        return written
    name = unicodedata.normalize("NFC", written)
    if not name:
        raise ValueError("an id cannot be empty")
    if len(name) > MAX_ID:
        raise ValueError(f"an id has at most {MAX_ID} characters, this one {len(name)}")
    for char in name:
        if not is_id_char(char):
            shown = f"`{char}`" if char.isprintable() else f"U+{ord(char):04X}"
            what = "a space" if char == " " else shown
            raise ValueError(f"an id holds letters, digits, `.`, `_` and `-`, not {what}")
    if name[0] in ".-" or unicodedata.category(name[0])[0] == "M":
        raise ValueError(f"an id starts with a letter, a digit or `_`, not with `{name[0]}`")
    return name


def id_from_stem(stem: str) -> str | None:
    """Return a file's stem as an id, other characters turned into `-`; None when nothing is left."""
    return _slug(unicodedata.normalize("NFC", stem))[:MAX_ID] or None


def id_from_text(text: str) -> str:
    """Return the id of an inline question: a function of its text alone.

    A short question is its own id, spaces turned into `-` and a final question mark left out (`你是谁？` →
    `你是谁`); where more is lost, the first characters and six hex digits of the text's hash.
    """
    normal = unicodedata.normalize("NFC", text).strip()
    slug = _slug(normal[:_HEAD])
    if len(normal) > _HEAD and len(slug) < _QUESTION_ID:  # hardly a sign of the head can stand in an id
        slug = _slug(normal)
    kept = normal.removesuffix("?").removesuffix("？")
    if slug and len(slug) <= _QUESTION_ID and slug == kept.replace(" ", "-"):
        return slug
    digest = hashlib.blake2b(normal.encode(), digest_size=3).hexdigest()
    head = slug[:24].rstrip("._-")
    return f"{head}-{digest}" if head else f"q-{digest}"


def _slug(text: str) -> str:
    words: list[str] = []
    for char in text:
        if is_id_char(char):
            words.append(char)
        elif words and words[-1] != "-":
            words.append("-")
    slug = "".join(words).lstrip("._-").rstrip("._-")
    while slug and unicodedata.category(slug[0])[0] == "M":
        slug = slug[1:].lstrip("._-")
    return slug
