"""How YAML 1.1 reads a plain value, and which readings are refused because nobody means them.

PyYAML reads `no` as false, `12:30` as 750, `012` as 10 and `2024-01-01` as a date, and `1e3` as text where every
YAML 1.2 reader sees a number. Such a value is refused wherever it stands: in quotes it is text, and `true`,
`10` or `1000` say the rest.
"""

import math

import yaml

from persona_batch.config.nodes import Scalar, ScalarKind
from persona_batch.config.problems import Place, quote

_PREFIX = "tag:yaml.org,2002:"
_resolver = yaml.resolver.Resolver()
_INT64 = range(-(2**63), 2**64)  # what JSON encoders and endpoints carry


class Surprise(Exception):
    """A plain value that YAML reads as something else than it looks."""


def read_scalar(written: str, place: Place, *, plain: bool) -> Scalar:
    """Return the value of a scalar as YAML 1.1 reads it.

    Raises:
        Surprise: the reading is none that a person would mean, or JSON cannot carry it.
    """
    if not plain:
        return Scalar(place, written, written, "text")
    tag: str = _resolver.resolve(yaml.ScalarNode, written, (True, False))  # type: ignore[no-untyped-call]  # not in the stubs
    kind = tag.removeprefix(_PREFIX)
    value, known_kind = _value(kind, written)
    return Scalar(place, written, value, known_kind)


def _value(kind: str, written: str) -> tuple[str | int | float | bool | None, ScalarKind]:
    if kind == "bool":
        lowered = written.lower()
        if lowered not in {"true", "false"}:
            read = "true" if lowered in {"yes", "on"} else "false"
            raise Surprise(f'{quote(written)} is read as {read} here; write "{written}" for the text, or {read}')
        return lowered == "true", "bool"
    if kind == "int":
        return _whole(written), "int"
    if kind == "float":
        return _real(written), "float"
    if kind == "timestamp":
        raise Surprise(f'{quote(written)} is read as a date here; write "{written}" for the text')
    if kind == "null":
        return None, "null"
    if _is_exponent(written):
        number = float(written)
        plainly = f"{number:g}" if math.isfinite(number) and abs(number) < 1e6 else "the number in full"
        raise Surprise(
            f'{quote(written)} is read as text here; write {plainly} for the number, or "{written}" for the text'
        )
    return written, "text"


def _whole(written: str) -> int:
    digits = written.replace("_", "").lower()
    body = digits.lstrip("+-")
    if ":" in body:
        raise Surprise(f'{quote(written)} is read as a number of base 60 here; write "{written}" for the text')
    if len(body) > 1 and body[0] == "0" and body.isdigit():
        raise Surprise(
            f'{quote(written)} is read as {int(body, 8)} (octal) here; write "{written}" for the text, '
            f"or the number without the leading 0"
        )
    if len(body) > 70 or (number := int(digits, 0)) not in _INT64:
        raise Surprise(f"{quote(written)} does not fit into 64 bits; write it in quotes for the text")
    return number


def _real(written: str) -> float:
    digits = written.replace("_", "").lower()
    if ":" in digits:
        raise Surprise(f'{quote(written)} is read as a number of base 60 here; write "{written}" for the text')
    number = math.inf if digits.lstrip("+-") in {".inf", ".nan"} else float(digits)
    if not math.isfinite(number):
        raise Surprise(f"{quote(written)} is no finite number; write it in quotes for the text")
    return number


def _is_exponent(written: str) -> bool:
    if len(written) > 40 or not written.isascii() or "e" not in written.lower() or not written[-1].isdigit():
        return False
    if not all(char.isdigit() or char in "+-.eE" for char in written):
        return False
    try:
        float(written)
    except ValueError:
        return False
    return True
