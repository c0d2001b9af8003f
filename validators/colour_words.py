"""Colours by the words that people have for them."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import Final

from validators.colour_difference import delta_e_2000, lab_of, rgb_of

_WORDS: Final = MappingProxyType(
    {
        "black": "#000000",
        "dark grey": "#4d4d4d",
        "grey": "#808080",
        "light grey": "#c8c8c8",
        "white": "#ffffff",
        "red": "#e00010",
        "dark red": "#7a0010",
        "pink": "#ff9ec0",
        "magenta": "#d0148c",
        "orange": "#ff8000",
        "brown": "#7b4a20",
        "beige": "#e8d8b4",
        "yellow": "#ffe000",
        "olive green": "#6b7a1e",
        "green": "#1f9e3a",
        "bright green": "#20e850",
        "light green": "#9ee09e",
        "dark green": "#0b4a24",
        "turquoise": "#1fc0b8",
        "light blue": "#8cc8f0",
        "blue": "#1a50d8",
        "dark blue": "#101e60",
        "purple": "#6a1fa0",
        "lilac": "#c8a8e0",
    }
)


@functools.lru_cache(maxsize=256)
def colour_word(colour: str) -> str:
    """Return the word for a hex colour: that of the nearest colour which has one (CIEDE2000)."""
    lab = lab_of(rgb_of(colour))
    return min(_WORDS, key=lambda word: delta_e_2000(lab, lab_of(rgb_of(_WORDS[word]))))
