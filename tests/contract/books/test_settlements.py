"""Every hold ends exactly once: charged, voided, or kept while nobody knows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from books_parts import (
    CENT,
    SHA256,
    admit,
    an_order,
    built,
    failed,
    kinds,
    plan,
    settle,
    sound,
    state_of,
    unknown,
    usd_line,
)

from ledger import (
    AlreadySettled,
    AttemptState,
    Books,
    BrokenPromise,
    JobState,
    MoneyError,
    OrderState,
    PriceLine,
    RunKnown,
    Settled,
    UnknownAttempt,
)


@pytest.fixture
def job_ids(books: Books) -> list[str]:
    return plan(books, an_order())


def test_a_built_attempt_is_charged_and_the_rest_of_its_hold_released(
    books: Books, job_ids: list[str]
) -> None:
    one = job_ids[0]
    attempt_id = admit(books, one, 5 * CENT)
    assert settle(books, built(attempt_id)) == [Settled(attempt_id, 3 * CENT, 0)]
    assert kinds(books, one) == [("hold", 5 * CENT), ("charge", 3 * CENT), ("release", 2 * CENT)]
    (view,) = books.jobs([one])
    assert (view.state, view.sha256, view.media_type) == (JobState.BUILT, SHA256, "image/webp")
    assert (view.byte_count, view.spent_nano) == (1_234, 3 * CENT)
    assert view.provider_ref == f"ref-{attempt_id}"
    order = books.order("mugs@2026")
    assert order is not None
    assert (order.held_nano, order.spent_nano) == (0, 3 * CENT)
    assert books.lost() == []
    sound(books)


def test_a_charge_of_the_whole_hold_releases_nothing(books: Books, job_ids: list[str]) -> None:
    one = job_ids[0]
    settle(books, built(admit(books, one, 3 * CENT)))
    assert kinds(books, one) == [("hold", 3 * CENT), ("charge", 3 * CENT)]
    sound(books)


def test_a_charge_of_nothing_only_releases(books: Books, job_ids: list[str]) -> None:
    one = job_ids[0]
    settle(books, built(admit(books, one), usd_line("0")))
    assert kinds(books, one) == [("hold", 5 * CENT), ("release", 5 * CENT)]
    assert state_of(books, one) is JobState.BUILT
    sound(books)


def test_stacked_price_lines_are_summed_exactly_and_rounded_once(
    books: Books, job_ids: list[str]
) -> None:
    lines = (
        PriceLine("predict_time", Decimal("1.2345678"), "second", Decimal("0.000225")),
        PriceLine("run_count", Decimal(1), "run", Decimal("0.0000000005")),
    )
    (settled,) = settle(books, built(admit(books, job_ids[0]), *lines))
    assert settled.charged_nano == 277_778
    sound(books)


def test_a_failed_attempt_without_price_lines_is_voided(books: Books, job_ids: list[str]) -> None:
    one = job_ids[0]
    attempt_id = admit(books, one)
    assert settle(books, failed(attempt_id)) == [Settled(attempt_id, 0, 0)]
    assert kinds(books, one) == [("hold", 5 * CENT), ("void", 5 * CENT)]
    (view,) = books.jobs([one])
    assert (view.state, view.reason) == (JobState.PLANNED, "the model said no")
    admit(books, one, number=2)
    sound(books)


def test_a_failed_attempt_with_price_lines_is_charged(books: Books, job_ids: list[str]) -> None:
    one = job_ids[0]
    settle(books, failed(admit(books, one), usd_line("0.01"), job_state=JobState.FAILED))
    assert kinds(books, one) == [("hold", 5 * CENT), ("charge", CENT), ("release", 4 * CENT)]
    assert state_of(books, one) is JobState.FAILED
    sound(books)


def test_an_attempt_that_created_nothing_does_not_count(books: Books, job_ids: list[str]) -> None:
    one = job_ids[0]
    settle(books, failed(admit(books, one), counts=False))
    (view,) = books.jobs([one])
    assert (view.attempts_used, view.last_number, view.state) == (0, 1, JobState.PLANNED)
    settle(books, built(admit(books, one, number=2)))
    (view,) = books.jobs([one])
    assert (view.attempts_used, view.last_number) == (1, 2)
    assert books.attempt_count("mugs@2026") == 1
    sound(books)


def test_an_attempt_that_is_charged_for_counts(books: Books, job_ids: list[str]) -> None:
    attempt_id = admit(books, job_ids[0])
    with pytest.raises(BrokenPromise, match="it counts"):
        settle(books, failed(attempt_id, usd_line("0.01"), counts=False))


def test_an_unknown_attempt_keeps_its_hold(books: Books, job_ids: list[str]) -> None:
    one = job_ids[0]
    attempt_id = admit(books, one)
    settle(books, unknown(attempt_id, "pred-1"))
    assert kinds(books, one) == [("hold", 5 * CENT)]
    assert state_of(books, one) is JobState.UNKNOWN
    (lost,) = books.lost(states=[AttemptState.UNKNOWN])
    assert (lost.attempt_id, lost.provider_ref) == (attempt_id, "pred-1")
    assert lost.lost_at is not None
    assert lost.lost_at > lost.held_at
    totals = books.totals()
    assert (totals.held_nano, totals.unknown_nano) == (5 * CENT, 5 * CENT)
    sound(books)


def test_an_unknown_attempt_stays_lost_since_the_first_time(
    books: Books, job_ids: list[str]
) -> None:
    attempt_id = admit(books, job_ids[0])
    settle(books, unknown(attempt_id))
    (first,) = books.lost()
    settle(books, unknown(attempt_id))
    (second,) = books.lost()
    assert first.lost_at == second.lost_at


def test_an_unknown_attempt_can_turn_out_built(books: Books, job_ids: list[str]) -> None:
    attempt_id = admit(books, job_ids[0])
    settle(books, unknown(attempt_id))
    settle(books, built(attempt_id))
    assert state_of(books, job_ids[0]) is JobState.BUILT
    assert books.totals().charged_nano == 3 * CENT
    sound(books)


def test_an_unknown_attempt_can_turn_out_never_created(books: Books, job_ids: list[str]) -> None:
    attempt_id = admit(books, job_ids[0])
    settle(books, unknown(attempt_id))
    settle(books, failed(attempt_id, counts=False))
    assert state_of(books, job_ids[0]) is JobState.PLANNED
    assert books.totals().held_nano == 0
    sound(books)


def test_a_hold_ends_once(books: Books, job_ids: list[str]) -> None:
    one, two, _ = job_ids
    attempt_id, other_id = admit(books, one), admit(books, two)
    settle(books, built(attempt_id))
    before = books.totals()
    for again in (built(attempt_id), failed(attempt_id), unknown(attempt_id)):
        with pytest.raises(AlreadySettled, match="is built"):
            settle(books, built(other_id), again)
    assert books.totals() == before
    assert state_of(books, two) is JobState.BUILDING
    sound(books)


def test_one_attempt_is_not_settled_twice_at_once(books: Books, job_ids: list[str]) -> None:
    attempt_id = admit(books, job_ids[0])
    with pytest.raises(BrokenPromise, match="two settlements"):
        settle(books, built(attempt_id), failed(attempt_id))
    with pytest.raises(UnknownAttempt, match="nobody"):
        settle(books, built("nobody"))


def test_a_charge_above_its_hold_is_booked_in_full_and_stops_the_order(
    books: Books, job_ids: list[str]
) -> None:
    one, two, _ = job_ids
    attempt_id = admit(books, one, 5 * CENT)
    other_id = admit(books, two, 5 * CENT)
    settled = settle(books, built(attempt_id, usd_line("0.08")), built(other_id))
    assert settled == [Settled(attempt_id, 8 * CENT, 3 * CENT), Settled(other_id, 3 * CENT, 0)]
    assert kinds(books, one) == [("hold", 5 * CENT), ("charge", 5 * CENT), ("overrun", 3 * CENT)]
    order = books.order("mugs@2026")
    assert order is not None
    assert order.state is OrderState.STOPPED
    assert order.stop_reason == (
        f"attempt {attempt_id} of job {one} was charged $0.08, $0.03 above its hold of $0.05: "
        "check the model's card before resuming"
    )
    assert (order.spent_nano, order.overrun_nano) == (8 * CENT, 3 * CENT)
    totals = books.totals()
    assert (totals.charged_nano, totals.overrun_nano) == (11 * CENT, 3 * CENT)
    (view,) = books.jobs([one])
    assert view.spent_nano == 8 * CENT
    sound(books)


def test_an_overrun_does_not_hide_why_an_order_was_stopped_before(
    books: Books, job_ids: list[str]
) -> None:
    attempt_id = admit(books, job_ids[0])
    with books.transaction() as desk:
        desk.stop_order("mugs@2026", "enough for today")
    settle(books, built(attempt_id, usd_line("0.08")))
    order = books.order("mugs@2026")
    assert order is not None
    assert order.stop_reason == "enough for today"


def test_a_provider_reference_is_kept_from_when_it_is_known(
    books: Books, job_ids: list[str]
) -> None:
    attempt_id = admit(books, job_ids[0])
    with books.transaction() as desk:
        desk.note_ref(attempt_id, "pred-1")
        desk.note_ref(attempt_id, "pred-1")
    (lost,) = books.lost()
    assert lost.provider_ref == "pred-1"
    settle(books, replace(built(attempt_id), provider_ref=None))
    (view,) = books.jobs(job_ids[:1])
    assert view.provider_ref == "pred-1"
    (charge,) = books.charges()
    assert charge.provider_ref == "pred-1"


def test_an_attempt_has_one_provider_reference(books: Books, job_ids: list[str]) -> None:
    attempt_id = admit(books, job_ids[0])
    with books.transaction() as desk:
        desk.note_ref(attempt_id, "pred-1")
    with pytest.raises(BrokenPromise, match="pred-1"), books.transaction() as desk:
        desk.note_ref(attempt_id, "pred-2")
    with pytest.raises(BrokenPromise, match="pred-1"):
        settle(books, built(attempt_id, ref="pred-2"))
    with pytest.raises(UnknownAttempt, match="nobody"), books.transaction() as desk:
        desk.note_ref("nobody", "pred-1")
    settle(books, replace(failed(attempt_id), provider_ref="pred-1"))
    other_id = admit(books, job_ids[1])
    settle(books, replace(built(other_id), provider_ref=None))
    with pytest.raises(AlreadySettled), books.transaction() as desk:
        desk.note_ref(other_id, "pred-3")


def test_no_error_text_of_a_provider_can_keep_a_charge_out_of_the_books(
    books: Books, job_ids: list[str]
) -> None:
    attempt_id = admit(books, job_ids[0])
    ugly = replace(failed(attempt_id, usd_line("0.01")), reason="no\x00 \ud800" + "x" * 5_000)
    settle(books, ugly)
    (view,) = books.jobs(job_ids[:1])
    assert view.reason is not None
    assert view.reason.startswith("no ?xxx")
    assert len(view.reason) == 2_000


def test_a_price_that_is_no_money_books_nothing(books: Books, job_ids: list[str]) -> None:
    attempt_id = admit(books, job_ids[0])
    for line in (usd_line("-0.01"), usd_line("NaN"), usd_line("0.01", "Infinity")):
        with pytest.raises(MoneyError):
            settle(books, built(attempt_id, line))
    assert state_of(books, job_ids[0]) is JobState.BUILDING
    sound(books)


def test_a_failed_attempt_sends_its_job_back_or_to_its_end(
    books: Books, job_ids: list[str]
) -> None:
    attempt_id = admit(books, job_ids[0])
    with pytest.raises(BrokenPromise, match="planned or failed"):
        settle(books, failed(attempt_id, job_state=JobState.RELEASED))


def test_an_attempt_whose_run_is_known_does_not_end_as_if_it_had_none(books: Books) -> None:
    (one,) = plan(books, an_order(jobs=1))
    attempt_id = admit(books, one)
    settle(books, unknown(attempt_id))
    with books.transaction() as desk:
        desk.note_ref(attempt_id, "run-1")
    for counts in (True, False):
        with pytest.raises(RunKnown, match="knows it as run-1"):
            settle(books, replace(failed(attempt_id, counts=counts), provider_ref=None))
    settle(books, replace(failed(attempt_id), provider_ref="run-1"))


def test_one_run_is_paid_for_by_one_attempt(books: Books) -> None:
    one, two = plan(books, an_order(jobs=2))
    first, second = admit(books, one), admit(books, two)
    with books.transaction() as desk:
        desk.note_ref(first, "run-1")
    with pytest.raises(BrokenPromise), books.transaction() as desk:
        desk.note_ref(second, "run-1")
    with pytest.raises(BrokenPromise):
        settle(books, replace(built(second), provider_ref="run-1"))
    settle(books, replace(built(first), provider_ref="run-1"))
