"""Which providers are one's own machines: they bill nobody, and no statement of theirs comes."""

from __future__ import annotations

from generators import load_cards


def local_providers() -> frozenset[str]:
    """The providers all of whose models run right here, as their cards say."""
    cards = load_cards()
    elsewhere = {card.provider for card in cards if card.endpoint.kind != "local"}
    return frozenset(cards.providers) - elsewhere
