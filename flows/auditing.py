"""The store against the books."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from assets import AuditProblem, AuditReport, Store, audit, edition_prefix, release_key
from assets.audit_kinds import AuditKind, Expected
from assets.layout import edition_of, receipt_key
from flows.auditing_manifests import audit_manifests
from flows.errors import UnknownOrderId
from flows.manifest_rows import place_of_rendition
from flows.receipts_again import receipts_again
from ledger import Books, JobState, JobView, OrderRecord, OrderView, ReleasedView, RenditionView

PAGE = 500
"""Approved jobs that are read at once."""


def audit_store(books: Books, store: Store, order_id: str | None, *, deep: bool) -> AuditReport:
    """Check every released asset of one order or of all: bytes, receipts, and files nobody knows.

    Manifests, and without an order indexes too, have to say what the books say. Without an order all
    of `released/` and `latest/` is looked through. What may lie there, because it has passed
    every gate, and is not released by the books is told apart from what somebody put there.

    Raises:
        UnknownOrderId: the books have no such order.
    """
    if order_id is not None and books.order(order_id) is None:
        raise UnknownOrderId(order_id)

    @functools.cache
    def orders() -> list[OrderView]:
        # Asked when the store was listed: an order that begins meanwhile is known then.
        return books.orders() if order_id is None else [_order(books, order_id)]

    report = audit(
        store,
        _released(books, orders, deep=deep),
        deep=deep,
        prefixes=_folders(orders),
        approved=_approved(books, orders),
        everything=order_id is None,
    )
    problems = [_explained(books, one) for one in report.problems]
    wrong, behind = audit_manifests(books, store, orders(), indexes=order_id is None)
    return replace(report, problems=(*problems, *wrong), behind=tuple(behind))


def _folders(orders: Callable[[], Sequence[OrderView]]) -> Iterator[str]:
    for order in orders():
        yield edition_prefix(order.record.campaign, order.record.order_id)


def _order(books: Books, order_id: str) -> OrderView:
    order = books.order(order_id)
    if order is None:
        raise UnknownOrderId(order_id)
    return order


def _released(
    books: Books, orders: Callable[[], Sequence[OrderView]], *, deep: bool
) -> Iterator[Expected]:
    for order in orders():
        views = books.released(order.record.order_id)
        # To make receipts again takes long, and only who reads them has a use for it.
        again = receipts_again(books, order.record, views) if deep else ((one, ()) for one in views)
        for view, receipts in again:
            yield from map(
                _with_receipt, _files(view), receipts or (b"",) * (1 + len(view.renditions))
            )


def _with_receipt(one: Expected, receipt: bytes) -> Expected:
    return one._replace(receipt=receipt)


def _files(view: ReleasedView) -> Iterator[Expected]:
    yield Expected(
        view.release_key,
        view.sha256,
        view.byte_count,
        view.receipt_key,
        withdrawn=view.withdrawn,
    )
    for one in view.renditions:
        place = place_of_rendition(view.campaign, view.order_id, one)
        yield Expected(
            place.key,
            place.sha256,
            place.byte_count,
            place.receipt_key,
            withdrawn=view.withdrawn,
        )


def _approved(books: Books, orders: Callable[[], Sequence[OrderView]]) -> Iterator[Expected]:
    """Say what of approved jobs may be in the store already."""
    for order in orders():
        order_id, after = order.record.order_id, -1
        while page := books.job_ids(order_id, (JobState.APPROVED,), after, PAGE):
            after = page[-1][0]
            views = books.jobs([job_id for _, job_id in page])
            made = books.renditions([str(view.attempt_id) for view in views])
            for view in views:
                # It may have moved on since the page was read.
                if view.state is JobState.APPROVED:
                    yield from _of_job(order.record, view, made.get(str(view.attempt_id), ()))


def _of_job(order: OrderRecord, view: JobView, made: Sequence[RenditionView]) -> Iterator[Expected]:
    campaign, order_id = order.campaign, order.order_id
    yield Expected(
        release_key(campaign, order_id, view.name, str(view.media_type)),
        str(view.sha256),
        int(view.byte_count or 0),
        receipt_key(campaign, order_id, view.name),
    )
    for one in made:
        place = place_of_rendition(campaign, order_id, one)
        yield Expected(place.key, place.sha256, place.byte_count, place.receipt_key)


def _explained(books: Books, problem: AuditProblem) -> AuditProblem:
    """Say what the books know of a problem, and what mends it."""
    if problem.kind is AuditKind.WITHDRAWN_SHOWN:
        command = _completion(books, problem.key)
        return replace(problem, detail=f"{problem.detail}; `{command}` completes it")
    if problem.kind is AuditKind.ONLY_IN_STORE:
        view = _job_at(books, problem.key)
        if view is not None and view.state not in {JobState.APPROVED, JobState.RELEASED}:
            state = view.state.value.replace("_", " ")
            return replace(
                problem,
                detail=f"the books have {view.job_id} as {state}: it has not passed every gate",
            )
    return problem


def _job_at(books: Books, key: str) -> JobView | None:
    """Find the job that an asset under this key would be of."""
    folder = edition_of(key)
    if folder is None:
        return None
    _, _, slug, edition = folder.rstrip("/").split("/")
    name = key.removeprefix(folder)
    order_id = f"{slug}@{edition}"
    names = [name.rpartition(".")[0], name.removeprefix("receipts/").removesuffix(".json")]
    return next(iter(books.jobs([f"{order_id}#{one}" for one in names])), None)


def _completion(books: Books, key: str) -> str:
    """Give the command that completes the withdrawal of the asset with this key."""
    folder = str(edition_of(key))
    _, _, slug, edition = folder.rstrip("/").split("/")
    for view in books.withdrawals(f"{slug}@{edition}"):
        places = [place_of_rendition(view.campaign, view.order_id, one) for one in view.renditions]
        if key in {view.release_key, *(one.key for one in places)}:
            words = ["mintage", "assets", "withdraw", view.job_id]
            return shlex.join([*words, "--by", view.by, "--because", view.because])
    return "mintage assets withdraw JOB"
