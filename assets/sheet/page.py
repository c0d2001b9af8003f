"""The page around the assets: head, skeleton, style and script, all in one file."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Final

from assets.manifest import ManifestHeader, Withdrawn
from assets.receipts import timestamp
from assets.sheet.asset_lines import cost_nano, script_json

_SCRIPTS: Final = ("text.js", "search.js", "cards.js", "details.js", "sheet.js")
"""The parts of the page's one script, in order."""
_MARK: Final = "<!--{}-->"


@dataclass(frozen=True, slots=True)
class SheetHeader:
    """What a sheet says of the whole."""

    title: str
    """The page's heading."""
    order: str = ""
    """The order's id, where all assets are of one."""
    charged_usd: Decimal | None = None
    """What the order cost in all, rejected work included."""
    withdrawn: tuple[Withdrawn, ...] = ()
    image_origin: str = ""
    """From where else than beside the page pictures may come, as CSP writes it: `https://host`, or
    `file:`."""

    store: str = ""
    """The store's address, where the page can open nothing and only says where the files are."""

    @classmethod
    def of(cls, header: ManifestHeader, title: str = "") -> SheetHeader:
        """Say what a manifest says of its order; the heading is its campaign where none is given."""
        return cls(
            title or header.campaign or "Released assets",
            header.order or "",
            header.charged_usd,
            header.withdrawn,
        )


def opening(header: SheetHeader) -> bytes:
    """Give everything that stands before the first asset."""
    facts = {
        "order": header.order,
        "store": header.store,
        "charged_nano": None if header.charged_usd is None else cost_nano(header.charged_usd),
        "withdrawn": [
            {"key": one.key, "at": timestamp(one.at), "because": one.because}
            for one in header.withdrawn
        ],
    }
    text = _template()[0]
    for mark, value in {
        "title": html.escape(header.title),
        "policy": html.escape(_policy(header.image_origin)),
        "facts": script_json(facts),
    }.items():
        text = text.replace(_MARK.format(mark), value)
    return text.encode(errors="replace")


def closing(count: int) -> tuple[bytes, bytes]:
    """Give what stands between the assets and the list of names, and what stands after that."""
    _, middle, end = _template()
    return middle.replace(_MARK.format("count"), f"{count:,}").encode(), end.encode()


def _policy(image_origin: str) -> str:
    """Nothing may be loaded but pictures beside the page, and nothing run but the page's own script."""
    images = f"data: 'self' {image_origin}".strip()
    return "; ".join(
        (
            "default-src 'none'",
            f"img-src {images}",
            f"style-src '{_hash(_style())}'",
            f"script-src '{_hash(_script())}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


@functools.cache
def _template() -> tuple[str, str, str]:
    page = _read("page.html")
    page = page.replace(_MARK.format("style"), _style()).replace(_MARK.format("script"), _script())
    before, _, rest = page.partition(_MARK.format("assets") + "\n")
    middle, _, end = rest.partition(_MARK.format("names") + "\n")
    return before, middle, end


@functools.cache
def _style() -> str:
    return "\n" + _read("sheet.css")


@functools.cache
def _script() -> str:
    return '\n"use strict";\n' + "\n".join(map(_read, _SCRIPTS))


def _read(name: str) -> str:
    return files("assets.sheet").joinpath("page_parts", name).read_text("utf-8")


def _hash(text: str) -> str:
    """Give what CSP wants of an inline element: the digest of all that is between its tags."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
