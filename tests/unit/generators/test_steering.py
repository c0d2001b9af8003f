"""How models are told what to leave out, never at the cost of the order's own words."""

from __future__ import annotations

import pytest

from generators import Brief, load_cards
from generators.steering import avoiding

CARDS = load_cards()
NEGATIVE = CARDS.need("replicate", "stability-ai/sdxl").input
PLAIN = CARDS.need("replicate", "black-forest-labs/flux-schnell").input


def brief(prompt: str = "A mug on oak.", **params: object) -> Brief:
    return Brief(prompt, 1024, 1024, "png", 7, params)


def test_a_model_with_a_negative_prompt_is_told_there_and_keeps_its_prompt() -> None:
    told = avoiding(NEGATIVE, brief(), ["text", "faces"], 10_000)
    assert (told.prompt, told.params) == ("A mug on oak.", {"negative_prompt": "text, faces"})
    more = avoiding(NEGATIVE, brief(negative_prompt="blur, Text"), ["text", "faces"], 10_000)
    assert more.params == {"negative_prompt": "blur, Text, faces"}
    assert NEGATIVE.problems(more) == []


def test_any_other_model_is_told_at_the_end_of_its_prompt() -> None:
    told = avoiding(PLAIN, brief(), ["text", "QR codes"], 10_000)
    assert told.prompt == "A mug on oak, without text, without QR codes"
    assert told.params == {}
    assert avoiding(PLAIN, told, ["text"], 10_000) == told


@pytest.mark.parametrize("room", [0, 5, 13, 14, 15, 40])
def test_a_prompt_never_outgrows_its_limit_and_is_never_cut(room: int) -> None:
    prompt = "m" * 100
    told = avoiding(PLAIN, brief(prompt), ["text", "faces"], len(prompt) + room)
    assert told.prompt.startswith(prompt)
    assert len(told.prompt) <= len(prompt) + room
    assert ("without text" in told.prompt) == (room >= len(", without text"))


def test_a_negative_prompt_keeps_within_its_own_limit() -> None:
    long = "x" * 1_995
    told = avoiding(NEGATIVE, brief(negative_prompt=long), ["a crowd", "it"], 10_000)
    assert told.params == {"negative_prompt": f"{long}, it"}


def test_nothing_to_avoid_changes_nothing() -> None:
    for inputs in (NEGATIVE, PLAIN):
        assert avoiding(inputs, brief(), [], 10_000) == brief()
