"""Steering: how a model is told what to leave out, after an attempt that showed it.

A model with a negative prompt is told there, any other at the end of its prompt. What does not fit
is left out: an order's own words are never cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from generators.card_inputs import InputMap, Param
from generators.contract import Brief

NEGATIVE_PROMPT = "negative_prompt"
"""The input by which models take what is not wanted."""


def avoiding(inputs: InputMap, brief: Brief, words: Sequence[str], chars_max: int) -> Brief:
    """Return the brief with as many of the words to avoid as it has room for, first ones first.

    `chars_max` bounds the prompt beside the model's own limit. A word that the brief says already
    is not said again.
    """
    negative = inputs.params.get(NEGATIVE_PROMPT)
    if negative is not None and negative.type == "string":
        return _in_negative_prompt(inputs, negative, brief, words)
    limit = min(chars_max, inputs.prompt.max_chars or chars_max)
    told: list[str] = []
    prompt = brief.prompt
    for word in words:
        if f"without {word}".casefold() in brief.prompt.casefold():
            continue
        longer = f"{brief.prompt.rstrip(' .,;')}, {_listed([*told, word])}"
        if len(longer) <= limit:
            told.append(word)
            prompt = longer
    return replace(brief, prompt=prompt)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"without {word}" for word in words)


def _in_negative_prompt(inputs: InputMap, form: Param, brief: Brief, words: Iterable[str]) -> Brief:
    given = brief.params.get(NEGATIVE_PROMPT, inputs.defaults.get(NEGATIVE_PROMPT, ""))
    parts = [given] if isinstance(given, str) and given.strip() else []
    known = {part.strip().casefold() for one in parts for part in one.split(",")}
    for word in words:
        longer = ", ".join([*parts, word])
        if word.casefold() not in known and form.problem(longer) is None:
            parts.append(word)
            known.add(word.casefold())
    if not parts:
        return brief
    return replace(brief, params={**brief.params, NEGATIVE_PROMPT: ", ".join(parts)})
