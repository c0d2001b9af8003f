"""Where released assets lie in a folder that was pulled to."""

from __future__ import annotations

import unicodedata
from typing import Final

from assets.errors import BadKey
from assets.layout import MANIFEST_CSV, MANIFEST_JSON, RELEASED, SHEET_HTML
from assets.store import INCOMING

SUMS: Final = "SHA256SUMS"
"""Beside the folder's manifest: what `sha256sum -c` reads."""
JOURNAL: Final = ".mintage-pull"
"""There while a pull is under way, and after one that was killed: what it brought."""

_PARTS_MIN: Final = 5
"""released, campaign, slug, edition, and a name of one part at least."""

_FOLDERS_OWN: Final = frozenset(
    name.casefold() for name in (MANIFEST_JSON, MANIFEST_CSV, SHEET_HTML, SUMS, JOURNAL, INCOMING)
)
"""What no campaign's folder may be called, whatever the capitals: a file has that name."""


def place_of_release(key: str, *, latest: bool = False) -> str:
    """Turn an asset's key into its place below the folder.

    It is what comes after `released/`, and in a folder of what is latest without the edition:
    `<campaign>/<slug>/<name>.<ext>`. Always in Unicode's composed form, as people type it.

    Raises:
        BadKey: it is no key of a released asset; nothing else may get into the folder.
    """
    parts = key.split("/")
    if len(parts) < _PARTS_MIN or parts[0] + "/" != RELEASED:
        raise BadKey(key, f"a released asset lies in {RELEASED}CAMPAIGN/ORDER/EDITION/")
    _, campaign, slug, edition, *name = parts
    if same_place(campaign) in _FOLDERS_OWN:
        raise BadKey(key, f"{campaign} is what a pull calls a file of its own")
    kept = (campaign, slug, *name) if latest else (campaign, slug, edition, *name)
    return unicodedata.normalize("NFC", "/".join(kept))


def places_of_release(key: str) -> tuple[str, ...]:
    """Name the places where an earlier pull may have put an asset; none for what is no asset."""
    try:
        return place_of_release(key), place_of_release(key, latest=True)
    except BadKey:
        return ()


def same_place(place: str) -> str:
    """Give what two places have in common that are one on systems which know no capitals."""
    folded = unicodedata.normalize("NFD", place).casefold()
    return unicodedata.normalize("NFC", folded)
