"""How numbers and near misses are told, the same on every screen: counts, tokens, the nearest name."""

from collections.abc import Iterable, Sequence

_LISTED = 12  # names that an error lists where none is near
_NEAR = 0.6


def counted(number: int, noun: str) -> str:
    """Return `1 cell`, `1,200 cells`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return `a, b and 3 more`; an empty text for no names."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def token_pair(prompt: int | None, reply: int | None) -> str:
    """Return the tokens of a table's cell, `1,200+340`: those of the prompts and those of the replies.

    None or 0: the endpoint reported none; of both, `–`.
    """
    if not prompt and not reply:
        return "–"
    return "+".join("–" if not count else f"{count:,}" for count in (prompt, reply))


def token_sum(prompt: int | None, reply: int | None) -> str:
    """Return `1,540 tokens (1,200 prompt + 340 reply)`; what was not reported is left out of the sum."""
    known = [(count, what) for count, what in ((prompt, "prompt"), (reply, "reply")) if count is not None]
    told = " + ".join(f"{count:,} {what}" for count, what in known)
    return f"{counted(sum(count for count, _ in known), 'token')} ({told})" if known else "tokens: none reported"


def nearest(name: str, valid: Iterable[str], cutoff: float = _NEAR) -> str | None:
    """Return the valid name that was probably meant; None: nothing is near.

    Case does not count, nor do `-` and `_`. Unless more is asked of nearness (`cutoff`, 0 to 1), a beginning that
    only one name has is that name.
    """
    from difflib import get_close_matches  # needed for mistakes only

    names = {_plain(known): known for known in valid}
    wanted = _plain(name)
    close = get_close_matches(wanted, names, n=1, cutoff=cutoff)
    if close:
        return names[close[0]]
    begun = [known for plain, known in names.items() if len(wanted) > 1 and plain.startswith(wanted)]
    return begun[0] if len(begun) == 1 and cutoff <= _NEAR else None


def meant(name: str, valid: Iterable[str]) -> str:
    """Return the remedy for an unknown name: ``did you mean `x`?``, else what there is."""
    known = list(valid)
    near = nearest(name, known)
    if near is not None:
        return f"did you mean `{near}`?"
    several = "one of " if len(known) > 1 else ""
    return f"expected {several}{listed(known, _LISTED)}" if known else "there are none"


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-")
