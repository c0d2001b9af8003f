"""One process at a time moves an order's jobs."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from books_parts import SteppingClock

from ledger import Books, BrokenPromise, HeldBy, Lease, LeaseLost


def take(books: Books, holder: str, ttl_s: float = 60) -> Lease | HeldBy:
    with books.transaction() as desk:
        return desk.take_lease("mugs@2026", holder, ttl_s)


def test_a_free_lease_is_taken_and_anybody_else_is_told_by_whom(
    books: Books, clock: SteppingClock
) -> None:
    mine = take(books, "host:1")
    assert isinstance(mine, Lease)
    assert mine.expires_at - mine.since == timedelta(seconds=60)
    theirs = take(books, "host:2")
    assert theirs == HeldBy("host:1", mine.since, mine.expires_at)
    assert clock.now > mine.since


def test_an_expired_lease_can_be_taken(books: Books, clock: SteppingClock) -> None:
    take(books, "host:1", 10)
    clock.now += timedelta(seconds=10)
    taken = take(books, "host:2")
    assert isinstance(taken, Lease)
    with pytest.raises(LeaseLost, match="host:2"), books.transaction() as desk:
        desk.renew_lease("mugs@2026", "host:1", 10)


def test_a_lease_is_kept_by_renewing_it(books: Books, clock: SteppingClock) -> None:
    first = take(books, "host:1", 10)
    clock.now += timedelta(seconds=5)
    with books.transaction() as desk:
        renewed = desk.renew_lease("mugs@2026", "host:1", 10)
    assert isinstance(first, Lease)
    assert renewed.since == first.since
    assert renewed.expires_at > first.expires_at


def test_a_lease_that_has_expired_and_that_nobody_took_is_renewed(
    books: Books, clock: SteppingClock
) -> None:
    take(books, "host:1", 10)
    clock.now += timedelta(seconds=30)
    with books.transaction() as desk:
        assert desk.renew_lease("mugs@2026", "host:1", 10).holder == "host:1"


def test_a_lease_that_somebody_else_has_had_is_lost_even_when_it_is_free_again(
    books: Books, clock: SteppingClock
) -> None:
    take(books, "host:1", 10)
    clock.now += timedelta(seconds=30)
    take(books, "host:2", 10)
    with books.transaction() as desk:
        desk.drop_lease("mugs@2026", "host:2")
    with pytest.raises(LeaseLost), books.transaction() as desk:
        desk.renew_lease("mugs@2026", "host:1", 10)


def test_a_clock_that_is_set_back_does_not_keep_a_lease_from_being_renewed(
    books: Books, clock: SteppingClock
) -> None:
    take(books, "host:1", 10)
    clock.now -= timedelta(hours=1)
    with books.transaction() as desk:
        assert desk.renew_lease("mugs@2026", "host:1", 10).holder == "host:1"


def test_a_lease_is_dropped_by_its_holder_only(books: Books) -> None:
    take(books, "host:1")
    with books.transaction() as desk:
        assert not desk.drop_lease("mugs@2026", "host:2")
        assert desk.drop_lease("mugs@2026", "host:1")
        assert not desk.drop_lease("mugs@2026", "host:1")
    assert isinstance(take(books, "host:2"), Lease)


def test_a_dead_holders_lease_is_broken_unless_somebody_else_has_it_by_now(books: Books) -> None:
    take(books, "host:1")
    with books.transaction() as desk:
        assert not desk.break_lease("mugs@2026", "host:9")
        assert desk.break_lease("mugs@2026", "host:1")
    assert isinstance(take(books, "host:2"), Lease)


def test_a_lease_needs_a_time_to_live(books: Books) -> None:
    for ttl_s in (0.0, -1.0, float("nan")):
        with pytest.raises(BrokenPromise, match="positive"):
            take(books, "host:1", ttl_s)


def test_work_is_moved_only_under_ones_own_lease(books: Books, clock: SteppingClock) -> None:
    take(books, "host:1", 10)
    clock.now += timedelta(seconds=30)
    with books.transaction() as desk:
        # Expired, but nobody else wants it: the work goes on.
        desk.must_hold_lease("mugs@2026", "host:1")
    take(books, "host:2")
    with pytest.raises(LeaseLost, match="taken over by host:2"), books.transaction() as desk:
        desk.must_hold_lease("mugs@2026", "host:1")
    with books.transaction() as desk:
        desk.drop_lease("mugs@2026", "host:2")
    with pytest.raises(LeaseLost, match="by somebody else"), books.transaction() as desk:
        desk.must_hold_lease("mugs@2026", "host:1")


def test_nobody_takes_a_lease_from_under_a_transaction_that_made_sure_of_it(
    books: Books, clock: SteppingClock
) -> None:
    take(books, "host:1", 10)
    clock.now += timedelta(seconds=30)
    taken = threading.Event()

    def rival() -> None:
        take(books, "host:2")
        taken.set()

    thread = threading.Thread(target=rival)
    with books.transaction() as desk:
        desk.must_hold_lease("mugs@2026", "host:1")
        thread.start()
        assert not taken.wait(0.3)
    thread.join(timeout=10)
    assert taken.is_set()
