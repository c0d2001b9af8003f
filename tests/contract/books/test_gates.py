"""Nothing untested travels: the ways from built to released, and no other way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from books_parts import (
    CENT,
    SHA256,
    admit,
    an_order,
    approve,
    built,
    inspect,
    move,
    plan,
    release,
    release_record,
    review,
    settle,
    sound,
    state_of,
    through,
    unknown,
    verdict,
)

from ledger import (
    Books,
    BrokenPromise,
    Inspection,
    JobMove,
    JobState,
    UnknownJob,
    WrongState,
)


@pytest.fixture
def built_job(books: Books) -> str:
    one, *_ = plan(books, an_order())
    settle(books, built(admit(books, one)))
    return one


def test_verdicts_are_kept_as_they_were_found(books: Books, built_job: str) -> None:
    found = (verdict("dimensions"), verdict("format"), verdict("dimensions"))
    inspect(books, built_job, *found)
    assert books.verdicts(f"{built_job}/1") == found
    (view,) = books.jobs([built_job])
    assert view.state is JobState.ACCEPTED
    assert view.accepted_at is not None
    assert books.verdicts("nobody") == ()


def test_what_fails_goes_back_with_its_reason_and_can_be_built_again(
    books: Books, built_job: str
) -> None:
    inspect(books, built_job, verdict("dimensions", passed=False))
    (view,) = books.jobs([built_job])
    assert (view.state, view.accepted_at) == (JobState.PLANNED, None)
    assert view.reason == "dimensions: it is 10 pixels too wide"
    settle(books, built(admit(books, built_job, number=2)))
    inspect(books, built_job, number=2)
    sound(books)


def test_nothing_is_accepted_without_a_passed_verdict(books: Books, built_job: str) -> None:
    attempt_id = f"{built_job}/1"
    for verdicts in ((), (verdict(), verdict("format", passed=False))):
        inspection = Inspection(attempt_id, built_job, verdicts, JobState.ACCEPTED, None)
        with pytest.raises(BrokenPromise, match="cannot be accepted"):
            _inspected(books, inspection)
    with pytest.raises(BrokenPromise, match="to released"):
        _inspected(books, Inspection(attempt_id, built_job, (), JobState.RELEASED, None))
    assert state_of(books, built_job) is JobState.BUILT


def test_an_inspection_is_of_the_bytes_that_the_job_has_now(books: Books, built_job: str) -> None:
    other = Inspection("other/1", built_job, (verdict(),), JobState.ACCEPTED, None)
    with pytest.raises(WrongState, match="had to be at other/1"):
        _inspected(books, other)
    inspect(books, built_job)
    with pytest.raises(WrongState, match="is accepted and had to be built"):
        inspect(books, built_job)


def test_one_bad_inspection_undoes_the_whole_batch(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    settle(books, built(admit(books, one)), built(admit(books, two)))
    good = Inspection(f"{one}/1", one, (verdict(),), JobState.ACCEPTED, None)
    with pytest.raises(UnknownJob, match="#gone"), books.transaction() as desk:
        desk.inspected([good, Inspection("x", "mugs@2026#gone", (), JobState.REJECTED, None)])
    assert state_of(books, one) is JobState.BUILT
    assert books.verdicts(f"{one}/1") == ()


def test_a_review_names_who_approved_and_when(books: Books, built_job: str) -> None:
    inspect(books, built_job)
    (accepted,) = books.jobs([built_job])
    move(books, JobMove(built_job, JobState.ACCEPTED, JobState.IN_REVIEW, "sampled"))
    (waiting,) = books.jobs([built_job])
    assert (waiting.accepted_at, waiting.reason) == (accepted.accepted_at, "sampled")
    review(books, built_job, by="reviewer@acme.example")
    (view,) = books.jobs([built_job])
    assert (view.state, view.approved_by) == (JobState.APPROVED, "reviewer@acme.example")
    assert view.accepted_at is not None
    assert accepted.accepted_at is not None
    assert view.accepted_at > accepted.accepted_at


def test_a_review_can_send_a_job_back_and_forgets_that_it_was_accepted(
    books: Books, built_job: str
) -> None:
    inspect(books, built_job)
    move(books, JobMove(built_job, JobState.ACCEPTED, JobState.IN_REVIEW))
    assert review(books, built_job, "too dark") is JobState.PLANNED
    (view,) = books.jobs([built_job])
    reason = "maria@acme.example rejected it in review: too dark"
    assert (view.state, view.reason, view.accepted_at) == (JobState.PLANNED, reason, None)
    assert view.approved_by is None
    admit(books, built_job, number=2)
    sound(books)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (JobState.BUILT, JobState.ACCEPTED),
        (JobState.BUILT, JobState.IN_REVIEW),
        (JobState.BUILT, JobState.APPROVED),
        (JobState.PLANNED, JobState.APPROVED),
        (JobState.ACCEPTED, JobState.RELEASED),
        (JobState.PLANNED, JobState.BUILDING),
        (JobState.BUILDING, JobState.PLANNED),
        (JobState.UNKNOWN, JobState.FAILED),
        (JobState.RELEASED, JobState.PLANNED),
        (JobState.PLANNED, JobState.PLANNED),
    ],
)
def test_there_is_no_way_around_a_gate(
    books: Books, built_job: str, start: JobState, end: JobState
) -> None:
    with pytest.raises(BrokenPromise):
        move(books, JobMove(built_job, start, end))


def test_a_move_starts_where_the_job_is(books: Books, built_job: str) -> None:
    with pytest.raises(WrongState, match="is built and had to be accepted"):
        move(books, JobMove(built_job, JobState.ACCEPTED, JobState.APPROVED))
    with pytest.raises(BrokenPromise, match="named twice"):
        move(books, *[JobMove(built_job, JobState.BUILT, JobState.PLANNED)] * 2)


def test_a_release_is_read_back_with_all_that_a_receipt_says(books: Books) -> None:
    one, *_ = plan(books, an_order())
    through(books, one)
    view = books.released_one(one)
    assert view is not None
    assert (view.sha256, view.width, view.height) == (SHA256, 1024, 1024)
    assert (view.cost_nano, view.seed, view.attempts_used) == (3 * CENT, 1_001, 1)
    assert (view.owner, view.order_title) == ("brand-team@acme.example", "Autumn mugs")
    assert view.released_at > view.accepted_at
    assert state_of(books, one) is JobState.RELEASED
    assert books.released_one("mugs@2026#nothing") is None
    sound(books)


def test_releases_are_listed_by_name(books: Books) -> None:
    job_ids = plan(books, an_order(jobs=5))
    for job_id in (job_ids[3], job_ids[0], job_ids[4]):
        through(books, job_id)
    names = [view.name for view in books.released("mugs@2026")]
    assert names == ["mug-0000", "mug-0003", "mug-0004"]
    assert list(books.released("lamps@1")) == []


def test_only_approved_bytes_are_released(books: Books, built_job: str) -> None:
    with pytest.raises(WrongState, match="had to be approved"):
        release(books, built_job)
    inspect(books, built_job)
    approve(books, built_job)
    with pytest.raises(BrokenPromise, match="cannot be released"), books.transaction() as desk:
        desk.release([release_record(built_job, "ff" * 32)])
    release(books, built_job)
    with pytest.raises(WrongState, match="is released"):
        release(books, built_job)
    sound(books)


def test_a_public_key_belongs_to_one_job(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    through(books, one)
    settle(books, built(admit(books, two)))
    inspect(books, two)
    approve(books, two)
    taken = replace(release_record(two), release_key=release_record(one).release_key)
    with pytest.raises(BrokenPromise, match="rules"), books.transaction() as desk:
        desk.release([taken])
    assert state_of(books, two) is JobState.APPROVED


def test_an_unknown_job_moves_only_by_its_settlement(books: Books) -> None:
    one, *_ = plan(books, an_order())
    settle(books, unknown(admit(books, one)))
    with pytest.raises(BrokenPromise, match="only a settlement"):
        move(books, JobMove(one, JobState.UNKNOWN, JobState.PLANNED))


def _inspected(books: Books, inspection: Inspection) -> None:
    with books.transaction() as desk:
        desk.inspected([inspection])
