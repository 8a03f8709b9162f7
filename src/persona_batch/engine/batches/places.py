"""Where each of a million keys' results stands, in 24 bytes each: a `KeySet` whose keys point somewhere."""

from typing import Final, NamedTuple

_KEY: Final = 16  # bytes
_ENTRY: Final = 24  # the key, two bytes of the file's number and its mark, six of the offset
_BUCKETS: Final = 1 << 13
_GOOD: Final = 1 << 15  # in the file's number


class Place(NamedTuple):
    """A line: the number of its file (below 32,768), where in it it begins, and whether it is a good one."""

    file: int
    offset: int
    good: bool


class Places:
    """One place for each key; a good one is never replaced, any other only by a good one."""

    __slots__ = ("_buckets", "_count")

    def __init__(self) -> None:
        self._buckets = [b""] * _BUCKETS
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def find(self, key: str) -> Place | None:
        """Return where the result of a key is; None: there is none."""
        packed = bytes.fromhex(key)
        bucket = self._buckets[_number(packed)]
        at = _find(bucket, packed)
        if at < 0:
            return None
        file = int.from_bytes(bucket[at + _KEY : at + _KEY + 2])
        return Place(file & ~_GOOD, int.from_bytes(bucket[at + _KEY + 2 : at + _ENTRY]), bool(file & _GOOD))

    def add(self, key: str, place: Place) -> bool:
        """Take a place; return False if the one that is there stays."""
        packed = bytes.fromhex(key)
        number = _number(packed)
        bucket = self._buckets[number]
        file = place.file | (_GOOD if place.good else 0)
        entry = packed + file.to_bytes(2) + place.offset.to_bytes(6)
        at = _find(bucket, packed)
        if at < 0:
            self._buckets[number] = bucket + entry
            self._count += 1
            return True
        if bucket[at + _KEY] & (_GOOD >> 8) or not place.good:
            return False
        self._buckets[number] = bucket[:at] + entry + bucket[at + _ENTRY :]
        return True


def _number(packed: bytes) -> int:
    return packed[0] << 5 | packed[1] >> 3


def _find(bucket: bytes, packed: bytes) -> int:
    """Return where the entry of a key begins; -1: nowhere. Neighbours may spell a key across their border."""
    at = bucket.find(packed)
    while at >= 0 and at % _ENTRY:
        at = bucket.find(packed, at + 1)
    return at
