"""How reviewers name what they decide about, and what is refused before the books are asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from books_parts import (
    SteppingClock,
    admit,
    an_order,
    built,
    inspect,
    jobs_of,
    move,
    settle,
    state_of,
)

from assets import DirectoryStore, stage
from flows import (
    BadSettings,
    FileChanged,
    UnknownJobId,
    UnknownOrderId,
    decide_review,
    find_order,
    job_ids_of,
    longest_waiting,
    one_waiting,
    queue_of,
    waiting_for_review,
)
from flows.errors import NotInReview
from flows.reviewing import is_drawn, share_of
from flows.rework import avoided
from ledger import Books, JobMove, JobState, OrderRecord, ReviewRefused

DATA = b"a picture"
BRIEF = json.dumps(
    {
        "prompt": "a mug",
        "width": 8,
        "height": 8,
        "format": "webp",
        "quality": 80,
        "upscale_max": "1",
        "params": {},
        "variables": {},
    }
)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = Books.open(f"sqlite:///{tmp_path}/ledger.db", clock=SteppingClock())
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(tmp_path / "store")


def edition(name: str, review: object = "all") -> OrderRecord:
    spec = json.dumps({"order": "mugs", "review": review})
    return replace(an_order(f"mugs@{name}"), spec_json=spec)


def wait(books: Books, store: DirectoryStore, job_id: str) -> str:
    """Take a planned job to where a person has to look at it; gives its file's digest."""
    sha256 = stage(store, DATA)
    settle(books, built(admit(books, job_id), sha256=sha256))
    inspect(books, job_id)
    move(books, JobMove(job_id, JobState.ACCEPTED, JobState.IN_REVIEW, "waits"))
    return sha256


def plan(books: Books, record: OrderRecord) -> list[str]:
    """Open an order whose jobs have whole briefs; gives the ids of its jobs."""
    jobs = [
        replace(job, brief_json=BRIEF.replace("a mug", f"a mug, number {job.position}"))
        for job in jobs_of(record)
    ]
    with books.transaction() as desk:
        assert desk.open_order(record, jobs)
    return [job.job_id for job in jobs]


def test_an_order_is_found_by_its_slug_where_one_edition_waits(
    books: Books, store: DirectoryStore
) -> None:
    first, second = (plan(books, edition(name)) for name in ("1", "2"))
    assert find_order(books, "mugs@1") == "mugs@1"
    assert find_order(books, "mugs") == "mugs@2"
    wait(books, store, first[0])
    assert find_order(books, "mugs") == "mugs@1"
    wait(books, store, second[0])
    with pytest.raises(BadSettings, match=r"2 editions of mugs wait .* mugs@2, mugs@1\."):
        find_order(books, "mugs")
    with pytest.raises(UnknownOrderId, match="'cups'"):
        find_order(books, "cups")


def test_assets_are_named_after_their_order_or_as_jobs(books: Books) -> None:
    one, two, _ = plan(books, edition("1"))
    for targets in (("mugs", "mug-0000", "mug-0001"), ("mugs@1", one, "mug-0001"), (one, two, one)):
        assert job_ids_of(books, targets) == [one, two]
    for targets in ((), ("mugs",)):
        with pytest.raises(BadSettings, match="Name "):
            job_ids_of(books, targets)
    with pytest.raises(UnknownJobId, match="mugs@1#nothing"):
        job_ids_of(books, ("mugs", "nothing"))


def test_a_digest_says_which_file_was_looked_at(books: Books, store: DirectoryStore) -> None:
    one, two, _ = plan(books, edition("1"))
    sha256 = wait(books, store, one)
    by = "maria@acme.example"

    def approve(*job_ids: str, looked_at: str) -> dict[str, JobState]:
        return decide_review(books, job_ids, by=by, because=None, sha256=looked_at, store=store)

    for looked_at in ("", "abc", "x" * 12):
        with pytest.raises(BadSettings, match="is no digest"):
            approve(one, looked_at=looked_at)
    with pytest.raises(BadSettings, match="of one file"):
        approve(one, two, looked_at=sha256)
    with pytest.raises(ReviewRefused, match="another file by now"):
        approve(one, looked_at="0" * 12)
    assert approve(one, looked_at=f" {sha256[:12].upper()} ") == {one: JobState.APPROVED}


def test_a_file_that_was_changed_in_the_store_is_not_approved_and_can_be_rejected(
    books: Books, store: DirectoryStore
) -> None:
    one, two, _ = plan(books, edition("1"))
    for job_id in (one, two):
        wait(books, store, job_id)
    staged = Path(one_waiting(books, store, one).where)
    staged.chmod(0o644)
    staged.write_bytes(b"another picture")
    by = "maria@acme.example"
    with pytest.raises(FileChanged, match=r"is not the one that was built .* reject it"):
        decide_review(books, [one], by=by, because="fine", approve=True, store=store)
    assert state_of(books, one) is JobState.IN_REVIEW
    states = decide_review(books, [one], by=by, because="changed", store=store)
    assert states == {one: JobState.PLANNED}
    # A file that is lost is left to the release, which has it built and looked at again.
    staged.unlink()
    states = decide_review(books, [two], by=by, because=None, store=store)
    assert states == {two: JobState.APPROVED}


def test_a_reviewer_says_what_the_next_attempt_shall_leave_out(
    books: Books, store: DirectoryStore
) -> None:
    one, *_ = plan(books, edition("1"))
    wait(books, store, one)
    by = "maria@acme.example"
    for avoid in ("", "3 mugs", "x" * 61, "text; and faces"):
        with pytest.raises(BadSettings, match="told to leave out"):
            decide_review(books, [one], by=by, because="cluttered", avoid=avoid)
    decide_review(books, [one], by=by, because="cluttered", avoid="hard shadows")
    (said,) = books.reviews([one])[one]
    assert json.loads(str(said.remedy_json)) == {"kind": "avoid", "what": "hard shadows"}
    assert avoided([], [said]) == ("hard shadows",)


def test_what_waits_longest_comes_first(books: Books, store: DirectoryStore) -> None:
    order = edition("1")
    one, two, three = plan(books, order)
    found = books.order("mugs@1")
    assert found is not None
    assert longest_waiting(books, store, "mugs@1") is None
    for job_id in (two, one):
        wait(books, store, job_id)
    first = longest_waiting(books, store, "mugs@1")
    assert first is not None
    assert (first.job.job_id, first.prompt, first.attempts_left) == (two, "a mug, number 1", 2)
    assert first.left_nano == order.per_job_nano - first.job.spent_nano
    assert [one.job.job_id for one in waiting_for_review(books, store, None)] == [two, one]
    with pytest.raises(NotInReview, match="is planned"):
        one_waiting(books, store, three)
    with pytest.raises(UnknownJobId):
        one_waiting(books, store, "mugs@1#nothing")
    decide_review(books, [two], by="jo@acme.example", because="too dark")
    queue = queue_of(books, found)
    assert (queue.share, queue.drawn, queue.jobs) == (1, 3, 3)
    assert (queue.waiting, queue.approved, queue.rejected) == (1, 0, 1)


def test_a_queue_says_the_share_that_was_drawn(books: Books) -> None:
    for name, review, drawn in (("1", "none", 0), ("2", {"sample": "0.5"}, None)):
        job_ids = plan(books, edition(name, review))
        found = books.order(f"mugs@{name}")
        assert found is not None
        share = share_of(found.record.spec_json)
        expected = sum(is_drawn(job_id, share) for job_id in job_ids) if drawn is None else drawn
        queue = queue_of(books, found)
        assert (queue.share, queue.drawn) == (share, expected)
    assert share_of('{"review":{"sample":"0.10"}}') == Decimal("0.1")
    assert share_of("{}") == 0
