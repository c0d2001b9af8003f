"""Manifests and indexes against the books: each has to say what publishing would write now.

What is only behind, because a run was cut off before it published what it had released, is told
apart: nothing in it is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from assets import AuditProblem, Store, manifest_key
from assets.audit_manifests import Named
from assets.layout import INDEX_CSV, MANIFEST_CSV, edition_prefix, latest_key, latest_prefix
from assets.manifest import Withdrawn
from flows.manifest_rows import manifest_rows
from flows.publishing import is_at_work, withdrawn_files
from ledger import Books, OrderView, ReleasedView


def audit_manifests(
    books: Books, store: Store, orders: Sequence[OrderView], *, indexes: bool
) -> tuple[list[AuditProblem], list[str]]:
    """Compare the manifests of these orders, and the indexes of their campaigns if these are all.

    Returns:
        What is wrong, and the keys of what is only behind.

    Raises:
        StoreUnavailable: the store as a whole does not work.
    """
    problems: list[AuditProblem] = []
    behind: list[str] = []
    campaigns: dict[str, list[OrderView]] = {}
    for order in orders:
        campaigns.setdefault(order.record.campaign, []).append(order)
    for campaign, its in sorted(campaigns.items()):
        found = _Campaign(books, store, campaign, its, index=indexes)
        problems.extend(found.problems())
        behind.extend(found.behind())
    return problems, behind


class _Campaign:
    """A campaign's manifests, and its index."""

    def __init__(
        self, books: Books, store: Store, campaign: str, orders: Sequence[OrderView], *, index: bool
    ) -> None:
        self._books = books
        self._campaign = campaign
        self._orders = orders
        # Read before the books are asked: what is released meanwhile is only newer then.
        self._manifests = {
            one.record.order_id: _manifest(store, campaign, one.record.order_id) for one in orders
        }
        key, csv_key = latest_key(campaign), latest_prefix(campaign) + INDEX_CSV
        self._index = Named(store, key, csv_key) if index else None
        self._withdrawn: dict[str, list[Withdrawn]] = {}
        self._meet_all()

    def _meet_all(self) -> None:
        if self._index is not None:
            views = self._books.released_of_campaign(self._campaign)
            self._meet(views, self._index)
            return
        for order_id in self._manifests:
            self._meet(self._books.released(order_id), None)

    def _meet(self, views: Iterator[ReleasedView], index: Named | None) -> None:
        last: tuple[str, str] | None = None
        is_newest = True
        for row in manifest_rows(self._books, self._shown(views)):
            if (manifest := self._manifests.get(row.order_id)) is not None:
                manifest.meet(row)
            if not row.master:
                place = row.order_id.rpartition("@")[0], row.name
                is_newest, last = place != last, place
            if index is not None:
                index.meet(row, is_newest=is_newest)

    def _shown(self, views: Iterable[ReleasedView]) -> Iterator[ReleasedView]:
        for view in views:
            if not view.withdrawn:
                yield view
            elif view.order_id not in self._withdrawn:
                self._withdrawn[view.order_id] = [
                    one
                    for found in self._books.withdrawals(view.order_id)
                    for one in withdrawn_files(found)
                ]

    def problems(self) -> Iterator[AuditProblem]:
        """Say what is wrong, each with the command that writes it anew."""
        for order in self._orders:
            order_id = order.record.order_id
            found = self._manifests[order_id].problems(
                self._withdrawn.get(order_id, ()),
                order=order_id,
                campaign=self._campaign,
                edition=order.record.edition,
                goes_on=is_at_work(self._books, order),
            )
            yield from (_with_command(one, order_id) for one in found)
        if self._index is not None and self._orders:
            of_all = [one for told in self._withdrawn.values() for one in told]
            found = self._index.problems(
                of_all,
                order=None,
                campaign=self._campaign,
                edition=None,
                goes_on=any(is_at_work(self._books, one) for one in self._orders),
            )
            newest = self._orders[0].record.order_id
            yield from (_with_command(one, newest) for one in found)

    def behind(self) -> Iterator[str]:
        """Name what is only behind."""
        named = [*self._manifests.values(), *([] if self._index is None else [self._index])]
        yield from (one.key for one in named if one.is_behind)


def _manifest(store: Store, campaign: str, order_id: str) -> Named:
    csv_key = edition_prefix(campaign, order_id) + MANIFEST_CSV
    return Named(store, manifest_key(campaign, order_id), csv_key)


def _with_command(problem: AuditProblem, order_id: str) -> AuditProblem:
    return replace(problem, detail=f"{problem.detail}; `mintage resume {order_id}` writes it anew")
