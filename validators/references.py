"""Pictures that an order or a brand kit names by their files, such as the logo.

The parameters of a criterion are plain JSON and hold all that it needs: they are hashed, kept, and
sent to the inspector's process, which has no files. So whoever reads an order replaces every path
by what the file says, before `parse_done`: a logo by itself as a small `data:` address, a folder of
forbidden pictures by their names and perceptual hashes. Which parameters these are is in a
criterion's schema, under `reads`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator

from validators.containers import Defect
from validators.fingerprint import fingerprint
from validators.page import flattened, on_page
from validators.picture import Limits, Picture, open_picture, sha256_of
from validators.registry import registered

if TYPE_CHECKING:
    from PIL.Image import Image

_PREFIX: Final = "data:image/png;base64,"
_SIDE: Final = 256
_MAX_LENGTH: Final = 400_000
READS_PICTURE: Final = "picture"
READS_FOLDER: Final = "folder of pictures"
_WANTED: Final = "the path of a picture that can be opened, beside the order or the brand kit"


def as_data_address(data: bytes) -> str | None:
    """Return a picture file as a `data:` address of at most 256 pixels a side, or None if broken.

    The same bytes always give the same address: it is part of what an order is.
    """
    picture = _opened(data)
    if picture is None:
        return None
    small = on_page(picture)
    small.thumbnail((_SIDE, _SIDE))
    buffer = BytesIO()
    small.save(buffer, "PNG", optimize=True)
    return _PREFIX + base64.b64encode(buffer.getvalue()).decode("ascii")


def is_data_address(text: str) -> bool:
    """Say whether a parameter already holds the picture itself and is no path."""
    return text.startswith(_PREFIX)


def picture_at(address: str) -> Image:
    """Return the picture of a `data:` address, in RGB.

    Raises:
        ValueError: it is none.
    """
    picture = None
    if address.startswith(_PREFIX) and len(address) <= _MAX_LENGTH:
        try:
            picture = _opened(base64.b64decode(address.removeprefix(_PREFIX), validate=True))
        except binascii.Error:
            picture = None
    if picture is None:
        raise ValueError(_WANTED)
    return flattened(picture.eight_bit())


def _checked(address: str) -> str:
    picture_at(address)
    return address


PictureAddress = Annotated[str, AfterValidator(_checked)]
"""A parameter that an order gives as a path, and that holds the picture itself."""


def read_references(
    items: Sequence[object],
    read_file: Callable[[str], bytes | None],
    read_folder: Callable[[str], Mapping[str, bytes] | None],
) -> list[object]:
    """Return a `done:` list with every path in it replaced by what the file says.

    `read_file` and `read_folder` are given paths as they stand in the order and return None for
    what cannot be read. Paths to nothing, or to what is no picture, are left as they are, so that
    `parse_done` tells of them with their place in the list.
    """
    return [_item_read(item, read_file, read_folder) for item in items]


def _item_read(
    item: object,
    read_file: Callable[[str], bytes | None],
    read_folder: Callable[[str], Mapping[str, bytes] | None],
) -> object:
    if not isinstance(item, Mapping) or len(item) != 1:
        return item
    name, parameters = next(iter(item.items()))
    criterion = registered().get(name) if isinstance(name, str) else None
    if criterion is None or not isinstance(parameters, Mapping):
        return item
    read = dict(parameters)
    for field, kind in criterion.reading().items():
        path = parameters.get(field)
        if not isinstance(path, str) or is_data_address(path):
            continue
        if kind == READS_PICTURE and (data := read_file(path)) is not None:
            read[field] = as_data_address(data) or path
        if kind == READS_FOLDER and (files := read_folder(path)) is not None:
            read[field] = known_pictures(files)
    return {name: read}


def known_pictures(files: Mapping[str, bytes]) -> list[dict[str, str]]:
    """Return the names and perceptual hashes of pictures, by name; what is no picture is left out."""
    known = []
    # One after the other: a folder of photographs, decoded all at once, fits into no memory.
    for name in sorted(files):
        picture = _opened(files[name])
        if picture is not None:
            known.append({"name": name, "phash": fingerprint(picture).phash})
    return known


def _opened(data: bytes) -> Picture | None:
    picture = open_picture(data, sha256_of(data), None, Limits())
    return None if isinstance(picture, Defect) else picture
