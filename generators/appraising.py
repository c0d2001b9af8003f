"""Pricing and checking briefs with no token and no network, for `check` and `quote`."""

from __future__ import annotations

import importlib
from datetime import date
from typing import Protocol, cast

from generators.access import Access
from generators.cards import Cards, ModelCard, load_cards
from generators.contract import Brief, Quote
from generators.errors import NoProvider
from generators.opening import provider_modules


class Appraiser(Protocol):
    """The questions about a model that need neither a token nor a network."""

    def problems(self, brief: Brief) -> list[str]:
        """Say, a sentence each, why a brief cannot be built; empty when it can."""

    def quote(self, brief: Brief) -> Quote:
        """Price one attempt of a brief."""

    def pixels(self, brief: Brief) -> tuple[int, int]:
        """Tell the width and height that the model gives for a brief; finishing makes the rest."""


class CardAppraiser:
    """Answers from the model card alone, with the prices in force on one day."""

    def __init__(self, card: ModelCard, today: date) -> None:
        self._card = card
        self._today = today

    def problems(self, brief: Brief) -> list[str]:
        """Say, a sentence each, why a brief cannot be built; empty when it can."""
        return self._card.problems(brief, today=self._today)

    def quote(self, brief: Brief) -> Quote:
        """Price one attempt of a brief."""
        return self._card.quote(brief, today=self._today)

    def pixels(self, brief: Brief) -> tuple[int, int]:
        """Tell the width and height that the model gives for a brief; finishing makes the rest."""
        return self._card.pixels(brief)


class _Appraising(Protocol):
    def appraise(self, card: ModelCard, access: Access) -> Appraiser: ...


def open_appraiser(
    provider: str, model: str, access: Access, *, today: date, cards: Cards | None = None
) -> Appraiser:
    """Find who checks and prices a model's briefs.

    A provider whose card does not say everything has `appraise(card, access)` in its provider file.

    Raises:
        NoProvider: there is no adapter of that name.
        NoCard: the model has no card, so it has no price.
    """
    modules = provider_modules()
    if provider not in modules:
        raise NoProvider(provider, tuple(sorted(modules)))
    card = (load_cards() if cards is None else cards).need(provider, model)
    module = importlib.import_module(modules[provider])
    if hasattr(module, "appraise"):
        return cast("_Appraising", module).appraise(card, access)
    return CardAppraiser(card, today)
