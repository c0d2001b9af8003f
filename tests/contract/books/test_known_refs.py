"""What the books know a provider's runs by: all that was held since then, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from books_parts import (
    SteppingClock,
    admit,
    an_order,
    built,
    failed,
    jobs_of,
    plan,
    settle,
    unknown,
)
from sqlalchemy import text

from ledger import Books, known_refs


def test_a_reference_is_known_whatever_became_of_its_attempt(
    books: Books, clock: SteppingClock
) -> None:
    order = an_order(jobs=5)
    jobs = plan(books, order)
    attempts = [admit(books, job_id) for job_id in jobs]
    with books.transaction() as desk:
        desk.note_ref(attempts[0], "under-way")
    settle(
        books,
        built(attempts[1], ref="built"),
        replace(failed(attempts[2]), provider_ref="failed-and-free"),
        unknown(attempts[3], "lost"),
        unknown(attempts[4]),
    )
    known = books.known_refs("replicate", clock.now - timedelta(hours=1))
    assert known == {"under-way", "built", "failed-and-free", "lost"}


def test_earlier_attempts_of_a_job_are_known_too(books: Books, clock: SteppingClock) -> None:
    (job_id, *_) = plan(books, an_order())
    settle(books, replace(failed(admit(books, job_id)), provider_ref="first"))
    settle(books, built(admit(books, job_id, number=2), ref="second"))
    assert books.known_refs("replicate", clock.now - timedelta(hours=1)) == {"first", "second"}


def test_only_what_was_held_since_then_is_told(books: Books, clock: SteppingClock) -> None:
    old, new, late = plan(books, an_order())
    settle(books, built(admit(books, old), ref="old"))
    lost_long_ago = admit(books, late)
    clock.now += timedelta(hours=3)
    since = clock.now
    settle(books, built(admit(books, new), ref="new"), built(lost_long_ago, ref="held-before"))
    assert books.known_refs("replicate", since) == {"new"}
    assert books.known_refs("replicate", since + timedelta(hours=1)) == set()


def test_all_orders_of_the_provider_count_and_no_other_providers(
    books: Books, clock: SteppingClock
) -> None:
    for order_id, provider in (("a@1", "replicate"), ("b@1", "replicate"), ("c@1", "studio")):
        order = replace(an_order(order_id, jobs=1), provider=provider)
        (job,) = jobs_of(order)
        with books.transaction() as desk:
            desk.open_order(order, [job])
        settle(books, built(admit(books, job.job_id), ref=f"run-{order_id}"))
    since = clock.now - timedelta(hours=1)
    assert books.known_refs("replicate", since) == {"run-a@1", "run-b@1"}
    assert books.known_refs("studio", since) == {"run-c@1"}


def test_sqlite_finds_them_by_indexes_alone(books: Books) -> None:
    if not books.url.startswith("sqlite"):
        # A server plans by its statistics, and these tables are empty.
        return
    with books._reading() as connection:
        sql = str(known_refs.KNOWN.compile(connection))
        steps = connection.execute(
            text("EXPLAIN QUERY PLAN " + sql.replace("?", ":x")), {"x": 0}
        ).all()
    assert len(steps) == 4
    assert all("USING INDEX" in step.detail and "SCAN" not in step.detail for step in steps)
