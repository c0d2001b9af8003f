"""`mintage assets sheet`: released assets on one page, to look at before they are pulled."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from console.arguments import Json, a_path
from console.asset_choice import EVERYTHING, Choice, open_assets

if TYPE_CHECKING:
    from assets import AssetFilter, Store
    from assets.sheet import LinkOf, SheetHeader

OUT = Path("contact-sheet.html")


def sheet(
    out: Annotated[Path, a_path("The page; a file of that name is replaced.")] = OUT,
    *,
    choice: Choice = EVERYTHING,
    links: Annotated[
        float | None,
        Parameter(help="Link to the files in S3 for so many days, 7 at most, without keys."),
    ] = None,
    json: Json = False,
) -> int:
    """Write a contact sheet of released assets: one page with pictures, search and filters."""
    from assets import listing
    from assets.sheet import Thumbnails, render_sheet
    from console.output import print_json, say, screen
    from console.report_formats.whole_file import whole_file

    wanted = choice.filter()
    store = open_assets()
    link_of, header = _linked(store, wanted, links)
    with Thumbnails(store) as thumbnails, whole_file(out) as path, path.open("wb") as file:
        count, bare = render_sheet(
            file, listing(store, wanted), header, thumbnail_of=thumbnails, link_of=link_of
        )
        size = file.tell()
    if json:
        print_json({"sheet": str(out), "assets": count, "without_picture": bare, "bytes": size})
    else:
        shown = f"{count:,} asset{'s' if count != 1 else ''}"
        screen().print(
            f"{out}: {shown}, {size / 1_000_000:,.1f} MB; open it in a browser.", soft_wrap=True
        )
    if not count:
        say(f"mintage: Nothing that fits is released in {store.url}; the page is empty.")
    if bare:
        what = "the file is" if bare == 1 else "the files are"
        say(
            f"mintage: {bare:,} of them without a picture: {what} missing, changed or cannot be "
            "opened."
        )
    return 0


def _linked(store: Store, wanted: AssetFilter, days: float | None) -> tuple[LinkOf, SheetHeader]:
    """Say what the page links to: signed addresses, files of this computer, or nothing."""
    from assets.layout import RELEASED
    from assets.sheet import SheetHeader, origin_of, plain_links, signed_links
    from flows.errors import BadSettings

    if days is None:
        link_of = plain_links(store)
    elif not 0 < days <= 7:  # noqa: PLR2004  as the sentence says
        raise BadSettings("A link lasts at most 7 days, and more than none; S3 signs no longer.")
    else:
        link_of = signed_links(store, timedelta(days=days))
    example = link_of(f"{RELEASED}campaign/order/edition/name.png")
    header = SheetHeader(
        title=wanted.campaign or "Released assets",
        image_origin=origin_of(example),
        store="" if example else store.url,
    )
    return link_of, header
