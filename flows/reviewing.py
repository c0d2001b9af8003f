"""What a person has to look at, and what becomes of it when they have decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assets import Store, staging_key
from flows.briefs import JobBrief
from flows.errors import NotInReview, UnknownJobId
from ledger import Books, JobMove, JobState, JobView

PAGE = 1_000


def waiting_for_review(
    books: Books, store: Store, order_id: str | None
) -> Iterator[tuple[JobView, str, str]]:
    """Give each job that waits for a person, with where its file is and what was asked for."""
    order_ids = [order_id] if order_id else [view.record.order_id for view in books.orders()]
    for one in order_ids:
        after = -1
        while True:
            page = books.job_ids(one, (JobState.IN_REVIEW,), after, PAGE)
            for view in books.jobs([job_id for _, job_id in page]):
                where = store.locate(staging_key(str(view.sha256)))
                yield view, where, JobBrief.from_json(view.brief_json).prompt
            if len(page) < PAGE:
                break
            after = page[-1][0]


def decide_review(
    books: Books, job_ids: Sequence[str], *, by: str, because: str | None
) -> list[str]:
    """Approve jobs, or with `because` reject them; all of them or none. Give the orders to resume.

    Raises:
        UnknownJobId: the books have no such job.
        NotInReview: a job does not wait for a person.
    """
    unknown = [job_id for job_id in job_ids if books.story(job_id) is None]
    if unknown:
        raise UnknownJobId(unknown[0])
    views = books.jobs(list(dict.fromkeys(job_ids)))
    for view in views:
        if view.state is not JobState.IN_REVIEW:
            raise NotInReview(view.job_id, str(view.state))
    moves: list[JobMove] = []
    for view in views:
        order = books.order(view.order_id)
        assert order is not None  # noqa: S101  a job belongs to an order
        if because is None:
            moves.append(JobMove(view.job_id, JobState.IN_REVIEW, JobState.APPROVED, by=by))
            continue
        left = view.attempts_used < order.record.attempts_max
        state = JobState.PLANNED if left else JobState.REJECTED
        reason = f"{by} rejected it in review: {because}"
        moves.append(JobMove(view.job_id, JobState.IN_REVIEW, state, reason, by=by))
    with books.transaction() as desk:
        desk.move(moves)
        for order_id in {view.order_id for view in views}:
            desk.resume_order(order_id)
    return sorted({view.order_id for view in views})
