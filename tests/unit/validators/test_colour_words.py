"""Colours are called what people call them, in words alone."""

from __future__ import annotations

import pytest

from validators.colour_words import colour_word


@pytest.mark.parametrize(
    ("colour", "word"),
    [
        ("#e30613", "red"),
        ("#ffcc00", "yellow"),
        ("#003399", "dark blue"),
        ("#00a651", "green"),
        ("#ff6600", "orange"),
        ("#111111", "black"),
        ("#f5f5f5", "white"),
        ("#6f2c91", "purple"),
        ("#8b4513", "brown"),
        ("#c0c0c0", "light grey"),
        ("#ff69b4", "pink"),
    ],
)
def test_a_colour_has_the_word_that_people_have_for_it(colour: str, word: str) -> None:
    assert colour_word(colour) == word
    assert colour_word(colour.upper()) == word
