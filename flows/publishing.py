"""Shows what is released, from the books: an order's manifest and contact sheet, its campaign's index.

Each is written as a whole, and written again where the books moved on meanwhile. So whoever of two
writers is slower leaves what is newest: the last one to write has looked at the books after that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from assets import (
    Manifest,
    ManifestHeader,
    Store,
    StoreUnavailable,
    Withdrawn,
    edition_prefix,
    manifest_key,
    place_of,
    write_manifest,
)
from assets.latest import write_latest
from assets.layout import SHEET_HTML
from assets.natural_order import natural_key
from assets.sheet import edition_sheet
from flows.manifest_rows import manifest_rows, place_of_rendition
from flows.passes import TO_DO
from ledger import Books, JobState, OrderState, OrderView, ReleasedView, WithdrawnView, usd

TRIES_BESIDE_OTHERS = 3
"""How often something is written anew while an order that shows it too is still at work."""

THUMBNAILS_S = 60.0
"""How long a run's end may decode new assets for its contact sheet. One takes 4 ms with 256x256
pixels and 15 ms with 1024x1024 (a core of 2026), so that is 4,000 of the large ones at least."""

SHEET_TRIES = 3
"""How often a contact sheet is begun when the store fails while it is made."""

Mark = tuple[int, int]
"""How many releases and withdrawals there are: both only grow."""

Written = TypeVar("Written")


def publish(
    books: Books, store: Store, order_id: str, *, clock: Callable[[], float] = time.monotonic
) -> Manifest:
    """Write an order's manifest, its campaign's index and the order's contact sheet; give the first.

    The clock counts seconds. It bounds how long thumbnails are made of assets that the sheet does
    not show yet: those that are left have theirs when it is written next.

    Raises:
        StoreUnavailable: the store as a whole does not work; the next run, or the same withdrawal
            once more, writes them.
    """
    order = _order(books, order_id)
    manifest, seen = put_manifest(books, store, order_id)
    put_latest(books, store, order.record.campaign)
    prefix = edition_prefix(order.record.campaign, order_id)
    if not manifest.count and store.head(prefix + SHEET_HTML) is None:
        return manifest
    until_s = clock() + THUMBNAILS_S
    tries = 0
    while True:
        # It shows what the manifest names, which has to be as new as the books.
        _put_sheet(store, prefix, lambda: clock() < until_s)
        tries += 1
        if _mark(books, order_id) == seen or _goes_on(books, order_id, tries):
            return manifest
        manifest, seen = put_manifest(books, store, order_id)


def _put_sheet(store: Store, prefix: str, may_make: Callable[[], bool]) -> None:
    """Write a contact sheet; manifest and sheet are long, and a connection may break as they are read."""
    for left in reversed(range(SHEET_TRIES)):
        try:
            edition_sheet(store, prefix, may_make=may_make)
        except StoreUnavailable:
            if not left:
                raise
        else:
            return


def put_manifest(books: Books, store: Store, order_id: str) -> tuple[Manifest, Mark]:
    """Write an order's manifest, row by row; give it and what the books had when it was begun."""

    def write() -> Manifest:
        record = (order := _order(books, order_id)).record
        header = _Header(books, order=record.order_id, campaign=record.campaign)
        return write_manifest(
            store,
            edition_prefix(record.campaign, record.order_id),
            lambda: header.told(
                edition=record.edition, charged_nano=order.spent_nano + order.overrun_nano
            ),
            manifest_rows(books, header.shown(books.released(order_id))),
            sorted_by=lambda row: natural_key(row.name),
        )

    return _until_current(
        write, lambda: _mark(books, order_id), lambda tries: _goes_on(books, order_id, tries)
    )


def put_latest(books: Books, store: Store, campaign: str) -> Manifest:
    """Write a campaign's index: of each order slug and name the newest release not withdrawn."""

    def write() -> Manifest:
        header = _Header(books, campaign=campaign)
        views = newest(header.shown(books.released_of_campaign(campaign)))
        return write_latest(store, campaign, header.told, manifest_rows(books, views))

    def goes_on(tries: int) -> bool:
        return tries >= TRIES_BESIDE_OTHERS and any(
            is_at_work(books, one) for one in books.orders() if one.record.campaign == campaign
        )

    return _until_current(write, lambda: books.release_mark(campaign), goes_on)[0]


def newest(views: Iterable[ReleasedView]) -> Iterator[ReleasedView]:
    """Take the first of each order slug and name, of views in which these stand together."""
    last: tuple[str, str] | None = None
    for view in views:
        slug, _, _ = view.order_id.rpartition("@")
        if (slug, view.name) != last:
            last = (slug, view.name)
            yield view


def manifest_place(books: Books, order: OrderView) -> str | None:
    """Say where the manifest of an order lies, told from the books; None before its first release."""
    record = order.record
    first = next(books.released(record.order_id), None)
    if first is None:
        return None
    return place_of(first.store_url, manifest_key(record.campaign, record.order_id))


class _Header:
    """Lets pass what is shown, and tells in the end what was not."""

    def __init__(self, books: Books, *, campaign: str, order: str | None = None) -> None:
        self._books = books
        self._campaign = campaign
        self._order = order
        self._hidden: dict[str, None] = {}

    def shown(self, views: Iterable[ReleasedView]) -> Iterator[ReleasedView]:
        """Leave out what is withdrawn."""
        for view in views:
            if view.withdrawn:
                self._hidden[view.order_id] = None
            else:
                yield view

    def told(
        self, *, edition: str | None = None, charged_nano: int | None = None
    ) -> ManifestHeader:
        """Make the header, once all views have passed."""
        return ManifestHeader(
            order=self._order,
            campaign=self._campaign,
            edition=edition,
            charged_usd=None if charged_nano is None else usd(charged_nano),
            withdrawn=tuple(
                told
                for order_id in self._hidden
                for view in self._books.withdrawals(order_id)
                for told in withdrawn_files(view)
            ),
        )


def withdrawn_files(view: WithdrawnView) -> Iterator[Withdrawn]:
    """Say what a manifest's header tells of a withdrawal: the asset, then its renditions."""
    yield Withdrawn(view.release_key, view.sha256, view.job_id, view.at, view.because)
    for one in view.renditions:
        place = place_of_rendition(view.campaign, view.order_id, one)
        yield Withdrawn(place.key, one.sha256, view.job_id, view.at, view.because)


def _until_current(
    write: Callable[[], Written], mark: Callable[[], Mark], goes_on: Callable[[int], bool]
) -> tuple[Written, Mark]:
    """Write until the books have not moved on meanwhile; give what the last time was begun with.

    `goes_on` is asked after so many times whether somebody else will write it after this.
    """
    tries = 0
    while True:
        before = mark()
        written = write()
        tries += 1
        if mark() == before or goes_on(tries):
            return written, before


def _mark(books: Books, order_id: str) -> Mark:
    released = books.job_counts(order_id).get(JobState.RELEASED, 0)
    return released, sum(1 for _ in books.withdrawals(order_id))


def _goes_on(books: Books, order_id: str, tries: int) -> bool:
    return tries >= TRIES_BESIDE_OTHERS and is_at_work(books, _order(books, order_id))


def is_at_work(books: Books, order: OrderView) -> bool:
    """Whether an order's run, this one or the next, will write everything again when it ends.

    An open order that has work left has not come to its end: what is written there is written
    later than whatever was written before this was asked.
    """
    if order.state is not OrderState.OPEN:
        return False
    counts = books.job_counts(order.record.order_id)
    return any(counts.get(state) for state in (*TO_DO, JobState.BUILDING))


def _order(books: Books, order_id: str) -> OrderView:
    order = books.order(order_id)
    assert order is not None  # noqa: S101  who shows an order has it from the books
    return order
