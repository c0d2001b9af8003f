"""Fills a store with any number of released assets and their manifests, for tests and benchmarks.

The bytes are random but for their start, so that nothing on the way can compress or share them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from assets import (
    ManifestHeader,
    ManifestRow,
    Store,
    Withdrawn,
    edition_prefix,
    receipt_key,
    release_key,
    write_manifest,
)
from assets.store import CACHE_RELEASED

FIRST_AT = datetime(2026, 11, 1, 22, tzinfo=UTC)
FORMATS = (("webp", "image/webp"), ("png", "image/png"), ("jpeg", "image/jpeg"))
SIZES = ((1024, 1024), (1600, 900), (512, 512))


def asset_bytes(seed: str, count: int) -> bytes:
    """Make an asset's bytes."""
    return seed.encode() + random.Random(seed).randbytes(max(0, count - len(seed.encode())))  # noqa: S311  no secret


def shelf_rows(
    campaign: str, order_id: str, count: int, *, byte_count: int = 2_000, day: int = 0
) -> list[ManifestRow]:
    """Make the rows of one order: three formats, three sizes, two tags, two languages in turns."""
    rows = []
    for number in range(count):
        name = f"mug/oak-{number}"
        data = asset_bytes(f"{campaign}/{order_id}/{name}", byte_count)
        format_name, media_type = FORMATS[number % 3]
        width, height = SIZES[number // 3 % 3]
        rows.append(
            ManifestRow(
                name=name,
                key=release_key(campaign, order_id, name, media_type),
                sha256=hashlib.sha256(data).hexdigest(),
                bytes=len(data),
                media_type=media_type,
                width=width,
                height=height,
                campaign=campaign,
                order_id=order_id,
                job_id=f"{order_id}#{name}",
                prompt=f"A mug on oak in morning light, number {number}, seen from the side",
                provider="replicate",
                model="black-forest-labs/flux-schnell",
                seed=number,
                cost_usd=Decimal("0.003"),
                receipt=receipt_key(campaign, order_id, name),
                released_at=FIRST_AT + timedelta(days=day, seconds=number),
                format=format_name,
                title=f"Mug on oak {number}",
                alt=f"A white mug on an oak table, number {number}" if number % 5 else "",
                language="de-AT" if number % 2 else "en",
                credit="Acme",
                rights="© 2026 Acme",
                tags=("mugs", "autumn") if number % 2 else ("mugs",),
                source_type="trainedAlgorithmicMedia",
                verdicts=("intact", "format", "dimensions"),
                texts={"alt": {"en": f"A white mug {number}", "de": f"Eine weiße Tasse {number}"}},
            )
        )
    return rows


def put_manifest(
    store: Store, rows: Iterable[ManifestRow], withdrawn: Iterable[Withdrawn] = ()
) -> None:
    """Write the manifest of one order; its rows say which."""
    rows = list(rows)
    campaign, order_id = rows[0].campaign, rows[0].order_id
    edition = order_id.partition("@")[2]
    header = ManifestHeader(order_id, campaign, edition, Decimal(1), tuple(withdrawn))
    write_manifest(store, edition_prefix(campaign, order_id), header, rows)


def shelve(
    store: Store,
    campaign: str,
    order_id: str,
    count: int,
    *,
    byte_count: int = 2_000,
    day: int = 0,
    workers: int = 8,
) -> list[ManifestRow]:
    """Put an order's assets and its manifest into a store; give the rows."""
    rows = shelf_rows(campaign, order_id, count, byte_count=byte_count, day=day)

    def put(row: ManifestRow) -> None:
        store.put_once(
            row.key,
            asset_bytes(f"{campaign}/{order_id}/{row.name}", byte_count),
            sha256=row.sha256,
            media_type=row.media_type,
            cache_control=CACHE_RELEASED,
        )

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(put, rows))
    put_manifest(store, rows)
    return rows


def withdraw(store: Store, rows: Iterable[ManifestRow], which: ManifestRow) -> list[ManifestRow]:
    """Write an order's manifest anew without one asset; give the rows that are left."""
    left = [row for row in rows if row.key != which.key]
    gone = Withdrawn(
        which.key,
        which.sha256,
        which.job_id,
        which.released_at + timedelta(days=1),
        "The label was misspelt.",
    )
    put_manifest(store, left, [gone])
    return left
