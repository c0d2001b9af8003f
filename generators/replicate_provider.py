"""Opens models of provider `replicate`. Found by its file name; see `generators.open_generator`."""

from __future__ import annotations

from generators.access import Access
from generators.cards import ModelCard
from generators.contract import Generator

PROVIDER = "replicate"


def open_model(card: ModelCard, access: Access) -> Generator:
    """Open one model.

    Raises:
        TokenMissing: there is no usable REPLICATE_API_TOKEN.
    """
    from generators.replicate_builder import ReplicateGenerator
    from generators.replicate_patience import Patience
    from generators.replicate_wire import ReplicateWire

    wire = ReplicateWire(
        access.replicate_token,
        base_url=access.replicate_base_url,
        concurrency=access.concurrency,
    )
    return ReplicateGenerator(card, wire, patience=Patience(absent_after_s=access.absent_after_s))
