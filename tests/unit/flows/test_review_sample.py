"""Which jobs a person looks at: none, all, or a share that is the same on every machine and day."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import books_parts
import pytest
from unit.flows.order_parts import order, plan

from assets import MemoryStore
from flows import stages
from flows.bookkeeping import Bookkeeper
from flows.order_run import OrderRun
from flows.stages import wants_review
from generators import Access, open_with
from ledger import Books, JobMove, JobState
from validators import LocalInspectors

JOBS = [f"mugs@1#mug-{number}" for number in range(10_000)]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = Books.open(f"sqlite:///{tmp_path}/ledger.db", clock=lambda: datetime.now(UTC))
    yield opened
    opened.close()


def run_with(tmp_path: Path, books: Books, review: object) -> OrderRun:
    made = plan(tmp_path, order(review=review))
    return OrderRun(
        record=made.record(),
        form=made.form,
        keeper=Bookkeeper(books),
        store=MemoryStore(),
        generator=open_with("studio", "cards", Access()),
        clock=lambda: datetime.now(UTC),
        sleep=asyncio.sleep,
        new_id=lambda: "one",
        settle_timeout_s=1,
        threads=ThreadPoolExecutor(1),
        inspectors=LocalInspectors(),
    )


def chosen(tmp_path: Path, books: Books, review: object) -> set[str]:
    run = run_with(tmp_path, books, review)
    return {job for job in JOBS if wants_review(run, job)}


def test_none_and_all_mean_what_they_say(tmp_path: Path, books: Books) -> None:
    assert chosen(tmp_path, books, "none") == set()
    assert chosen(tmp_path, books, "all") == set(JOBS)
    assert chosen(tmp_path, books, {"sample": 1}) == set(JOBS)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_share_is_about_that_share(tmp_path: Path, books: Books, share: float) -> None:
    count = len(chosen(tmp_path, books, {"sample": share}))
    # Four standard deviations of a binomial draw.
    spread = 4 * (len(JOBS) * share * (1 - share)) ** 0.5
    assert abs(count - len(JOBS) * share) < spread


def test_a_larger_share_looks_at_the_same_jobs_and_more(tmp_path: Path, books: Books) -> None:
    few = chosen(tmp_path, books, {"sample": 0.1})
    assert few == chosen(tmp_path, books, {"sample": "0.10"})
    assert few < chosen(tmp_path, books, {"sample": 0.2})


def test_the_share_is_exact(tmp_path: Path, books: Books) -> None:
    run = run_with(tmp_path, books, {"sample": 0.1})
    assert not isinstance(run.form.review, str)
    assert run.form.review.sample == Decimal("0.1")


def test_what_comes_after_a_rejected_file_is_seen_by_a_person_too(
    tmp_path: Path, books: Books
) -> None:
    run = run_with(tmp_path, books, "none")
    plain, doubted, _ = job_ids = books_parts.plan(books, books_parts.an_order())
    for job_id in (plain, doubted):
        books_parts.settle(books, books_parts.built(books_parts.admit(books, job_id)))
        books_parts.inspect(books, job_id)
    books_parts.move(books, JobMove(doubted, JobState.ACCEPTED, JobState.IN_REVIEW, "a doubt"))
    books_parts.review(books, doubted, "too dark")
    again = books_parts.admit(books, doubted, number=2)
    books_parts.settle(books, books_parts.built(again, sha256="cd" * 32))
    books_parts.inspect(books, doubted, number=2)

    async def reviewed() -> None:
        async with run.keeper:
            await stages.review(run, job_ids)

    asyncio.run(reviewed())
    assert books_parts.state_of(books, plain) is JobState.APPROVED
    (view,) = books.jobs([doubted])
    assert view.state is JobState.IN_REVIEW
    assert view.reason == (
        "waits for a person's review (maria@acme.example rejected the file before it)"
    )
