"""Approvals from before people's reviews were kept: carried over as they were, and released."""

from __future__ import annotations

import pytest
from alembic import command
from books_parts import (
    SteppingClock,
    admit,
    an_order,
    built,
    inspect,
    move,
    plan,
    release,
    review,
    run_sql,
    settle,
    sound,
)

from ledger import Books, JobMove, JobState, ReviewDecision
from ledger.engine import make_engine, parse_url
from ledger.revisions import alembic_config


def back(url: str) -> None:
    """Take the books back to where there were no reviews."""
    engine = make_engine(parse_url(url))
    try:
        with engine.begin() as connection:
            command.downgrade(alembic_config(connection), "0006")
    finally:
        engine.dispose()


def test_approvals_are_carried_over_and_what_people_said_is_never_lost(empty_url: str) -> None:
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
        one, two, three = plan(books, an_order())
        for job_id in (one, two, three):
            settle(books, built(admit(books, job_id)))
            inspect(books, job_id)
            move(books, JobMove(job_id, JobState.ACCEPTED, JobState.IN_REVIEW, "waits"))
    back(empty_url)
    approve = "UPDATE jobs SET state = 'approved', approved_by = '{by}' WHERE job_id = '{job_id}'"
    # Nobody asked in those days who owns the order, nor for a name at all.
    owner = "brand-team@acme.example"
    run_sql(empty_url, [approve.format(by=owner, job_id=one), approve.format(by="", job_id=two)])
    for _ in range(2):
        with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
            kept = books.reviews([one, two, three])
            assert [said.by for said in kept[one] + kept[two]] == [owner, "(not named)"]
            assert {said.decision for said in kept[one]} == {ReviewDecision.APPROVED}
            assert three not in kept
            sound(books)
        back(empty_url)
    with Books.open(empty_url, clock=SteppingClock(), migrate=True) as books:
        release(books, one, two)
        review(books, three, "too dark")
        sound(books)
    with pytest.raises(RuntimeError, match="no place for what people said"):
        back(empty_url)
