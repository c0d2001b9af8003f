"""Writes a sheet from rows as they come, with flat memory."""

from __future__ import annotations

import posixpath
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import IO, Final, TypeAlias
from urllib.parse import quote

from assets.manifest import ManifestRow
from assets.sheet.asset_lines import asset_line, name_line
from assets.sheet.page import SheetHeader, closing, opening
from assets.side_by_side import in_order
from assets.store import CACHE_REVALIDATE, Store

LinkOf: TypeAlias = Callable[[str], str | None]
"""From a key of the store to what a browser opens; None where it can open nothing."""
ThumbnailOf: TypeAlias = Callable[[ManifestRow], str | None]
"""From a row to a data URI; None where there is no picture. Called from several threads."""

HTML_MEDIA_TYPE: Final = "text/html; charset=utf-8"

_AHEAD: Final = 4
"""How many thumbnails are made for each worker before they are written."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A written sheet: where a person opens it, its key, what is on it, and its size in bytes."""

    url: str
    key: str
    count: int
    without_thumbnail: int
    bytes: int


def relative_links(folder: str) -> LinkOf:
    """Link from a page in a folder (a prefix: empty, or with a slash at its end) to keys beside it."""

    def link(key: str) -> str:
        return "./" + quote(posixpath.relpath(key, folder or "."), safe="/")

    return link


def write_sheet(
    store: Store,
    key: str,
    rows: Iterable[ManifestRow],
    header: SheetHeader,
    *,
    thumbnail_of: ThumbnailOf,
    link_of: LinkOf | None = None,
    workers: int = 8,
) -> Sheet:
    """Write a sheet in place of what the key holds; a reader sees the old one or the new one, whole.

    Args:
        store: where to.
        key: the page's own key.
        rows: read once, as they come; they are never all in memory.
        header: what the page says of the whole.
        thumbnail_of: gives each row its picture, in several threads.
        link_of: where a file or receipt is for someone who has the page open; relative to the
            page's key without it.
        workers: how many thumbnails are made at a time.
    """
    link = relative_links(posixpath.dirname(key)) if link_of is None else link_of
    with tempfile.TemporaryFile() as whole:
        count, bare = render_sheet(
            whole,
            rows,
            header,
            thumbnail_of=thumbnail_of,
            link_of=link,
            workers=workers,
        )
        size = whole.tell()
        store.replace(key, whole, media_type=HTML_MEDIA_TYPE, cache_control=CACHE_REVALIDATE)
    return Sheet(store.locate(key), key, count, bare, size)


def render_sheet(
    file: IO[bytes],
    rows: Iterable[ManifestRow],
    header: SheetHeader,
    *,
    thumbnail_of: ThumbnailOf,
    link_of: LinkOf,
    workers: int = 8,
) -> tuple[int, int]:
    """Write a sheet into a binary file; the other arguments are `write_sheet`'s.

    Returns:
        How many assets it shows, and how many of them have no thumbnail.
    """
    count = bare = 0
    with tempfile.TemporaryFile() as names:
        file.write(opening(header))
        for row, uri in in_order(
            partial(_pictured, thumbnail_of), rows, workers=workers, ahead=_AHEAD
        ):
            file.write(asset_line(row, uri, link_of))
            names.write(name_line(row, link_of))
            count += 1
            bare += uri is None
        middle, end = closing(count)
        file.write(middle)
        names.seek(0)
        shutil.copyfileobj(names, file)
        file.write(end)
    return count, bare


def _pictured(thumbnail_of: ThumbnailOf, row: ManifestRow) -> tuple[ManifestRow, str | None]:
    return row, thumbnail_of(row)
