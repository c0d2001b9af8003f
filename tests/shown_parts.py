"""Released orders of any size for tests of what is shown: real books, and files in a store."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from books_parts import an_order, built, request, usd_line
from PIL import Image

from assets import Store, manifest_key, read_manifest, receipt_key, release_key
from assets.layout import latest_key
from flows.briefs import JobBrief
from flows.job_labels import JobLabel, RenditionBrief
from flows.publishing import publish
from flows.receipts_again import receipts_again
from ledger import (
    Books,
    BuiltSettlement,
    Inspection,
    JobMove,
    JobRecord,
    JobState,
    ReleaseRecord,
    RenditionRecord,
    VerdictRecord,
)

CAMPAIGN = "autumn-2026"
CRITERIA = ("intact", "dimensions", "format", "file_size", "not_blank")
SMALL = "-small"
BATCH = 500


def picture(number: int, side: int = 8) -> bytes:
    """Draw a picture that no other number has."""
    colour = (number % 256, number // 256 % 256, number // 65536 % 256)
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Wish:
    """An order to be released: its jobs are named card-0, card-1 and so on."""

    order_id: str = "cards@one"
    jobs: int = 3
    renditions: bool = False
    first: int = 0
    """The number that its first picture is drawn from."""
    labelled: bool = True
    side: int = 8
    finished: bool = True

    def job_id(self, number: int) -> str:
        """The id of the job of one number."""
        return f"{self.order_id}#card-{number}"

    def key(self, number: int, suffix: str = "") -> str:
        """The key of one asset, or with `SMALL` of its rendition."""
        return release_key(CAMPAIGN, self.order_id, f"card-{number}{suffix}", "image/png")

    def receipt(self, number: int, suffix: str = "") -> str:
        """The key of its receipt."""
        return receipt_key(CAMPAIGN, self.order_id, f"card-{number}{suffix}")


def label(number: int) -> JobLabel:
    """Texts in two languages."""
    return JobLabel(
        title={"en": f"Card {number}", "de": f"Karte {number}"},
        source_type="algorithmicMedia",
        alt={"en": f"A card with the number {number}"},
        rights={"und": "Acme"},
        credit="Acme",
        tags=("autumn", f"n{number}"),
    )


def brief(number: int, wish: Wish) -> JobBrief:
    """Ask for one card."""
    rendition = RenditionBrief(
        f"card-{number}{SMALL}", 4, 4, "png", 90, "1", progressive=True, done=()
    )
    return JobBrief(
        prompt=f"A card with the number {number}",
        width=wish.side,
        height=wish.side,
        format="png",
        quality=90,
        upscale_max=Decimal(1),
        params={"steps": 4},
        variables={"n": number},
        label=label(number) if wish.labelled else None,
        renditions=(rendition,) if wish.renditions else (),
    )


def put_order(books: Books, store: Store | None, wish: Wish, *, until: int | None = None) -> None:
    """Release all jobs of an order in the books, and in the store if there is one; publish nothing.

    Jobs from number `until` on are left approved, with nothing in the store.
    """
    released = wish.jobs if until is None else until
    record = replace(an_order(wish.order_id, jobs=wish.jobs, cap="5000"), campaign=CAMPAIGN)
    records = (
        JobRecord(wish.job_id(n), n, f"card-{n}", brief(n, wish).to_json())
        for n in range(wish.jobs)
    )
    with books.transaction() as desk:
        desk.open_order(record, records)
    for start in range(0, wish.jobs, BATCH):
        _through(books, store, wish, range(start, min(start + BATCH, wish.jobs)), released)
    if wish.finished and released == wish.jobs:
        with books.transaction() as desk:
            desk.finish_order(wish.order_id)


def _through(
    books: Books, store: Store | None, wish: Wish, numbers: Sequence[int], until: int
) -> None:
    files = {n: picture(wish.first + n, wish.side) for n in numbers}
    small = {n: picture(wish.first + n, 4) for n in numbers} if wish.renditions else {}
    with books.transaction() as desk:
        desk.hold([request(wish.job_id(n), number=1) for n in numbers])
        desk.settle([_built(wish.job_id(n), files[n]) for n in numbers])
        desk.inspected([_inspection(wish, n, files[n], small.get(n)) for n in numbers])
        desk.move([JobMove(wish.job_id(n), JobState.ACCEPTED, JobState.APPROVED) for n in numbers])
    done = [n for n in numbers if n < until]
    for n in done if store is not None else ():
        assert store is not None
        for suffix, data in ((SMALL, small.get(n)), ("", files[n])):
            if data is not None:
                put_files(store, wish, n, data, suffix)
    url = "memory:" if store is None else store.url
    with books.transaction() as desk:
        desk.release([_record(wish, n, files[n], url) for n in done])
    if store is not None:
        _put_whole_receipts(books, store, wish, set(done))


def _put_whole_receipts(books: Books, store: Store, wish: Wish, numbers: set[int]) -> None:
    """Replace plain receipts by those that a run would have written."""
    order = books.order(wish.order_id)
    assert order is not None
    keys = {wish.job_id(n): (wish.receipt(n), wish.receipt(n, SMALL)) for n in numbers}
    views = (view for view in books.released(wish.order_id) if view.job_id in keys)
    for view, receipts in receipts_again(books, order.record, views):
        for key, receipt in zip(keys[view.job_id], receipts, strict=False):
            store.replace(key, receipt, media_type="application/json")


def release_now(books: Books, wish: Wish, number: int) -> None:
    """Write the release of one approved job into the books; in no store."""
    data = picture(wish.first + number, wish.side)
    with books.transaction() as desk:
        desk.release([_record(wish, number, data, "memory:")])


def put_files(store: Store, wish: Wish, number: int, data: bytes, suffix: str = "") -> None:
    """Put one asset and a plain receipt under their public keys."""
    sha256 = hashlib.sha256(data).hexdigest()
    key = wish.key(number, suffix)
    receipt = json.dumps({"asset": {"key": key, "sha256": sha256}}).encode()
    store.put_once(
        wish.receipt(number, suffix),
        receipt,
        sha256=hashlib.sha256(receipt).hexdigest(),
        media_type="application/json",
    )
    store.put_once(key, data, sha256=sha256, media_type="image/png")


def _built(job_id: str, data: bytes) -> BuiltSettlement:
    made = built(f"{job_id}/1", usd_line("0.003"), sha256=hashlib.sha256(data).hexdigest())
    return replace(made, media_type="image/png", byte_count=len(data))


def _verdicts(side: int) -> tuple[VerdictRecord, ...]:
    measured = f'{{"height":{side},"width":{side}}}'
    return tuple(
        VerdictRecord(name, 1, "{}", passed=True, measured_json=measured, reason=None)
        for name in CRITERIA
    )


def _inspection(wish: Wish, number: int, data: bytes, small: bytes | None) -> Inspection:
    job_id = wish.job_id(number)
    sha256 = hashlib.sha256(data).hexdigest()
    made: tuple[RenditionRecord, ...] = ()
    if small is not None:
        made = (
            RenditionRecord(
                number=1,
                name=f"card-{number}{SMALL}",
                width=4,
                height=4,
                sha256=hashlib.sha256(small).hexdigest(),
                media_type="image/png",
                byte_count=len(small),
                from_sha256=sha256,
                verdicts=_verdicts(4),
            ),
        )
    return Inspection(
        f"{job_id}/1",
        job_id,
        _verdicts(wish.side),
        JobState.ACCEPTED,
        None,
        sha256=sha256,
        renditions=made,
    )


def _record(wish: Wish, number: int, data: bytes, url: str) -> ReleaseRecord:
    return ReleaseRecord(
        job_id=wish.job_id(number),
        sha256=hashlib.sha256(data).hexdigest(),
        store_url=url,
        release_key=wish.key(number),
        receipt_key=wish.receipt(number),
        width=wish.side,
        height=wish.side,
    )


def put_and_publish(books: Books, store: Store, wish: Wish) -> None:
    """Release an order and show it."""
    put_order(books, store, wish)
    publish(books, store, wish.order_id)


def named(store: Store, key: str) -> Iterator[str]:
    """Give the keys of the assets that a manifest or an index names, in its order."""
    _, rows = read_manifest(store, key)
    return (row.key for row in rows)


def in_manifest(store: Store, wish: Wish) -> list[str]:
    """Give the keys that an order's manifest names."""
    return list(named(store, manifest_key(CAMPAIGN, wish.order_id)))


def in_latest(store: Store) -> list[str]:
    """Give the keys that the campaign's index names."""
    return list(named(store, latest_key(CAMPAIGN)))
