"""Real little pictures in a store, and the rows that say what they are, for tests of contact sheets."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from assets import ManifestRow, Store, release_key

CAMPAIGN = "autumn-2026"
ORDER = "product-photos@0123abcdef"
RELEASED_AT = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)

HOSTILE = (
    "<script>window.stolen = 1</script>",
    "</script><script>window.stolen = 2</script>",
    '"><img src=x onerror="window.stolen = 3">',
    "<!--<script>",
    "</script x <!-- <script y",
    "]]>&lt;b&gt;&amp;",
    "\u202egnp.kcart\u202c \u2066\u2028\u2029\x00\x1b[2J\x7f",
    "${window.stolen = 4} javascript:window.stolen=5",
)
"""What a prompt may hold, and what must do nothing."""

_PILLOW = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP", "avif": "AVIF", "gif": "GIF"}


def picture(
    number: int, size: tuple[int, int] = (24, 16), form: str = "png", mode: str = "RGB"
) -> bytes:
    """Draw a picture that no other number has."""
    from PIL import Image

    colour = (number * 37 % 256, number * 91 % 256, number * 13 % 256)
    image = Image.new("RGB", size, colour)
    image.putpixel((0, 0), (number % 256, number // 256, 7))
    file = io.BytesIO()
    image.convert(mode).save(file, _PILLOW[form])
    return file.getvalue()


def shelved(
    store: Store,
    number: int,
    name: str,
    size: tuple[int, int] = (24, 16),
    form: str = "png",
    campaign: str = CAMPAIGN,
    **changes: object,
) -> ManifestRow:
    """Put a picture and its receipt under their keys, and give its row."""
    data = picture(number, size, form)
    order = str(changes.get("order_id", ORDER))
    key = release_key(campaign, order, name, f"image/{form}")
    folder = key[: -len(key.split("/", 4)[4])]
    receipt = f"{folder}receipts/{name}.json"
    for where, content, kind in (
        (key, data, f"image/{form}"),
        (receipt, b"{}", "application/json"),
    ):
        digest = hashlib.sha256(content).hexdigest()
        store.put_once(where, content, sha256=digest, media_type=kind)
    values: dict[str, object] = {
        "name": name,
        "key": key,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "media_type": f"image/{form}",
        "width": size[0],
        "height": size[1],
        "campaign": campaign,
        "order_id": order,
        "job_id": f"{order}#{name}",
        "prompt": f"A {name} in the morning",
        "provider": "studio",
        "model": "cards",
        "seed": number,
        "cost_usd": Decimal("0.003"),
        "receipt": receipt,
        "released_at": RELEASED_AT + timedelta(minutes=number),
        "format": form,
    }
    return ManifestRow(**{**values, **changes})  # type: ignore[arg-type]


def many_rows(store: Store) -> list[ManifestRow]:
    """Release 72 assets in two campaigns: plain mugs, a lamp with two renditions, and a few odd ones."""
    rows = [shelved(store, number, f"mug/oak-{number}") for number in range(1, 67)]
    lamp = shelved(
        store,
        101,
        "lamp/slate",
        (300, 200),
        title="A lamp on slate",
        alt="A brass lamp stands on grey slate",
        language="en",
        rights="© 2026 Acme",
        credit="Acme brand team",
        tags=("hero", "autumn"),
        verdicts=("dimensions", "format", "sharpness (warned)"),
        approved_by="anna@acme.example",
        source_type="algorithmicMedia",
        cost_usd=Decimal("1234.000000001"),
        texts={
            "alt": {
                "en": "A brass lamp stands on grey slate",
                "de": "Eine Messinglampe auf Schiefer",
            },
            "title": {"en": "A lamp on slate", "de": "Lampe auf Schiefer"},
        },
    )
    rendition: dict[str, Any] = {"master": lamp.key, "cost_usd": Decimal(0), "title": lamp.title}
    rows += [
        lamp,
        shelved(store, 102, "lamp/slate-small", (30, 20), "webp", **rendition),
        shelved(store, 103, "lamp/slate-wide", (60, 20), "jpeg", **rendition),
        shelved(
            store,
            104,
            "vase/a b#1 50% ü",
            title="Vase für das Café",
            tags=("hero",),
            released_at=RELEASED_AT + timedelta(days=3),
            cost_usd=Decimal("0.000000001"),
        ),
        shelved(
            store,
            105,
            "poster",
            campaign="winter-2026",
            order_id="posters@2026-11-02",
            model="other-cards",
            cost_usd=Decimal("0.1"),
        ),
        shelved(store, 106, "wrong", sha256="0" * 64, cost_usd=Decimal("0.2")),
    ]
    return rows


def hostile_rows(store: Store) -> list[ManifestRow]:
    """Release assets whose every text is hostile."""
    return [
        shelved(
            store,
            200 + number,
            f"odd-{number}",
            prompt=text,
            title=text,
            alt=text,
            language='en" onload="window.stolen = 6',
            rights=text,
            credit=text,
            tags=(text,),
            verdicts=(text,),
            approved_by=text,
            model=text,
            provider=text,
            source_type=text,
            texts={"alt": {text: text, "de": text}, "title": {"x": text}},
        )
        for number, text in enumerate(HOSTILE)
    ]


def unbroken_rows(store: Store, name: str, text: str) -> list[ManifestRow]:
    """Release two assets, one with a rendition, whose every text is long and has no place to break."""
    whole: dict[str, Any] = {
        "title": text,
        "alt": text,
        "prompt": text,
        "rights": text,
        "credit": text,
        "tags": (text, f"{text}2"),
        "verdicts": (text, f"{text} (warned)"),
        "approved_by": text,
        "model": text,
        "provider": text,
        "campaign": text[:60],
        "texts": {one: {"en": text, "de": text, text: text} for one in ("alt", "title", "rights")},
        "cost_usd": Decimal("999999999.123456789"),
    }
    first = shelved(store, 300, f"wide/{name}/{text[:60]}", **whole)
    rendition = shelved(
        store, 301, f"wide/{name}/{text[:60]}-small", (10, 10), master=first.key, **whole
    )
    untitled = shelved(store, 302, f"wide/{name}2/{text[:60]}", format=text)
    return [first, rendition, untitled]
