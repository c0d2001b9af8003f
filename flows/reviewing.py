"""What a person has to look at, and what becomes of it when they have decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from assets import DigestMismatch, Missing, Store, staged, staging_key
from flows.briefs import JobBrief, canonical_json
from flows.errors import BadSettings, FileChanged, NotInReview, UnknownJobId, UnknownOrderId
from flows.rework import avoidable
from ledger import (
    Books,
    JobState,
    JobView,
    OrderRecord,
    OrderView,
    Review,
    ReviewDecision,
    ReviewView,
    VerdictRecord,
    WaitingView,
)

PAGE = 1_000
DIGEST_PREFIX_MIN = 8
"""Hex digits that tell one file from another for sure enough."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that waits for a person, with all that they need to decide."""

    job: JobView
    order: OrderRecord
    since: datetime
    where: str
    """Where its file is: a path, or a place in the store."""
    prompt: str
    verdicts: tuple[VerdictRecord, ...]
    earlier: tuple[ReviewView, ...]
    """What was decided about files of the same job before."""

    @property
    def sha256(self) -> str:
        """The digest of the file."""
        return str(self.job.sha256)

    @property
    def doubts(self) -> tuple[VerdictRecord, ...]:
        """The rules that the file breaks: those that want a person first, then the warnings."""
        broken = [one for one in self.verdicts if not one.passed]
        return tuple(sorted(broken, key=lambda one: one.severity.value == "warn"))

    @property
    def attempts_left(self) -> int:
        """How often it can be built again."""
        return max(0, self.order.attempts_max - self.job.attempts_used)

    @property
    def left_nano(self) -> int:
        """What its next attempts may cost, as far as the job's own cap goes."""
        return max(0, self.order.per_job_nano - self.job.spent_nano)


@dataclass(frozen=True, slots=True)
class Queue:
    """How an order's reviews stand."""

    order_id: str
    owner: str
    share: Decimal
    """The share of its assets that the order wants a person to see, 0 to 1."""
    drawn: int
    """How many of its jobs that is."""
    jobs: int
    waiting: int
    approved: int
    rejected: int
    """Files that were rejected; a job may have had several."""


def share_of(spec_json: str) -> Decimal:
    """Read from a recorded order which share of its assets a person has to see."""
    asked = json.loads(spec_json).get("review", "none")
    if isinstance(asked, dict):
        return Decimal(str(asked["sample"]))
    return Decimal(1 if asked == "all" else 0)


def is_drawn(job_id: str, share: Decimal) -> bool:
    """Whether a job is in the share; its id decides, so a sample stays the same."""
    digest = hashlib.sha256(f"review\n{job_id}".encode()).digest()
    return Decimal(int.from_bytes(digest[:8], "big")) / Decimal(2**64) < share


def find_order(books: Books, name: str) -> str:
    """Find an order by its id, or by its slug where only one edition waits for a person.

    Raises:
        UnknownOrderId: the books have no such order.
        BadSettings: several editions wait.
    """
    if books.order(name) is not None:
        return name
    editions = [view.record.order_id for view in books.find_orders(name)]
    if not editions:
        raise UnknownOrderId(name)
    waits = [one for one in editions if books.waiting(one, 1)]
    if len(waits) > 1:
        raise BadSettings(
            f"{len(waits)} editions of {name} wait for review; name one: {', '.join(waits)}."
        )
    return (waits or editions)[0]


def job_ids_of(books: Books, targets: Sequence[str]) -> list[str]:
    """Read `ORDER NAME…`, or ids of jobs, as ids of jobs.

    Raises:
        UnknownOrderId, UnknownJobId: the books do not have it.
        BadSettings: it names nothing.
    """
    if not targets:
        raise BadSettings(
            "Name an order and its assets, or jobs; `mintage review list` shows what waits."
        )
    if "#" in targets[0]:
        job_ids = list(targets)
    elif len(targets) == 1:
        raise BadSettings(
            f"Name the assets of {targets[0]} too; `mintage review show {targets[0]}` shows what "
            "waits."
        )
    else:
        order_id = find_order(books, targets[0])
        job_ids = [
            name if name.startswith(f"{order_id}#") else f"{order_id}#{name}"
            for name in targets[1:]
        ]
    job_ids = list(dict.fromkeys(job_ids))
    known = {view.job_id for view in books.jobs(job_ids)}
    missing = next((one for one in job_ids if one not in known), None)
    if missing is not None:
        raise UnknownJobId(missing)
    return job_ids


def queue_of(books: Books, order: OrderView) -> Queue:
    """Say how an order's reviews stand."""
    record = order.record
    share = share_of(record.spec_json)
    if share in {0, 1}:
        drawn = int(share) * record.job_count
    else:
        drawn = sum(
            is_drawn(job_id, share)
            for job_ids in _pages(books, record.order_id)
            for job_id in job_ids
        )
    decided = books.review_counts(record.order_id)
    return Queue(
        order_id=record.order_id,
        owner=record.owner,
        share=share,
        drawn=drawn,
        jobs=record.job_count,
        waiting=books.job_counts(record.order_id)[JobState.IN_REVIEW],
        approved=decided[ReviewDecision.APPROVED],
        rejected=decided[ReviewDecision.REJECTED],
    )


def _pages(books: Books, order_id: str) -> Iterator[list[str]]:
    after = -1
    while True:
        page = books.job_ids(order_id, tuple(JobState), after, PAGE)
        yield [job_id for _, job_id in page]
        if len(page) < PAGE:
            return
        after = page[-1][0]


def waiting_for_review(books: Books, store: Store, order_id: str | None) -> Iterator[Waiting]:
    """Give each file that waits for a person; of an order, or of all; longest first in each."""
    order_ids = [order_id] if order_id else [view.record.order_id for view in books.orders()]
    for one in order_ids:
        order = books.order(one)
        after: WaitingView | None = None
        while order is not None:
            page = books.waiting(one, PAGE, after)
            yield from _gathered(books, store, order.record, page)
            if len(page) < PAGE:
                break
            after = page[-1]


def longest_waiting(books: Books, store: Store, order_id: str) -> Waiting | None:
    """Give the file of an order that waits longest, if one waits."""
    order = books.order(order_id)
    assert order is not None  # noqa: S101  the caller has found it
    return next(_gathered(books, store, order.record, books.waiting(order_id, 1)), None)


def one_waiting(books: Books, store: Store, job_id: str) -> Waiting:
    """Give one file that waits.

    Raises:
        UnknownJobId: the books have no such job.
        NotInReview: it does not wait for a person.
    """
    views = books.jobs([job_id])
    if not views:
        raise UnknownJobId(job_id)
    (view,) = views
    order = books.order(view.order_id)
    assert order is not None  # noqa: S101  a job belongs to an order
    found = books.waits(job_id)
    gathered = found and next(_gathered(books, store, order.record, [found]), None)
    if not gathered:
        raise NotInReview(job_id, str(view.state))
    return gathered


def _gathered(
    books: Books, store: Store, order: OrderRecord, page: Sequence[WaitingView]
) -> Iterator[Waiting]:
    job_ids = [one.job_id for one in page]
    earlier = books.reviews(job_ids)
    since = {one.job_id: one.since for one in page}
    views = books.jobs(job_ids)
    verdicts = books.verdicts_on([str(view.attempt_id) for view in views])
    for view in views:
        if view.state is not JobState.IN_REVIEW or view.sha256 is None:
            continue  # Somebody has decided between two looks.
        yield Waiting(
            job=view,
            order=order,
            since=since[view.job_id],
            where=store.locate(staging_key(view.sha256)),
            prompt=JobBrief.from_json(view.brief_json).prompt,
            verdicts=verdicts.get(str(view.attempt_id), ()),
            earlier=earlier.get(view.job_id, ()),
        )


def decide_review(  # noqa: PLR0913  each is something that a person says
    books: Books,
    job_ids: Sequence[str],
    *,
    by: str,
    because: str | None,
    approve: bool | None = None,
    sha256: str | None = None,
    avoid: str | None = None,
    store: Store | None = None,
) -> dict[str, JobState]:
    """Approve the files of jobs or reject them, all or none; give where each job is now.

    Without `approve`, a reason means a rejection. `sha256` is the beginning of the digest of the
    file that was looked at; `avoid` is a thing that the next attempt is told to leave out. With a
    store, a file that was changed there is not decided about.

    Raises:
        UnknownJobId: the books have no such job.
        ReviewRefused: a job does not wait, or with another file; or nobody or the owner decides.
        FileChanged: its file is not what was built any more.
        BadSettings: a digest that cannot be one, or one for several files; a thing that no model
            can be told to avoid.
    """
    views = {view.job_id: view for view in books.jobs(list(dict.fromkeys(job_ids)))}
    missing = next((one for one in job_ids if one not in views), None)
    if missing is not None:
        raise UnknownJobId(missing)
    looked_at = _looked_at(job_ids, sha256)
    remedy = None if avoid is None else _remedy(avoid)
    approving = because is None if approve is None else approve
    decided = []
    for job_id, view in views.items():
        digest = view.sha256 or ""
        if not digest.startswith(looked_at):
            # The books say how it stands now: decided by somebody, or waiting with another file.
            digest = looked_at
        elif store is not None and approving and view.state is JobState.IN_REVIEW:
            _must_be_as_built(store, view)
        decided.append(
            Review(
                job_id=job_id,
                sha256=digest,
                decision=ReviewDecision.APPROVED if approving else ReviewDecision.REJECTED,
                by=by,
                because=because,
                remedy_json=remedy,
            )
        )
    with books.transaction() as desk:
        states = desk.review(decided)
        for order_id in sorted({view.order_id for view in views.values()}):
            desk.resume_order(order_id)
    return states


def _remedy(avoid: str) -> str:
    """Write down what to leave out as inspectors do."""
    if not avoidable(avoid):
        raise BadSettings(
            f"--avoid {avoid!r} is not what a model can be told to leave out: name one thing in words, "
            "such as 'text' or 'hard shadows'."
        )
    return canonical_json({"kind": "avoid", "what": avoid})


def _looked_at(job_ids: Sequence[str], sha256: str | None) -> str:
    if sha256 is None:
        return ""
    prefix = sha256.strip().lower()
    if len(job_ids) > 1:
        raise BadSettings("A digest is of one file: name one asset with --sha256.")
    if len(prefix) < DIGEST_PREFIX_MIN or prefix.strip("0123456789abcdef"):
        raise BadSettings(
            f"--sha256 {sha256!r} is no digest: give {DIGEST_PREFIX_MIN} of its hex digits or more."
        )
    return prefix


def _must_be_as_built(store: Store, view: JobView) -> None:
    try:
        staged(store, str(view.sha256))
    except DigestMismatch as error:
        raise FileChanged(view.job_id, str(error)) from error
    except Missing:
        # The release finds out too, and has it built and looked at again.
        return
