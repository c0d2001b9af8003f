"""Sheets beside manifests in the store."""

from __future__ import annotations

from collections.abc import Callable

from assets.layout import MANIFEST_JSON, SHEET_HTML
from assets.manifest import read_manifest
from assets.sheet.harvest import Thumbnails
from assets.sheet.page import SheetHeader
from assets.sheet.writing import Sheet, write_sheet
from assets.store import Store


def edition_sheet(
    store: Store,
    prefix: str,
    *,
    manifest: str = MANIFEST_JSON,
    workers: int = 8,
    may_make: Callable[[], bool] | None = None,
) -> Sheet:
    """Write `index.html` beside the manifest below a prefix, from that manifest.

    Thumbnails of the sheet that is there, and of the sheets of the editions that the assets are of,
    are taken over; only what none of them shows is read and decoded.

    Args:
        store: where the manifest and its assets are.
        prefix: an edition's, or `latest/<campaign>/`.
        manifest: the manifest's name below the prefix.
        workers: how many assets are read at a time.
        may_make: asked before an asset is read and decoded. Those that it turns away are shown
            without a picture; the next sheet tries them again.

    Raises:
        Missing: there is no manifest.
        ManifestError: it cannot be read.
    """
    header, rows = read_manifest(store, prefix + manifest)
    key = prefix + SHEET_HTML
    with Thumbnails(store) as thumbnails:
        thumbnails.keep_from(store, key)
        thumbnails.may_make = may_make or thumbnails.may_make
        told = SheetHeader.of(header)
        return write_sheet(store, key, rows, told, thumbnail_of=thumbnails, workers=workers)
