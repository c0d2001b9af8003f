"""Shows what is released: an order's manifest, written from the books."""

from __future__ import annotations

from collections.abc import Iterator

from assets import (
    Manifest,
    ManifestHeader,
    ManifestRow,
    Store,
    edition_prefix,
    manifest_key,
    place_of,
    write_manifest,
)
from flows.briefs import JobBrief
from flows.rework import Changes
from ledger import Books, OrderView, ReleasedView, usd


def manifest_row(view: ReleasedView) -> ManifestRow:
    """Make a manifest's row of one released asset."""
    return ManifestRow(
        name=view.name,
        key=view.release_key,
        sha256=view.sha256,
        bytes=view.byte_count,
        media_type=view.media_type,
        width=view.width,
        height=view.height,
        campaign=view.campaign,
        order_id=view.order_id,
        job_id=view.job_id,
        prompt=_prompt_sent(view),
        provider=view.provider,
        model=view.model,
        seed=view.seed,
        cost_usd=usd(view.cost_nano),
        receipt=view.receipt_key,
        released_at=view.released_at,
    )


def _prompt_sent(view: ReleasedView) -> str:
    changes = Changes.from_json(view.changes_json)
    prompt = JobBrief.from_json(view.brief_json).prompt
    return prompt if changes is None else changes.prompt or prompt


def put_manifest(books: Books, store: Store, order: OrderView) -> Manifest:
    """Write an order's manifest from the books, one row at a time."""
    record = order.record

    def rows() -> Iterator[ManifestRow]:
        for view in books.released(record.order_id):
            yield manifest_row(view)

    header = ManifestHeader(
        order=record.order_id,
        campaign=record.campaign,
        edition=record.edition,
        charged_usd=usd(order.spent_nano + order.overrun_nano),
    )
    return write_manifest(store, edition_prefix(record.campaign, record.order_id), header, rows())


def manifest_place(books: Books, order: OrderView) -> str | None:
    """Say where the manifest of an order lies, told from the books; None before its first release."""
    record = order.record
    first = next(books.released(record.order_id), None)
    if first is None:
        return None
    return place_of(first.store_url, manifest_key(record.campaign, record.order_id))
