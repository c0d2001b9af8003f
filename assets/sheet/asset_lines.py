"""One asset of a sheet: a line of JSON for the page's script, and a line of HTML for who runs none."""

from __future__ import annotations

import html
import json
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Final

from assets.manifest import ManifestRow
from assets.receipts import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

_IN_SCRIPT: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})
"""No text can end the script element or open a comment in it. What is outside ASCII is escaped as
well: it cannot break a line (U+2028 does), and a browser keeps and reads ASCII much faster."""

_SAME_NAME: Final = (
    "name", "bytes", "width", "height", "campaign", "prompt", "provider", "model", "seed", "format",
    "title", "alt", "language", "credit", "rights", "source_type", "approved_by", "master", "key",
    "job_id",
)  # fmt: skip
"""Fields of a row that the page has under the same name, where they are not empty."""


def script_json(value: object) -> str:
    """Write JSON that stands inside a script element, on one line."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.translate(_IN_SCRIPT)


def asset_line(
    row: ManifestRow, thumbnail: str | None, link_of: Callable[[str], str | None]
) -> bytes:
    """Write one asset for the page's script. Digest and thumbnail come first: see `read_thumbnails`."""
    values: dict[str, object] = {"sha256": row.sha256, "thumbnail": thumbnail or ""}
    for name in _SAME_NAME:
        if value := getattr(row, name):
            values[name] = value
    values["format"] = row.format or row.media_type.removeprefix("image/")
    values["order"] = row.order_id
    values["cost_nano"] = cost_nano(row.cost_usd)
    values["released_at"] = timestamp(row.released_at)
    values["file"] = link_of(row.key)
    values["receipt"] = link_of(row.receipt)
    if values["receipt"] is None:
        values["receipt_key"] = row.receipt
    values |= {name: list(value) for name in ("tags", "verdicts") if (value := getattr(row, name))}
    if row.texts:
        values["texts"] = {name: dict(texts) for name, texts in row.texts.items()}
    return f"{script_json(values)}\n".encode("ascii")


def name_line(row: ManifestRow, link_of: Callable[[str], str | None]) -> bytes:
    """Write one asset for a browser that runs no script."""
    name = html.escape(row.name)
    link = link_of(row.key)
    if link is not None:
        name = f'<a href="{html.escape(link)}">{name}</a>'
    # Half of a surrogate pair is no text in UTF-8.
    return f"<li><bdi>{name}</bdi></li>\n".encode(errors="replace")


def cost_nano(cost_usd: Decimal) -> str:
    """Give an amount as a whole number of 1e-9 USD, in decimal digits, which is how the books keep it."""
    return str(int((cost_usd * 10**9).to_integral_value(ROUND_HALF_EVEN)))
