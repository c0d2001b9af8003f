"""What a sheet links to when it does not lie beside the assets."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from assets.directory_store import DirectoryStore
from assets.errors import NoLink
from assets.links import Signing, content_disposition
from assets.media_types import JSON_MEDIA_TYPE, media_type_of
from assets.sheet.writing import LinkOf
from assets.store import Store

_EDITION_PARTS = 4
"""released, campaign, order and edition: what stands in a key before an asset's name."""


def signed_links(store: Store, lasting: timedelta) -> LinkOf:
    """Link to files in S3 by addresses that anybody can open for a while, a week at most.

    Raises:
        NoLink: the store is not on S3.
    """
    if not isinstance(store, Signing):
        raise NoLink(
            f"{store.url} is no S3 store, and only S3 has such links; leave out --links and the page "
            "links to the files themselves."
        )
    signing: Signing = store
    lasting_s = int(lasting.total_seconds())

    def link(key: str) -> str:
        file_name = "-".join(key.split("/")[_EDITION_PARTS:])
        return signing.link(
            key,
            lasting_s=lasting_s,
            disposition=content_disposition(file_name),
            media_type=media_type_of(key) or JSON_MEDIA_TYPE,
        )

    return link


def plain_links(store: Store) -> LinkOf:
    """Link to the files of a folder on this computer; of any other store nothing can be opened."""
    if isinstance(store, DirectoryStore):
        return lambda key: Path(store.locate(key)).as_uri()
    return lambda _: None


def origin_of(link: str | None) -> str:
    """Give what a page's policy has to allow, so that it may show pictures behind such links."""
    if link is None:
        return ""
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
