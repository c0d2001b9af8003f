"""Makes the receipts of what is released again, from the books: what is in the store must say the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from assets import receipt_json
from assets.receipts import timestamp
from flows.briefs import JobBrief
from flows.errors import BooksAltered
from flows.releasing import Gathered, approval, release_forms
from ledger import Books, OrderRecord, ReleasedView, WithdrawalView

BATCH = 500
"""Releases whose verdicts, reviews and files are read at once."""


def receipts_again(
    books: Books, order: OrderRecord, views: Iterable[ReleasedView]
) -> Iterator[tuple[ReleasedView, tuple[bytes, ...]]]:
    """Give each release with its receipts: the master's, then those of its renditions.

    They are empty where the books do not have what a receipt has to say.
    """
    source = iter(views)
    while batch := list(islice(source, BATCH)):
        yield from zip(batch, _of_batch(books, order, batch), strict=True)


def _of_batch(
    books: Books, order: OrderRecord, batch: Sequence[ReleasedView]
) -> Iterator[tuple[bytes, ...]]:
    jobs = {view.job_id: view for view in books.jobs([one.job_id for one in batch])}
    attempts = [one.attempt_id for one in batch]
    verdicts = books.verdicts_on(attempts)
    judged = books.rendition_verdicts(attempts)
    signings = books.signings(attempts)
    reviews = books.reviews([one.job_id for one in batch if one.approved_by])
    for one in batch:
        view = jobs[one.job_id]
        numbers = [0, *(made.number for made in one.renditions)]
        found = Gathered(
            brief=JobBrief.from_json(one.brief_json),
            verdicts=verdicts.get(one.attempt_id, ()),
            review=approval(view, reviews.get(one.job_id, ())) if one.approved_by else None,
            mends=books.mends(one.attempt_id) if view.mend_count else (),
            renditions=one.renditions,
            rendition_verdicts={n: judged.get((one.attempt_id, n), ()) for n in numbers[1:]},
            signings={
                n: signings[key] for n in numbers if (key := (one.attempt_id, n)) in signings
            },
        )
        mark = books.withdrawal(one.job_id) if one.withdrawn else None
        try:
            forms = release_forms(order, view, found)
        except BooksAltered:
            # What is wrong there is told by `mintage ledger verify`.
            yield (b"",) * len(numbers)
        else:
            yield tuple(_marked(receipt_json(form), mark) for form in forms)


def _marked(receipt: bytes, mark: WithdrawalView | None) -> bytes:
    if mark is None:
        return receipt
    told = {"by": mark.by, "because": mark.because, "at": timestamp(mark.at)}
    return json.dumps({**json.loads(receipt), "withdrawn": told}).encode()
