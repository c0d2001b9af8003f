"""Matching a text against a pattern in which `*` stands for anything and `?` for one character.

A regular expression with a `.*` for each star tries every way to share a text out among the stars:
with eleven of them that takes minutes, in C, where Ctrl-C is not heard. Here each piece between two
stars is looked for once, from where the one before ended, which finds a match if there is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

_Find: TypeAlias = "Callable[[str, int], int]"
"""Gives where a piece is found, at that place or later; -1 where it is not."""


def wildcard(pattern: str) -> Callable[[str], bool]:
    """Give what says whether a whole text fits a pattern; letters count as they are."""
    first, *rest = pattern.split("*")
    starts = _at(first)
    if not rest:
        return lambda text: len(text) == len(first) and starts(text, 0)
    *between, last = rest
    ends = _at(last)
    finds = [(_find(piece), len(piece)) for piece in between if piece]
    shortest = len(first) + len(last)

    def fits(text: str) -> bool:
        end = len(text) - len(last)
        if len(text) < shortest or not starts(text, 0) or not ends(text, end):
            return False
        place = len(first)
        for find, length in finds:
            found = find(text, place)
            if found < 0:
                return False
            place = found + length
        return place <= end

    return fits


def _at(piece: str) -> Callable[[str, int], bool]:
    if "?" not in piece:
        return lambda text, place: text.startswith(piece, place)
    match = _regex(piece).match
    return lambda text, place: match(text, place) is not None


def _find(piece: str) -> _Find:
    if "?" not in piece:
        return lambda text, place: text.find(piece, place)
    search = _regex(piece).search

    def find(text: str, place: int) -> int:
        found = search(text, place)
        return -1 if found is None else found.start()

    return find


def _regex(piece: str) -> re.Pattern[str]:
    """Every part of it stands for one character, so that there is one way to match it."""
    return re.compile("".join("." if one == "?" else re.escape(one) for one in piece), re.DOTALL)
