"""A seeded shuffle of 0 … n-1 in constant memory, any element at once.

Small ones are shuffled as a list, uniformly; a large one needs none: it is a four-round Feistel network on the
smallest even number of bits that holds n, with cycle walking (Black & Rogaway, "Ciphers with Arbitrary Finite
Domains", 2002). It mixes call order; it is not meant to be secure.
"""

import hashlib
import random
from array import array
from collections.abc import Iterator

_LISTED = 4096  # a list up to here; below it a Feistel network would not be uniform enough
_ROUNDS = 4
_MASK64 = (1 << 64) - 1


class SeededOrder:
    """The numbers 0 … `size`-1 in an order given by `seed`: a bijection, the same on every machine."""

    __slots__ = ("_half", "_keys", "_listed", "_mask", "size")

    def __init__(self, size: int, seed: str) -> None:
        self.size = size
        self._listed: array[int] | None = None
        if size <= _LISTED:
            self._listed = array("H", range(size))
            if size > 1:  # seeding costs more than all else here
                random.Random(seed).shuffle(self._listed)  # noqa: S311 call order is no secret
            return
        self._half = ((size - 1).bit_length() + 1) // 2
        self._mask = (1 << self._half) - 1
        digest = hashlib.blake2b(seed.encode(), digest_size=8 * _ROUNDS).digest()
        self._keys = tuple(int.from_bytes(digest[8 * i : 8 * i + 8], "big") for i in range(_ROUNDS))

    def __getitem__(self, index: int) -> int:
        if not 0 <= index < self.size:
            raise IndexError(index)
        if self._listed is not None:
            return self._listed[index]
        half, mask = self._half, self._mask
        while True:
            left, right = index >> half, index & mask
            for key in self._keys:
                mixed = ((right ^ key) * 0x9E3779B97F4A7C15) & _MASK64
                mixed = ((mixed ^ (mixed >> 29)) * 0xBF58476D1CE4E5B9) & _MASK64
                left, right = right, left ^ ((mixed >> 32) & mask)
            index = left << half | right
            if index < self.size:
                return index

    def __iter__(self) -> Iterator[int]:
        return (self[index] for index in range(self.size))

    def __len__(self) -> int:
        return self.size
