"""What tests of the warehouse fill in: forms, rows, and a store with a way behind its back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from assets import (
    ManifestHeader,
    ManifestRow,
    ReleaseForm,
    Store,
    Verification,
    edition_prefix,
    release,
    write_manifest,
)

ACCEPTED_AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
ORDER_ID = "product-photos@0123abcdef"
CAMPAIGN = "autumn-2026"


@dataclass(frozen=True)
class Kept:
    """A store, and ways to do to it what its users should not."""

    store: Store
    overwrite: Callable[[str, bytes], None]
    delete: Callable[[str], None]


def make_form(
    data: bytes, name: str = "mug/oak-1", order_id: str = ORDER_ID, **changes: object
) -> ReleaseForm:
    """Fill in a form for some bytes."""
    values: dict[str, object] = {
        "order_id": order_id,
        "order_title": "Autumn product photos",
        "owner": "brand-team@acme.example",
        "cost_center": "cc-4100",
        "campaign": CAMPAIGN,
        "job_id": f"{order_id}#{name}",
        "name": name,
        "prompt": "A mug on oak",
        "params": {"steps": 4},
        "seed": 7,
        "provider": "studio",
        "model": "studio/plain",
        "provider_ref": None,
        "attempt_id": "0192f0c1-2345-7890-abcd-000000000001",
        "attempts": 2,
        "verified_by": (
            Verification("format", 1, {"is": "webp"}, {"format": "webp"}),
            Verification("dimensions", 1, {"width": 8, "height": 8}, {"width": 8, "height": 8}),
        ),
        "approved_by": None,
        "approved_at": None,
        "accepted_at": ACCEPTED_AT,
        "cost_usd": Decimal("0.006"),
        "sha256": hashlib.sha256(data).hexdigest(),
        "byte_count": len(data),
        "media_type": "image/webp",
        "width": 8,
        "height": 8,
        "mintage_version": "0.1.0",
    }
    return ReleaseForm(**{**values, **changes})  # type: ignore[arg-type]


def make_row(form: ReleaseForm, key: str, receipt: str, released_at: datetime) -> ManifestRow:
    """Say in a manifest what a form said."""
    return ManifestRow(
        name=form.name,
        key=key,
        sha256=form.sha256,
        bytes=form.byte_count,
        media_type=form.media_type,
        width=form.width,
        height=form.height,
        campaign=form.campaign,
        order_id=form.order_id,
        job_id=form.job_id,
        prompt=form.prompt,
        provider=form.provider,
        model=form.model,
        seed=form.seed,
        cost_usd=form.cost_usd,
        receipt=receipt,
        released_at=released_at,
    )


def released_order(
    store: Store,
    order_id: str = ORDER_ID,
    campaign: str = CAMPAIGN,
    count: int = 3,
    first_released_at: datetime = ACCEPTED_AT,
) -> list[ManifestRow]:
    """Release a small order with its manifest, a minute between the assets; give the rows."""
    rows = []
    for number in range(count):
        data = f"{campaign} {order_id} {number}".encode() * 100
        form = make_form(data, f"mug/oak-{number}", order_id, campaign=campaign)
        released = release(store, form, data)
        at = first_released_at + timedelta(minutes=number)
        rows.append(make_row(form, released.key, released.receipt_key, at))
    header = ManifestHeader(order_id, campaign, order_id.partition("@")[2], Decimal("0.02"))
    write_manifest(store, edition_prefix(campaign, order_id), header, rows)
    return rows
