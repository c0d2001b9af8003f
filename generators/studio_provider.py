"""Opens the studio's models. Found by its file name; see `generators.open_generator`."""

from __future__ import annotations

from pathlib import Path

from generators.access import Access
from generators.cards import ModelCard
from generators.contract import Generator

PROVIDER = "studio"

PHOTO_FOLDER_VARIABLE = "MINTAGE_PHOTOS"
"""Names the folder that the param `photo` is read from."""

_PHOTO_FOLDER = "photos"


def open_model(card: ModelCard, access: Access) -> Generator:
    """Open one model; its photographs are in `MINTAGE_PHOTOS`, else in `photos` where it is run."""
    from generators.studio import StudioGenerator

    return StudioGenerator(card, Path(access.environment.get(PHOTO_FOLDER_VARIABLE, _PHOTO_FOLDER)))
