"""Many perceptual hashes, and quickly the one that is nearest to a picture.

The answer is exactly that of `fingerprint.nearest`, for whatever distance. Comparing is counting
the bits that differ, and Python does that for a whole column of bytes at a time: the hashes lie
byte by byte in eight columns, `bytes.translate` turns each column into its counts of differing
bits, and eight columns are added up as one long number each, which cannot carry from one byte into
the next because no sum is over 64. So nothing but Python is needed, and a hash takes eight bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from itertools import islice
from typing import Final

from validators.fingerprint import BITS, Fingerprint, Likeness

_COLUMNS: Final = BITS // 8
_BLOCK: Final = 65_536
"""Hashes that are compared in one go: what is in hand then stays in the processor's cache."""
_GONE: Final = 255
"""More bits than can differ: what was discarded is never the nearest."""


@functools.cache
def _differing_bits(wanted: int) -> bytes:
    """Return for every byte how many of its bits differ from those of the wanted one."""
    return bytes((wanted ^ value).bit_count() for value in range(256))


class _Block:
    """Up to 65,536 hashes, the lowest byte of each in the first column."""

    def __init__(self) -> None:
        self._columns = [bytearray() for _ in range(_COLUMNS)]
        self._gone: set[int] = set()

    def add(self, hashes: bytes) -> None:
        for at, column in enumerate(self._columns):
            column.extend(hashes[at::_COLUMNS])

    def discard(self, place: int) -> None:
        self._gone.add(place)

    def distances(self, hash_: int) -> bytearray:
        """Count the bits in which each of the hashes differs from this one."""
        added = 0
        for at, column in enumerate(self._columns):
            counts = column.translate(_differing_bits(hash_ >> 8 * at & 255))
            added += int.from_bytes(counts, "little")
        found = bytearray(added.to_bytes(len(self._columns[0]), "little"))
        for place in self._gone:
            found[place] = _GONE
        return found


class HashIndex:
    """Hashes by their place, from 0 in the order in which they were added. Threads must take turns."""

    def __init__(self, hashes: Iterable[int] = ()) -> None:
        self._blocks: list[_Block] = []
        self._length = 0
        self.add(hashes)

    def __len__(self) -> int:
        """Count the hashes that were added, the discarded ones too."""
        return self._length

    def add(self, hashes: Iterable[int]) -> None:
        """Add hashes, each a number from 0 to below 2**64."""
        source = iter(hashes)
        while part := list(islice(source, _BLOCK - self._length % _BLOCK)):
            if self._length % _BLOCK == 0:
                self._blocks.append(_Block())
            self._blocks[-1].add(b"".join(one.to_bytes(_COLUMNS, "little") for one in part))
            self._length += len(part)

    def discard(self, place: int) -> None:
        """Leave the hash at this place out from now on; the others keep their places."""
        self._blocks[place // _BLOCK].discard(place % _BLOCK)

    def nearest(self, found: Fingerprint) -> Likeness | None:
        """Return which hash is nearest to a picture or to its mirror image, if there is any.

        Of several that are equally near it is the first; where the picture and its mirror image
        are equally near to that one, it is the picture.
        """
        best: Likeness | None = None
        straight, mirrored = int(found.phash, 16), int(found.mirrored, 16)
        for number, block in enumerate(self._blocks):
            limit = BITS + 1 if best is None else best.distance
            near = _first_nearest(block.distances(straight), block.distances(mirrored), limit)
            if near is not None:
                best = Likeness(number * _BLOCK + near.index, near.distance, near.mirrored)
        return best


def _first_nearest(straight: bytearray, mirrored: bytearray, limit: int) -> Likeness | None:
    """Return the first of the nearest in one block, if it is nearer than `limit` bits."""
    for distance in range(limit):
        places = [
            place for place in (straight.find(distance), mirrored.find(distance)) if place >= 0
        ]
        if places:
            return Likeness(min(places), distance, straight[min(places)] != distance)
    return None
