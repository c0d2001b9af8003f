"""Opens the studio's models. Found by its file name; see `generators.open_generator`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from generators.access import Access
from generators.cards import ModelCard
from generators.contract import Generator

if TYPE_CHECKING:
    from generators.appraising import Appraiser
    from generators.studio import StudioGenerator

PROVIDER = "studio"

_PHOTO_FOLDER = Path("photos")
"""Where photographs are looked for when no folder is set, below where Mintage is run."""


def open_model(card: ModelCard, access: Access) -> Generator:
    """Open one model; the param `photo` names a file of the access's photo folder."""
    return _studio(card, access)


def appraise(card: ModelCard, access: Access) -> Appraiser:
    """Open who checks and prices briefs: the studio itself, which knows its own params."""
    return _studio(card, access)


def _studio(card: ModelCard, access: Access) -> StudioGenerator:
    from generators.studio import StudioGenerator

    return StudioGenerator(card, access.photo_folder or _PHOTO_FOLDER)
