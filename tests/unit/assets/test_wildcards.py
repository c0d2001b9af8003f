"""Stars and question marks in what people search for."""

from __future__ import annotations

import random
import re
import time

import pytest

from assets.wildcards import wildcard


def by_trying(pattern: str, text: str) -> bool:
    """Say the same by a regular expression, which is as slow as there are ways to share a text out."""
    parts = ({"*": ".*", "?": "."}.get(one) or re.escape(one) for one in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("***", "a\nb", True),
        ("a*", "a", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*ab*ab*", "ab", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("?*?", "a", False),
        ("*b?d*", "abbcd", True),
        ("a.c", "abc", False),
        ("[a]*", "[a]b", True),
    ],
)
def test_a_pattern_fits_the_whole_text(pattern: str, text: str, fits: bool) -> None:
    assert wildcard(pattern)(text) is fits


def test_it_says_what_trying_every_way_says() -> None:
    draw = random.Random(6)  # noqa: S311  no secret
    taken = 0
    for _ in range(4_000):
        pattern = "".join(draw.choices("ab*?", weights=(3, 2, 2, 1), k=draw.randrange(8)))
        text = "".join(draw.choices("ab", k=draw.randrange(10)))
        assert wildcard(pattern)(text) is by_trying(pattern, text), (pattern, text)
        taken += wildcard(pattern)(text)
    assert 400 < taken < 3_600


@pytest.mark.parametrize(
    "pattern", ["*" * 58 + "x", "*a" * 11 + "*x", "*a?" * 300 + "*x", "*?" * 1_000 + "x"]
)
def test_many_stars_take_no_time(pattern: str) -> None:
    before_s = time.process_time()
    assert not wildcard(pattern)("a" * 20_000)
    assert time.process_time() - before_s < 1
