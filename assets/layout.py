"""Where everything lies in a store.

    staging/<aa>/<sha256>                                    private, not yet judged
    released/<campaign>/<order slug>/<edition>/<name>.<ext>  for everybody, never changes
    released/<campaign>/<order slug>/<edition>/manifest.json what the order released
    released/<campaign>/<order slug>/<edition>/manifest.csv
    released/<campaign>/<order slug>/<edition>/index.html    its contact sheet
    released/<campaign>/<order slug>/<edition>/receipts/<name>.json
    latest/<campaign>/index.json                             the newest asset of each name
    latest/<campaign>/index.csv

Orders are checked before they run; the checks here are the second line of defence, for whatever
comes from elsewhere.
"""

from __future__ import annotations

import re
from typing import Final

from assets.errors import BadKey
from assets.media_types import EXTENSIONS
from assets.store import check_key

STAGING: Final = "staging/"
RELEASED: Final = "released/"
LATEST: Final = "latest/"
MANIFEST_JSON: Final = "manifest.json"
MANIFEST_CSV: Final = "manifest.csv"
INDEX_JSON: Final = "index.json"
INDEX_CSV: Final = "index.csv"
SHEET_HTML: Final = "index.html"

NAME_BYTES_MAX: Final = 500
"""The longest output name, in bytes of UTF-8: a job's id has to fit into S3's 2 KB of metadata,
where a character outside ASCII takes three times its bytes."""

_EDITION_PARTS: Final = 4
"""released, campaign, slug, edition: an order's folder has four parts."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def staging_key(sha256: str) -> str:
    """Name the staged bytes of a hex digest.

    Raises:
        BadKey: it is no SHA-256 in lower-case hex.
    """
    if not _DIGEST.fullmatch(sha256):
        raise BadKey(sha256, "staged bytes are named by 64 lower-case hex digits")
    return f"{STAGING}{sha256[:2]}/{sha256}"


def split_order_id(order_id: str) -> tuple[str, str]:
    """Split `<slug>@<edition>`.

    Raises:
        BadKey: one of the two is missing, or it has a slash.
    """
    slug, at, edition = order_id.rpartition("@")
    if not at or not _is_part(slug) or not _is_part(edition):
        raise BadKey(order_id, "an order's id is its slug, @ and its edition")
    return slug, edition


def edition_prefix(campaign: str, order_id: str) -> str:
    """Name the folder, with a slash at its end, of all that one order releases.

    Raises:
        BadKey: campaign or order id cannot be a folder's name.
    """
    slug, edition = split_order_id(order_id)
    prefix = f"{RELEASED}{_campaign(campaign)}/{slug}/{edition}"
    return check_key(prefix) + "/"


def edition_of(key: str) -> str | None:
    """Give the folder, as `edition_prefix` names it, that a released key lies in; else None."""
    parts = key.split("/")
    if not key.startswith(RELEASED) or len(parts) <= _EDITION_PARTS:
        return None
    return "/".join(parts[:_EDITION_PARTS]) + "/"


def latest_prefix(campaign: str) -> str:
    """Name the folder, with a slash at its end, of a campaign's index of what is newest.

    Raises:
        BadKey: the campaign cannot be a folder's name.
    """
    return check_key(f"{LATEST}{_campaign(campaign)}") + "/"


def latest_key(campaign: str) -> str:
    """Name the index in JSON; the CSV lies beside it. Raises as `latest_prefix` does."""
    return latest_prefix(campaign) + INDEX_JSON


def release_key(campaign: str, order_id: str, name: str, media_type: str) -> str:
    """Name a released asset; its extension is told from its media type.

    Raises:
        BadKey: a part is unsafe, the name is too long, or the media type cannot be released.
    """
    extension = EXTENSIONS.get(media_type)
    if extension is None:
        known = ", ".join(sorted(EXTENSIONS))
        raise BadKey(name, f"its media type {media_type!r} is none of {known}")
    return check_key(f"{edition_prefix(campaign, order_id)}{_name(name)}.{extension}")


def receipt_key(campaign: str, order_id: str, name: str) -> str:
    """Name the receipt of a released asset.

    Raises:
        BadKey: a part is unsafe, or the name is too long.
    """
    return check_key(f"{edition_prefix(campaign, order_id)}receipts/{_name(name)}.json")


def manifest_key(campaign: str, order_id: str) -> str:
    """Name an order's manifest in JSON; the CSV lies beside it."""
    return edition_prefix(campaign, order_id) + MANIFEST_JSON


def _campaign(campaign: str) -> str:
    if not _is_part(campaign):
        raise BadKey(campaign, "a campaign is one part of a path: not empty, no slash")
    return campaign


def _name(name: str) -> str:
    if len(name.encode(errors="replace")) > NAME_BYTES_MAX:
        raise BadKey(name, f"a name has at most {NAME_BYTES_MAX} bytes")
    return check_key(name)


def _is_part(text: str) -> bool:
    return bool(text) and "/" not in text and text not in {".", ".."}
