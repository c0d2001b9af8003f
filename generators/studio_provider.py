"""Opens the studio's models. Found by its file name; see `generators.open_generator`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from generators.access import Access
from generators.cards import ModelCard
from generators.contract import Generator

if TYPE_CHECKING:
    from generators.appraising import Appraiser
    from generators.studio import StudioGenerator

PROVIDER = "studio"
SOURCE_TYPE = "algorithmicMedia"
"""IPTC's word for media that an algorithm made without training data."""
SOURCE_TYPE_WITH_PHOTO = "composite"
"""IPTC's word for a mix of elements of any origin: a photograph, whoever took or made it, and a drawing."""

_PHOTO_FOLDER = Path("photos")
"""Where photographs are looked for when no folder is set, below where Mintage is run."""


def source_type(params: Mapping[str, object]) -> str:
    """Say in IPTC's words who makes the cards: the studio alone, or around somebody's photograph."""
    return SOURCE_TYPE_WITH_PHOTO if params.get("photo") else SOURCE_TYPE


def open_model(card: ModelCard, access: Access) -> Generator:
    """Open one model; the param `photo` names a file of the access's photo folder."""
    return _studio(card, access)


def appraise(card: ModelCard, access: Access) -> Appraiser:
    """Open who checks and prices briefs: the studio itself, which knows its own params."""
    return _studio(card, access)


def _studio(card: ModelCard, access: Access) -> StudioGenerator:
    from generators.studio import StudioGenerator

    return StudioGenerator(card, access.photo_folder or _PHOTO_FOLDER)
