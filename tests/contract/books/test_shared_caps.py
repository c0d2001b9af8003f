"""Caps of cost centres' months and providers' days, and caps that people change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from books_parts import (
    CENT,
    SteppingClock,
    admit,
    an_order,
    built,
    failed,
    hold,
    move,
    plan,
    request,
    settle,
    sound,
    usd_line,
)

from ledger import (
    Admit,
    Books,
    BudgetView,
    CapRefused,
    CapTooLow,
    JobMove,
    JobState,
    OrderState,
    Refuse,
    Scope,
    UnknownOrder,
    Wait,
)

MONTH = "cost_center:cc-4100/2026-11"
DAY = "provider:replicate/2026-11-20"


def set_cap(
    books: Books, scope: Scope, subject: str, cents: int | None, because: str = "the plan"
) -> bool:
    cap_nano = None if cents is None else cents * CENT
    with books.transaction() as desk:
        return desk.set_cap(scope, subject, cap_nano, by="finance@acme.example", because=because)


def month(books: Books, cents: int | None) -> bool:
    return set_cap(books, Scope.COST_CENTER, "cc-4100", cents)


def day(books: Books, cents: int | None) -> bool:
    return set_cap(books, Scope.PROVIDER, "replicate", cents)


def budget(books: Books, name: str) -> BudgetView:
    scope, _, rest = name.partition(":")
    subject, _, period = rest.partition("/")
    (found,) = [
        one
        for one in books.budgets(past=True)
        if (one.scope, one.subject, one.period or "") == (scope, subject, period)
    ]
    return found


def sums(books: Books, name: str) -> tuple[int | None, int, int]:
    found = budget(books, name)
    return found.cap_nano, found.held_nano, found.spent_nano


def test_a_month_is_shared_by_all_orders_of_a_cost_centre(books: Books) -> None:
    (one,) = plan(books, an_order("mugs@a", jobs=1))
    two, three = plan(books, an_order("lamps@a", jobs=2))
    month(books, 10)
    admit(books, one)
    admit(books, two)
    (decision,) = hold(books, request(three))
    assert decision == Wait(
        MONTH,
        "cost centre cc-4100's cap of $0.10 for 2026-11 has $0.00 free after $0.00 spent and "
        "$0.10 held, and an attempt can cost $0.05",
    )
    assert isinstance(decision, Wait)
    assert decision.is_shared
    settle(books, built(f"{one}/1", usd_line("0.05")), built(f"{two}/1", usd_line("0.05")))
    (decision,) = hold(books, request(three))
    assert decision == Refuse(
        MONTH,
        "cost centre cc-4100's cap of $0.10 for 2026-11 has $0.00 left after $0.10 spent, and an "
        "attempt can cost $0.05",
    )
    sound(books)


def test_a_providers_day_is_shared_by_all_cost_centres(books: Books) -> None:
    (one,) = plan(books, an_order("mugs@a", jobs=1))
    other = replace(an_order("lamps@a", jobs=1), cost_center="cc-7")
    (two,) = plan(books, other)
    day(books, 5)
    month(books, 100)
    first, second = hold(books, request(one), request(two))
    assert isinstance(first, Admit)
    assert second == Wait(
        DAY,
        "provider replicate's cap of $0.05 for 2026-11-20 has $0.00 free after $0.00 spent and "
        "$0.05 held, and an attempt can cost $0.05",
    )
    assert sums(books, MONTH) == (100 * CENT, 5 * CENT, 0)
    settle(books, failed(f"{one}/1"))
    admit(books, two)
    # The other cost centre has no cap and so no budget.
    assert {one.subject for one in books.budgets()} == {"cc-4100", "replicate", "mugs@a", "lamps@a"}
    sound(books)


def test_another_cost_centre_and_provider_are_not_held_back(books: Books) -> None:
    month(books, 0)
    day(books, 0)
    order = replace(an_order(), cost_center="cc-7", provider="studio")
    one, *_ = plan(books, order)
    admit(books, one)
    sound(books)


def test_a_hold_that_does_not_fit_one_budget_leaves_the_others_alone(books: Books) -> None:
    one, *_ = plan(books, an_order())
    month(books, 100)
    day(books, 4)
    (decision,) = hold(books, request(one))
    assert isinstance(decision, Refuse)
    assert decision.budget_id == DAY
    assert sums(books, MONTH) == (100 * CENT, 0, 0)
    assert books.totals().held_nano == 0
    sound(books)


def test_a_cap_counts_what_its_period_held_and_spent_before_it_was_set(books: Books) -> None:
    one, two, three = plan(books, an_order(per_job="1.00"))
    settle(books, built(admit(books, one), usd_line("0.08")))
    with books.transaction() as desk:
        desk.resume_order("mugs@2026")
    admit(books, two, 5 * CENT)
    month(books, 20)
    found = budget(books, MONTH)
    assert (found.held_nano, found.spent_nano, found.overrun_nano) == (5 * CENT, 5 * CENT, 3 * CENT)
    assert found.left_nano == 7 * CENT
    assert isinstance(hold(books, request(three, 8 * CENT))[0], Wait)
    sound(books)
    settle(books, built(f"{two}/1"))
    assert sums(books, MONTH) == (20 * CENT, 0, 8 * CENT)
    sound(books)


@pytest.fixture
def night(books_url: str) -> Iterator[tuple[Books, SteppingClock]]:
    """Books in Berlin, where it is 23:59 on the last of October."""
    berlin = ZoneInfo("Europe/Berlin")
    clock = SteppingClock(datetime(2026, 10, 31, 23, 59, tzinfo=berlin).astimezone(UTC))
    with Books.open(books_url, clock=clock, zone=berlin) as books:
        yield books, clock


def test_a_hold_of_one_day_is_settled_under_that_day(night: tuple[Books, SteppingClock]) -> None:
    books, clock = night
    one, two, _ = plan(books, an_order())
    day(books, 10)
    month(books, 10)
    admit(books, one)
    clock.now += timedelta(minutes=2)
    assert books.today() == "2026-11-01"
    admit(books, two)
    settle(books, built(f"{one}/1"))
    assert sums(books, "provider:replicate/2026-10-31") == (10 * CENT, 0, 3 * CENT)
    assert sums(books, "provider:replicate/2026-11-01") == (10 * CENT, 5 * CENT, 0)
    assert sums(books, "cost_center:cc-4100/2026-10") == (10 * CENT, 0, 3 * CENT)
    assert sums(books, "cost_center:cc-4100/2026-11") == (10 * CENT, 5 * CENT, 0)
    running = {one.period for one in books.budgets() if one.period}
    assert running == {"2026-11", "2026-11-01"}
    sound(books)


def test_a_new_day_has_a_whole_cap(night: tuple[Books, SteppingClock]) -> None:
    books, clock = night
    one, two, _ = plan(books, an_order())
    day(books, 5)
    settle(books, built(admit(books, one), usd_line("0.05")))
    assert isinstance(hold(books, request(two))[0], Refuse)
    clock.now += timedelta(minutes=2)
    admit(books, two)
    sound(books)


def test_a_past_period_keeps_the_cap_that_it_had(night: tuple[Books, SteppingClock]) -> None:
    books, clock = night
    one, *_ = plan(books, an_order())
    day(books, 5)
    settle(books, built(admit(books, one)))
    clock.now += timedelta(minutes=2)
    day(books, 1)
    assert sums(books, "provider:replicate/2026-10-31") == (5 * CENT, 0, 3 * CENT)
    assert sums(books, "provider:replicate/2026-11-01") == (1 * CENT, 0, 0)
    sound(books)


def test_a_running_period_follows_its_rule(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    month(books, 5)
    admit(books, one)
    assert isinstance(hold(books, request(two))[0], Wait)
    month(books, 10)
    admit(books, two)
    assert sums(books, MONTH) == (10 * CENT, 10 * CENT, 0)
    sound(books)


@pytest.mark.parametrize("setting", [month, day])
def test_a_cap_is_not_lowered_below_what_is_used(books: Books, setting: object) -> None:
    assert callable(setting)
    one, two, _ = plan(books, an_order())
    setting(books, 50)
    admit(books, one)
    settle(books, built(admit(books, two)))
    with pytest.raises(CapTooLow, match=r"\$0\.03 spent and \$0\.05 held") as caught:
        setting(books, 7)
    assert caught.value.used_nano == 8 * CENT
    assert "a cap of $0.07 on" in str(caught.value)
    assert len(books.cap_rules()) == 1
    assert setting(books, 8)
    sound(books)


def test_a_first_cap_below_what_the_period_spent_is_refused(books: Books) -> None:
    one, *_ = plan(books, an_order())
    settle(books, built(admit(books, one)))
    with pytest.raises(CapTooLow, match=r"cost centre cc-4100 for 2026-11"):
        month(books, 2)
    assert books.budgets()[0].scope is Scope.ORDER
    sound(books)


def test_a_cap_that_is_the_cap_already_is_not_recorded_again(books: Books) -> None:
    assert month(books, 5)
    before = books.totals().entry_count
    assert not month(books, 5)
    assert not day(books, None)
    assert (books.totals().entry_count, len(books.cap_rules())) == (before, 1)


def test_a_cap_can_be_taken_away_and_set_again(books: Books) -> None:
    one, two, three = plan(books, an_order())
    month(books, 5)
    admit(books, one)
    assert month(books, None)
    admit(books, two)
    assert sums(books, MONTH) == (None, 10 * CENT, 0)
    assert budget(books, MONTH).left_nano is None
    sound(books)
    with pytest.raises(CapTooLow):
        month(books, 9)
    month(books, 12)
    assert isinstance(hold(books, request(three))[0], Wait)
    sound(books)


def test_who_set_a_cap_and_why_is_in_the_books(books: Books) -> None:
    set_cap(books, Scope.COST_CENTER, "cc-4100", 500, "the November plan")
    set_cap(books, Scope.COST_CENTER, "cc-4100", 300, "half a team left")
    first, second = books.cap_rules()
    assert (first.by, first.because, first.cap_nano) == (
        "finance@acme.example",
        "the November plan",
        500 * CENT,
    )
    assert second.at > first.at
    assert budget(books, MONTH).because == "half a team left"
    assert books.totals().entry_count == 2
    (row,) = books.summary("cost_center")
    assert (row.key, row.charged_nano, row.entry_count) == ("cc-4100", 0, 2)
    sound(books)


def test_an_orders_cap_can_be_raised_and_lowered(books: Books) -> None:
    one, two, three = plan(books, an_order(cap="0.05"))
    settle(books, built(admit(books, one)))
    assert isinstance(hold(books, request(two))[0], Refuse)
    assert set_cap(books, Scope.ORDER, "mugs@2026", 13)
    admit(books, two)
    order = books.order("mugs@2026")
    assert order is not None
    assert (order.cap_nano, order.record.cap_nano) == (13 * CENT, 5 * CENT)
    sound(books)
    with pytest.raises(CapTooLow, match=r"order mugs@2026 .*\$0\.03 spent and \$0\.05 held"):
        set_cap(books, Scope.ORDER, "mugs@2026", 7)
    set_cap(books, Scope.ORDER, "mugs@2026", 9)
    assert isinstance(hold(books, request(three))[0], Wait)
    sound(books)


def test_a_raised_cap_opens_orders_with_refused_jobs_again(books: Books) -> None:
    plan(books, replace(an_order("lamps@a", jobs=0), cost_center="cc-7"))
    plan(books, an_order("chairs@a", jobs=0))
    (one,) = plan(books, an_order(jobs=1))
    month(books, 1)
    move(books, JobMove(one, JobState.PLANNED, JobState.REFUSED, "no room"))
    with books.transaction() as desk:
        for order_id in ("lamps@a", "chairs@a", "mugs@2026"):
            assert desk.finish_order(order_id)
    month(books, 0)
    assert {view.state for view in books.orders()} == {OrderState.DONE}
    month(books, 100)
    opened = [view.record.order_id for view in books.orders() if view.state is OrderState.OPEN]
    assert opened == ["mugs@2026"]
    admit(books, one)
    sound(books)


def test_caps_that_cannot_be_are_refused(books: Books) -> None:
    plan(books, an_order())
    with pytest.raises(UnknownOrder):
        set_cap(books, Scope.ORDER, "chairs@1", 5)
    with pytest.raises(CapRefused, match="without a cap"):
        set_cap(books, Scope.ORDER, "mugs@2026", None)
    with pytest.raises(CapRefused, match="per_job"):
        set_cap(books, Scope.JOB, "mugs@2026#mug-0000", 5)
    with pytest.raises(CapRefused, match="range"):
        month(books, -1)
    with pytest.raises(CapRefused, match="cannot be the name"):
        set_cap(books, Scope.PROVIDER, " ", 5)
    with pytest.raises(CapRefused, match="say both"):
        set_cap(books, Scope.PROVIDER, "replicate", 5, " ")
    assert books.cap_rules() == []
    sound(books)


def test_a_charge_above_its_hold_counts_under_every_budget(books: Books) -> None:
    one, two, _ = plan(books, an_order())
    month(books, 10)
    day(books, 10)
    settle(books, built(admit(books, one, 4 * CENT), usd_line("0.07")))
    with books.transaction() as desk:
        desk.resume_order("mugs@2026")
    for name in (MONTH, DAY):
        assert sums(books, name)[1:] == (0, 4 * CENT)
        assert budget(books, name).overrun_nano == 3 * CENT
    assert isinstance(hold(books, request(two, 4 * CENT))[0], Refuse)
    for setting in (month, day):
        with pytest.raises(CapTooLow, match=r"\$0\.04 spent, \$0\.03 overrun and \$0\.00 held"):
            setting(books, 6)
    admit(books, two, 3 * CENT)
    # A higher cap is never too low.
    month(books, 11)
    sound(books)


def test_a_cap_of_nothing_lets_only_free_work_through(books: Books) -> None:
    one, *_ = plan(books, an_order())
    month(books, 0)
    day(books, 0)
    assert isinstance(hold(books, request(one, 1))[0], Refuse)
    settle(books, built(admit(books, one, 0), usd_line("0")))
    sound(books)
