"""Sheets beside manifests: in the store for an edition, in the folder that was pulled to."""

from __future__ import annotations

from pathlib import Path

from assets.directory_store import DirectoryStore
from assets.layout import MANIFEST_JSON, RELEASED, SHEET_HTML
from assets.manifest import read_manifest
from assets.sheet.harvest import Thumbnails
from assets.sheet.page import SheetHeader
from assets.sheet.writing import Sheet, relative_links, write_sheet
from assets.store import Store


def edition_sheet(
    store: Store, prefix: str, *, manifest: str = MANIFEST_JSON, workers: int = 8
) -> Sheet:
    """Write `index.html` beside the manifest below a prefix, from that manifest.

    Thumbnails of the sheet that is there, and of the sheets of the editions that the assets are of,
    are taken over; only what none of them shows is read and decoded.

    Args:
        store: where the manifest and its assets are.
        prefix: an edition's, or `latest/<campaign>/`.
        manifest: the manifest's name below the prefix.
        workers: how many assets are read at a time.

    Raises:
        Missing: there is no manifest.
        ManifestError: it cannot be read.
    """
    header, rows = read_manifest(store, prefix + manifest)
    key = prefix + SHEET_HTML
    with Thumbnails(store) as thumbnails:
        thumbnails.keep_from(store, key)
        told = SheetHeader.of(header)
        return write_sheet(store, key, rows, told, thumbnail_of=thumbnails, workers=workers)


def folder_sheet(dest: Path, store: Store | None = None, *, workers: int = 8) -> Sheet:
    """Write `index.html` into a folder that was pulled to, from the `manifest.json` there.

    Args:
        dest: the folder; its assets lie in it as they do below `released/` in the store.
        store: where it was pulled from: its editions' sheets have most thumbnails already. Without
            it every asset is decoded that an earlier sheet of the folder does not show.
        workers: how many assets are read at a time.

    Raises:
        Missing: there is no manifest.
        ManifestError: it cannot be read.
    """
    folder = DirectoryStore(dest)
    header, rows = read_manifest(folder, MANIFEST_JSON)
    below = relative_links("")
    with Thumbnails(folder, sheets=store, below=RELEASED) as thumbnails:
        thumbnails.keep_from(folder, SHEET_HTML)
        sheet = write_sheet(
            folder,
            SHEET_HTML,
            rows,
            SheetHeader.of(header, header.campaign or folder.root.name),
            thumbnail_of=thumbnails,
            link_of=lambda key: below(key.removeprefix(RELEASED)),
            workers=workers,
        )
    folder.tidy()
    return sheet
