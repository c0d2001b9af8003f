"""The store against the books."""

from __future__ import annotations

from collections.abc import Iterator

from assets import AuditReport, Store, audit, edition_prefix
from flows.errors import UnknownOrderId
from ledger import Books


def audit_store(books: Books, store: Store, order_id: str | None, *, deep: bool) -> AuditReport:
    """Check every released asset of one order or of all: bytes, receipts, and files nobody knows.

    Raises:
        UnknownOrderId: the books have no such order.
    """
    if order_id is not None and books.order(order_id) is None:
        raise UnknownOrderId(order_id)
    order_ids = [order_id] if order_id else [view.record.order_id for view in books.orders()]

    def expected() -> Iterator[tuple[str, str, int, str]]:
        for one in order_ids:
            for view in books.released(one):
                yield view.release_key, view.sha256, view.byte_count, view.receipt_key

    prefixes = [
        edition_prefix(order.record.campaign, order.record.order_id)
        for order in (books.order(one) for one in order_ids)
        if order is not None
    ]
    return audit(store, expected(), deep=deep, prefixes=prefixes)
