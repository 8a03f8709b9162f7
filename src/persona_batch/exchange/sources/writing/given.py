"""The ids that an import has given, a million of them in some 25 MB: digests, not texts."""

import hashlib
from collections.abc import Iterator

_HALF = 8  # bytes of an id's digest, and of what stands under it
_WHOLE = 2 * _HALF
_MASK = (1 << 8 * _HALF) - 1


class Given:
    """Ids, each with a hash of what stands under it. Two ids are taken for one once in a million million imports."""

    __slots__ = ("_buckets", "_count")

    def __init__(self) -> None:
        self._buckets: dict[int, bytes] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, name: str) -> bool:
        return self.under(name) is not None

    def under(self, name: str) -> int | None:
        """Return what stands under an id; None: it was not given."""
        return self.under_digest(_digest(name))

    def add(self, name: str, content: int = 0) -> None:
        """Note that an id is given; what stands under it first stays."""
        digest = _digest(name)
        if self.under_digest(digest) is None:
            place = _place(digest)
            self._buckets[place] = self._buckets.get(place, b"") + digest + (content & _MASK).to_bytes(_HALF)
            self._count += 1

    def clashes_with(self, others: "Given") -> bool:
        """Say whether an id stands for something here and for something else there."""
        return any(others.under_digest(digest) not in (None, content) for digest, content in self._all())

    def shares_with(self, others: "Given") -> bool:
        """Say whether an id was given here and there."""
        return any(others.under_digest(digest) is not None for digest, _ in self._all())

    def under_digest(self, digest: bytes) -> int | None:
        """Return what stands under the id of a digest; None: it was not given."""
        bucket = self._buckets.get(_place(digest), b"")
        at = bucket.find(digest)
        while at >= 0 and at % _WHOLE:  # a neighbour's bytes that happen to spell it
            at = bucket.find(digest, at + 1)
        return None if at < 0 else int.from_bytes(bucket[at + _HALF : at + _WHOLE])

    def _all(self) -> Iterator[tuple[bytes, int]]:
        for bucket in self._buckets.values():
            for at in range(0, len(bucket), _WHOLE):
                yield bucket[at : at + _HALF], int.from_bytes(bucket[at + _HALF : at + _WHOLE])


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=_HALF).digest()


def _place(digest: bytes) -> int:
    return digest[0] << 5 | digest[1] >> 3
