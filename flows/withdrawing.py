"""Takes a released asset back: out of manifest, index and contact sheet; bytes and books stay.

The books come first, and all the rest is written from them. So whatever cut a withdrawal off, the
same command completes it, and nothing that is written meanwhile shows the asset again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from assets import AssetsError, Store, StoreUnavailable
from assets.layout import RELEASED, latest_key
from assets.withdrawal import WithdrawalMark, mark_receipt
from flows.errors import BadSettings, UnknownJobId
from flows.manifest_rows import Placed, place_of_rendition
from flows.publishing import publish
from ledger import Books, ReleasedView


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawal that was carried out, or that was completed."""

    job_id: str
    campaign: str
    keys: tuple[str, ...]
    """The asset's key in the store, then those of its renditions."""
    by: str
    because: str
    at: datetime
    before: bool
    """Whether it had been withdrawn already; by whom and why is told of that time."""
    marked: int
    """How many receipts were marked now; a receipt that has its mark is left alone."""
    manifest: str
    """Where the manifest is that names it no more."""
    latest: str
    """Where the campaign's index is."""
    problems: tuple[str, ...] = ()
    """A sentence for each receipt that could not be marked."""


def withdraw(books: Books, store: Store, target: str, *, by: str, because: str) -> Withdrawal:
    """Withdraw one released job's asset with all its renditions, or complete that.

    Args:
        books: written first.
        store: where it was released.
        target: the job's id; an order's id or slug, # and a name; or a key of the store.
        by: who withdraws it.
        because: why.

    Raises:
        UnknownJobId: the books have no such asset.
        NotReleased, WithdrawalRefused: there is nothing to withdraw; nobody, or no reason, is named.
        BadSettings: it is in another store, or several editions have it.
        StoreUnavailable: the store stopped working; the same command completes it.
    """
    job_id = job_of(books, store, target)
    view = books.released_one(job_id)
    if view is not None:
        _must_be_here(store, view)
    with books.transaction() as desk:
        is_new = desk.withdraw(job_id, by=by, because=because)
    view = books.released_one(job_id)
    decided = books.withdrawal(job_id)
    assert view is not None  # noqa: S101  what was withdrawn was released
    assert decided is not None  # noqa: S101  it was just withdrawn
    files = list(_files(view))
    mark = WithdrawalMark(decided.by, decided.because, decided.at)
    marked, problems = 0, []
    for one in files:
        try:
            marked += mark_receipt(store, one.receipt_key, mark)
        except StoreUnavailable:
            raise
        except AssetsError as error:
            problems.append(str(error))
    manifest = publish(books, store, view.order_id)
    return Withdrawal(
        job_id=job_id,
        campaign=view.campaign,
        keys=tuple(one.key for one in files),
        by=decided.by,
        because=decided.because,
        at=decided.at,
        before=not is_new,
        marked=marked,
        manifest=manifest.url,
        latest=store.locate(latest_key(view.campaign)),
        problems=tuple(problems),
    )


def job_of(books: Books, store: Store, target: str) -> str:
    """Find the job that is meant by its id, by an order and a name, or by a key of the store.

    Raises:
        UnknownJobId: the books have no such asset.
        BadSettings: several editions of the order have released it.
    """
    key = _key_in(store, target)
    if key is not None:
        return _job_with_key(books, key, target)
    order, _, name = target.partition("#")
    if not name:
        raise UnknownJobId(target)
    if books.order(order) is not None:
        return _job_in_order(books, order, name) or _known(books, target)
    editions = [view.record.order_id for view in books.find_orders(order)]
    found = [job for one in editions if (job := _job_in_order(books, one, name)) is not None]
    if len(found) > 1:
        raise BadSettings(
            f"{len(found)} editions have released {target}; name one: {', '.join(found)}."
        )
    if found:
        return found[0]
    return _known(books, *(f"{one}#{name}" for one in editions), target)


def _known(books: Books, *job_ids: str) -> str:
    """Give the first of these jobs that the books have, released or not."""
    views = books.jobs(job_ids)
    if not views:
        raise UnknownJobId(job_ids[-1])
    return views[0].job_id


def _job_in_order(books: Books, order_id: str, name: str) -> str | None:
    job_id = f"{order_id}#{name}"
    if books.released_one(job_id) is not None:
        return job_id
    for view in books.released(order_id):
        if any(one.name == name for one in view.renditions):
            return view.job_id
    return None


def _key_in(store: Store, target: str) -> str | None:
    """Give the key of the store that is meant: as it is, or behind the store's own place."""
    if target.startswith(RELEASED):
        return target
    root = store.locate(f"{RELEASED}x").removesuffix("x")
    return RELEASED + target.removeprefix(root) if target.startswith(root) else None


def _job_with_key(books: Books, key: str, target: str) -> str:
    try:
        _, _, slug, edition, name = key.split("/", 4)
    except ValueError:
        raise UnknownJobId(target) from None
    order_id = f"{slug}@{edition}"
    view = books.released_one(f"{order_id}#{PurePosixPath(name).with_suffix('')}")
    if view is not None and view.release_key == key:
        return view.job_id
    for view in books.released(order_id):
        if any(one.key == key for one in _files(view)):
            return view.job_id
    raise UnknownJobId(target)


def _files(view: ReleasedView) -> Iterator[Placed]:
    yield Placed(view.release_key, view.receipt_key, view.sha256, view.byte_count)
    for one in view.renditions:
        yield place_of_rendition(view.campaign, view.order_id, one)


def _must_be_here(store: Store, view: ReleasedView) -> None:
    if view.store_url == store.url:
        return
    # A folder may have been moved with all that is in it.
    if store.head(view.release_key) is None and store.head(view.receipt_key) is None:
        raise BadSettings(
            f"{view.job_id} was released into {view.store_url}, and this is {store.url}; set "
            "MINTAGE_STORE_URL to withdraw it there."
        )
