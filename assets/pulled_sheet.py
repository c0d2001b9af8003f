"""The contact sheet of a folder that was pulled to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assets.directory_store import DirectoryStore
from assets.layout import RELEASED, SHEET_HTML
from assets.manifest import ManifestRow
from assets.memory_store import MemoryStore
from assets.pulled_folder import PulledFolder, in_places
from assets.store import Store

if TYPE_CHECKING:
    from assets.sheet import Sheet


def pulled_sheet(store: Store, dest: Path) -> Sheet:
    """Write `index.html` into a folder, of everything that pulls brought there.

    Thumbnails are taken from the folder's earlier sheet and from the editions' sheets in the store;
    only what none of them shows is read, from the folder, and decoded.

    Raises:
        StoreUnavailable: store or folder as a whole does not work.
    """
    return _written(store, dest, DirectoryStore(dest), PulledFolder(dest).rows)


def sheet_of_pulled(store: Store, dest: Path, rows: Mapping[str, ManifestRow]) -> bytes:
    """Make the page of some assets in a folder, each under its place. Raises as `pulled_sheet`."""
    memory = MemoryStore()
    _written(store, dest, memory, rows)
    return memory.get(SHEET_HTML)


def _written(store: Store, dest: Path, target: Store, rows: Mapping[str, ManifestRow]) -> Sheet:
    # Pillow takes a tenth of a second to import.
    from assets.sheet import Thumbnails, relative_links, write_sheet
    from assets.sheet.page import SheetHeader

    folder = DirectoryStore(dest)
    places = {row.key: place for place, row in rows.items()}
    link = relative_links("")

    def link_of(key: str) -> str | None:
        place = places.get(key)
        return None if place is None else link(place)

    with Thumbnails(folder, sheets=store, below=RELEASED) as thumbnails:
        thumbnails.keep_from(folder, SHEET_HTML)

        def thumbnail_of(row: ManifestRow) -> str | None:
            # Where the folder has no editions, the file is not where its key says.
            return thumbnails(row) or thumbnails(replace(row, key=RELEASED + places[row.key]))

        sheet = write_sheet(
            target,
            SHEET_HTML,
            (row for _, row in in_places(rows)),
            SheetHeader(title=folder.root.name),
            thumbnail_of=thumbnail_of,
            link_of=link_of,
        )
    folder.tidy()
    return sheet
