"""Opens models of provider `replicate`. Found by its file name; see `generators.open_generator`."""

from __future__ import annotations

from collections.abc import Mapping

from generators.access import Access
from generators.cards import Cards, ModelCard
from generators.contract import Generator, Statements

PROVIDER = "replicate"
SOURCE_TYPE = "trainedAlgorithmicMedia"
"""IPTC's word for media that a trained model made."""


def source_type(params: Mapping[str, object]) -> str:
    """Say in IPTC's words who makes the pictures: whatever is asked, a trained model."""
    del params
    return SOURCE_TYPE


def open_model(card: ModelCard, access: Access) -> Generator:
    """Open one model.

    Raises:
        TokenMissing: there is no usable REPLICATE_API_TOKEN.
    """
    from generators.pacing import Pace
    from generators.replicate_builder import ReplicateGenerator
    from generators.replicate_patience import Clocks, Patience
    from generators.replicate_wire import ReplicateWire

    wire = ReplicateWire(
        access.replicate_token,
        base_url=access.replicate_base_url,
        concurrency=access.concurrency,
    )
    clocks = Clocks()
    pace = Pace(
        access.creates_per_minute,
        clock=clocks.monotonic,
        sleep=clocks.sleep,
    )
    patience = Patience(absent_after_s=access.absent_after_s)
    return ReplicateGenerator(card, wire, pace=pace, patience=patience, clocks=clocks)


def open_statements(cards: Cards, access: Access) -> Statements:
    """Open Replicate's own record of the account's runs.

    Raises:
        TokenMissing: there is no usable REPLICATE_API_TOKEN.
    """
    from generators.replicate_statement import ReplicateStatements
    from generators.replicate_wire import ReplicateWire

    wire = ReplicateWire(access.replicate_token, base_url=access.replicate_base_url, concurrency=1)
    return ReplicateStatements(cards, wire)
