"""The contact sheet: one `index.html` that shows any number of assets and needs nothing else.

`edition_sheet` writes it beside a manifest that is there, `write_sheet` makes one of any rows.
"""

from __future__ import annotations

from assets.sheet.beside import edition_sheet
from assets.sheet.harvest import Thumbnails, read_thumbnails
from assets.sheet.page import SheetHeader
from assets.sheet.reaching import origin_of, plain_links, signed_links
from assets.sheet.thumbnails import thumbnail
from assets.sheet.writing import LinkOf, Sheet, relative_links, render_sheet, write_sheet

__all__ = [
    "LinkOf",
    "Sheet",
    "SheetHeader",
    "Thumbnails",
    "edition_sheet",
    "origin_of",
    "plain_links",
    "read_thumbnails",
    "relative_links",
    "render_sheet",
    "signed_links",
    "thumbnail",
    "write_sheet",
]
