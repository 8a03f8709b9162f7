"""A shard: a part of a grid by the keys of its cells, the same on every machine; and its share of what the whole may.

The shards of a grid are a partition of it, whatever becomes of the batch: a cell keeps its key, and with it its shard,
when personas, questions or samples are added. Controls are cells like any others, so they are asked once over all
shards.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from persona_batch.errors import UsageError

_DIGITS: Final = 8  # of a key's end: 32 bits, so that shards differ by no more than chance makes them
_FORM = re.compile(r"([0-9]{1,9})/([0-9]{1,9})", re.ASCII)
_FINEST = -6  # digits behind the point to which money is divided: a millionth of a dollar is less than any request


@dataclass(frozen=True, slots=True)
class Shard:
    """The `number`-th of `of` shards, counted from 1."""

    number: int
    of: int

    @classmethod
    def read(cls, text: str, option: str = "--shard") -> "Shard":
        """Return what `I/N` names; `option` is what it was given by, for the error.

        Raises:
            UsageError: it names no shard.
        """
        found = _FORM.fullmatch(text)
        if found is None:
            raise UsageError(f"{option} {text}: a shard is given as I/N, as 2/4 for the second of four")
        shard = cls(int(found[1]), int(found[2]))
        if not shard.of:
            raise UsageError(f"{option} {text}: there is no shard of none; of four shards the first is 1/4")
        if not 1 <= shard.number <= shard.of:
            raise UsageError(f"{option} {text}: the shards of {shard.of} are 1/{shard.of} to {shard.of}/{shard.of}")
        return shard

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def in_names(self) -> str:
        """How the shard is called in the name of a file."""
        return f"shard-{self.number}-of-{self.of}"

    def holds(self, key: str) -> bool:
        """Say whether the cell of this key belongs to the shard."""
        return int(key[-_DIGITS:], 16) % self.of == self.number - 1

    def share(self, whole: int, option: str) -> int:
        """Return the shard's share of a limit; the shares of all shards are the limit, the first have the remainder.

        Args:
            whole: the limit of all shards together.
            option: what it was set by, for the error.

        Raises:
            UsageError: there is not enough for every shard.
        """
        each, rest = divmod(whole, self.of)
        if not each:
            raise self._nothing(f"{whole:,}", option)
        return each + (self.number <= rest)

    def share_of_money(self, whole: Decimal, option: str) -> Decimal:
        """Return the shard's share of an amount, in units of a millionth (or of the amount's own last digit).

        Raises:
            UsageError: there is not enough for every shard.
        """
        exponent = whole.as_tuple().exponent
        assert isinstance(exponent, int)
        unit = min(exponent, _FINEST)
        each, rest = divmod(int(whole.scaleb(-unit)), self.of)
        if not each:
            raise self._nothing(str(whole), option)
        return Decimal(each + (self.number <= rest)).scaleb(unit)

    def _nothing(self, whole: str, option: str) -> UsageError:
        return UsageError(
            f"{option} {whole}: limits are divided among the shards, and of {whole} not each of the {self.of:,} has "
            f"one; raise it to {self.of:,} at least, or make fewer shards"
        )
