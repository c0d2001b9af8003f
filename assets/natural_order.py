"""The order in which people expect names: oak-2 before oak-10, and capitals make no difference."""

from __future__ import annotations

import re
import unicodedata
from typing import TypeAlias

_TEXT_AND_NUMBER = re.compile(r"([^0-9]*)([0-9]*)")

Piece: TypeAlias = tuple[str, int, str]
"""A text, then the number behind it: how many digits it has without zeros before them, and those."""

NaturalKey: TypeAlias = tuple[tuple[tuple[Piece, ...], bytes], ...]
"""The pieces of each part of a path, and its bytes to tell those that people take for one."""


def natural_key(name: str) -> NaturalKey:
    """Give what to sort a name or a path by, as in `sorted(names, key=natural_key)`.

    A number counts by its value, a folder's files stay together, and a name is the same in every
    normal form and in capitals; two that differ in nothing else are in the order of their bytes, so
    that there is one order for any names.
    """
    return tuple((_pieces(part), part.encode(errors="surrogatepass")) for part in name.split("/"))


def _pieces(part: str) -> tuple[Piece, ...]:
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", part).casefold())
    made = []
    for text, digits in _TEXT_AND_NUMBER.findall(folded):
        number = digits.lstrip("0")
        # Longer is larger; a number that is not there comes before any, and 0 before 1.
        made.append((text, len(number) if digits else -1, number))
    return tuple(made)
