"""The contact sheet: one `index.html` that shows any number of assets and needs nothing else.

`edition_sheet` and `folder_sheet` write it beside a manifest that is there; `write_sheet` makes one
of any rows.
"""

from __future__ import annotations

from assets.sheet.beside import edition_sheet, folder_sheet
from assets.sheet.harvest import Thumbnails, read_thumbnails
from assets.sheet.page import SheetHeader
from assets.sheet.thumbnails import thumbnail
from assets.sheet.writing import Sheet, relative_links, render_sheet, write_sheet

__all__ = [
    "Sheet",
    "SheetHeader",
    "Thumbnails",
    "edition_sheet",
    "folder_sheet",
    "read_thumbnails",
    "relative_links",
    "render_sheet",
    "thumbnail",
    "write_sheet",
]
