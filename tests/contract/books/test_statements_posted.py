"""A provider's statement beside the books: every kind of difference is named, posted, and gone."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from books_parts import (
    SteppingClock,
    built,
    kinds,
    run_sql,
    settle,
    sound,
    usd_line,
)
from postgres_server import PostgresServer
from statement_parts import (
    BY,
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    books_charged,
    charged,
    finding,
    in_month,
    kinds_of,
    lines,
    lost,
    matched,
    nano,
    open_jobs,
    order_charged,
    posted,
)

from flows import BadSettings
from flows.reconciling import StatementWish, post, reconcile
from ledger import Books, BooksBusy, BooksUnavailable, Decision, DecisionKind
from ledger.closing import close_period
from ledger.closing_views import Closing
from ledger.invoices.statement import Finding, FindingKind, StatementLine
from ledger.invoices.theirs import Theirs
from ledger.roles import FINANCE, FOREMAN

ORDER = "mugs@2026"


def test_a_statement_that_matches_is_posted_without_an_entry(books: Books) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, one, "r1", "0.03")
    charged(books, two, "r2", "0.003")
    told = lines(("r1", "0.03"), ("r2", "0.003"))

    found = matched(books, told)
    assert found.matching.agrees
    assert found.matching.matched_count == 2
    assert found.matching.findings == ()
    first = posted(books, told)
    assert (first.number, first.entry_count, first.again) == (1, 0, False)
    again = posted(books, reversed(told))
    assert (again.number, again.entry_count, again.again) == (1, 0, True)
    sound(books)


def test_a_month_with_every_kind_of_difference_ends_equal_to_the_invoice(
    books: Books, clock: SteppingClock
) -> None:
    in_month(clock, OCTOBER, 31)
    jobs = open_jobs(books, jobs=12)
    charged(books, jobs[0], "cut-off", "0.03")
    in_month(clock, NOVEMBER)
    charged(books, jobs[1], "same", "0.03")
    charged(books, jobs[2], "dearer", "0.03")
    charged(books, jobs[3], "cheaper", "0.03")
    only_ours = charged(books, jobs[4], "only-ours", "0.03")
    charged(books, jobs[5], "refunded", "0.03")
    charged(books, jobs[6], "twice", "0.03")
    unknown_attempt = lost(books, jobs[7], "unknown")
    held = lost(books, jobs[8], "only-held")
    freed = lost(books, jobs[9], "not-free")
    with books.transaction() as desk:
        desk.decide(Decision(freed, DecisionKind.VOID, Decimal(0), BY, "it was free", "not-free"))
    told = lines(
        ("same", "0.03"),
        ("dearer", "0.04"),
        ("cheaper", "0.021234567"),
        ("refunded", "0.03"),
        ("refunded", "-0.03"),
        ("twice", "0.03"),
        ("twice", "0.03"),
        ("unknown", "0.05"),
        ("cut-off", "0.03"),
        ("stranger", "0.11"),
        ("not-free", "0.01"),
        (None, "4.50"),
        (None, "-1.25"),
    )
    in_month(clock, DECEMBER, 3)

    found = matched(books, told, total="3.60")
    assert kinds_of(found) == {
        "dearer": FindingKind.PRICE,
        "cheaper": FindingKind.PRICE,
        "refunded": FindingKind.REFUND,
        "twice": FindingKind.BILLED_TWICE,
        "unknown": FindingKind.UNKNOWN_ATTEMPT,
        "cut-off": FindingKind.OTHER_PERIOD,
        "stranger": FindingKind.ONLY_THEIRS,
        "not-free": FindingKind.ONLY_THEIRS,
        "only-ours": FindingKind.ONLY_OURS,
        "only-held": FindingKind.ONLY_HELD,
        None: FindingKind.ROUNDING,
    }
    sums = found.matching.by_kind
    assert sums[FindingKind.REFUND].count == 2
    assert sums[FindingKind.NO_REF].theirs_nano == nano("4.50")
    assert sum(one.theirs_nano for one in sums.values()) == nano("3.60")
    assert sum(one.ours_nano for one in sums.values()) == books_charged(books)
    assert only_ours in {one.attempt_id for one in found.matching.findings}
    assert unknown_attempt in finding(found, "unknown").remark
    assert held in finding(found, "only-held").remark

    done = posted(books, told, total="3.60")
    assert books_charged(books) == nano("3.60")
    assert books_charged(books, OCTOBER) == 0
    assert done.number == 1
    sound(books)

    after = matched(books, told, total="3.60")
    assert after.matching.agrees
    assert kinds_of(after) == {
        "unknown": FindingKind.UNKNOWN_ATTEMPT,
        "only-held": FindingKind.ONLY_HELD,
    }
    assert posted(books, told, total="3.60").again
    # Without the total it is known from the statement that was posted.
    assert posted(books, told).again
    assert books_charged(books) == nano("3.60")


def test_differences_are_put_down_to_jobs_where_they_are_known(
    books: Books,
) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, one, "r1", "0.03")
    charged(books, two, "r2", "0.03")
    told = lines(("r1", "0.04"), ("stranger", "0.10"))
    posted(books, told, total="0.14")

    assert order_charged(books) == nano("0.04")
    rows = [row for row in books.charges() if row.kind.startswith("adjust")]
    assert [(row.order_id, row.job_id, row.provider_ref, row.amount_usd) for row in rows] == [
        (ORDER, one, "r1", Decimal("0.01")),
        (None, None, "stranger", Decimal("0.10")),
        (ORDER, two, "r2", Decimal("-0.03")),
    ]
    assert {row.period for row in rows} == {NOVEMBER}
    assert kinds(books, one)[-1] == ("adjust_up", nano("0.01"))
    assert kinds(books, two)[-1] == ("adjust_down", nano("0.03"))
    sound(books)


def test_caps_and_attempts_stay_as_they_are(books: Books) -> None:
    one, *_ = open_jobs(books)
    charged(books, one, "r1", "0.03")
    before = books.budgets(past=True)
    posted(books, lines(("r1", "0.30")))
    assert books.budgets(past=True) == before
    (view,) = books.jobs([one])
    assert view.spent_nano == nano("0.03")
    sound(books)


def test_an_unknown_attempt_is_in_the_variance_account_until_recovery_settles_it(
    books: Books,
) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, two, "r2")
    attempt_id = lost(books, one)
    told = lines(("r1", "0.004"), ("r2", "0.03"))
    found = matched(books, told)
    assert finding(found, "r1").kind is FindingKind.UNKNOWN_ATTEMPT
    assert f"may be attempt {attempt_id}" in finding(found, "r1").remark
    posted(books, told)
    assert order_charged(books) == nano("0.03")

    settle(books, built(attempt_id, usd_line("0.003"), ref="r1"))
    found = matched(books, told)
    assert finding(found, "r1").kind is FindingKind.PRICE
    assert finding(found, "r1").difference_nano == nano("-0.003")
    posted(books, told)
    assert books_charged(books) == nano("0.034")
    assert order_charged(books) == nano("0.034")
    assert matched(books, told).matching.agrees
    assert posted(books, told).again
    sound(books)


def test_an_unknown_attempt_that_is_voided_with_its_run_gets_what_was_posted(books: Books) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, two, "r2")
    attempt_id = lost(books, one)
    told = lines(("r1", "0.004"), ("r2", "0.03"))
    posted(books, told)

    with books.transaction() as desk:
        desk.decide(
            Decision(attempt_id, DecisionKind.VOID, Decimal(0), BY, "see the invoice", "r1")
        )
    found = matched(books, told)
    assert finding(found, "r1").kind is FindingKind.SETTLED_SINCE
    assert found.matching.agrees
    assert found.to_post == 1
    done = posted(books, told)
    assert (done.number, done.entry_count, done.amount_nano) == (2, 2, 0)
    assert order_charged(books) == books_charged(books) == nano("0.034")
    assert posted(books, told).again
    sound(books)


def test_an_unknown_attempt_settled_in_the_next_month_costs_its_order_once(
    books: Books, clock: SteppingClock
) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, two, "r2")
    attempt_id = lost(books, one, "r1")
    november = lines(("r1", "0.004"), ("r2", "0.03"))
    in_month(clock, DECEMBER, 2)
    posted(books, november)
    settle(books, built(attempt_id, usd_line("0.003"), ref="r1"))
    charged(books, open_jobs(books, "lamps@2026")[0], "r3")
    december = lines(("r3", "0.03"))

    found = matched(books, december, DECEMBER)
    assert finding(found, "r1").kind is FindingKind.OTHER_PERIOD
    posted(books, december, DECEMBER)
    assert books_charged(books, NOVEMBER) == nano("0.034")
    assert books_charged(books, DECEMBER) == nano("0.03")
    assert order_charged(books) == nano("0.034")
    assert matched(books, november).matching.agrees
    assert matched(books, december, DECEMBER).matching.agrees
    assert posted(books, november).again
    assert posted(books, december, DECEMBER).again
    sound(books)


def test_a_run_billed_in_two_months_is_told_and_not_moved(
    books: Books, clock: SteppingClock
) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, one, "r1")
    in_month(clock, DECEMBER, 2)
    charged(books, two, "r2")
    posted(books, lines(("r1", "0.03")))
    december = lines(("r2", "0.03"), ("r1", "0.03"))
    found = matched(books, december, DECEMBER)
    assert finding(found, "r1").kind is FindingKind.BILLED_TWICE
    posted(books, december, DECEMBER)
    assert books_charged(books, NOVEMBER) == nano("0.03")
    assert books_charged(books, DECEMBER) == nano("0.06")
    sound(books)


def test_a_run_taken_out_of_its_month_by_one_statement_is_put_in_by_the_next(
    books: Books, clock: SteppingClock
) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, one, "late")
    charged(books, two, "r2")
    november = lines(("r2", "0.03"))
    posted(books, november)
    in_month(clock, DECEMBER, 20)
    december = lines(("late", "0.03"))
    found = matched(books, december, DECEMBER)
    assert finding(found, "late").kind is FindingKind.OTHER_PERIOD
    posted(books, december, DECEMBER)
    assert books_charged(books, NOVEMBER) == nano("0.03")
    assert books_charged(books, DECEMBER) == nano("0.03")
    assert order_charged(books) == nano("0.06")
    sound(books)


def test_a_corrected_statement_posts_only_the_rest(books: Books) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, one, "r1")
    charged(books, two, "r2")
    posted(books, lines(("r1", "0.04"), ("r2", "0.03"), (None, "1.00")))
    corrected = lines(("r1", "0.05"), ("r2", "0.03"), (None, "1.50"))
    found = matched(books, corrected)
    assert found.matching.difference_nano == nano("0.51")
    done = posted(books, corrected)
    assert (done.number, done.entry_count, done.amount_nano) == (2, 2, nano("0.51"))
    assert books_charged(books) == nano("1.58")
    sound(books)


def test_what_a_closed_month_would_take_goes_to_the_next_one(
    books: Books, clock: SteppingClock
) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, one, "r1")
    posted(books, lines(("r1", "0.03")))
    in_month(clock, DECEMBER, 5)
    close_period(books, NOVEMBER, by=BY, because="month's end")
    charged(books, two, "r2")

    corrected = lines(("r1", "0.05"))
    done = posted(books, corrected)
    assert done.moved_to == DECEMBER
    assert books_charged(books, NOVEMBER) == nano("0.03")
    assert books_charged(books, DECEMBER) == nano("0.05")
    assert matched(books, corrected).matching.agrees
    assert posted(books, corrected).again

    december = lines(("r2", "0.03"))
    found = matched(books, december, DECEMBER)
    assert found.matching.agrees
    assert found.matching.ours_nano == nano("0.03")
    posted(books, december, DECEMBER)
    assert order_charged(books) == nano("0.08")

    # What is November's in December's books is not held against December's statement.
    in_month(clock, "2027-01", 5)
    closed = close_period(books, DECEMBER, by=BY, because="month's end")
    assert isinstance(closed, Closing)
    assert closed.signed == ()
    assert [one.rest_nano for view in books.periods() for one in view.providers] == [0, 0]
    sound(books)


def test_a_charge_moves_out_of_a_closed_month_through_the_next_one(
    books: Books, clock: SteppingClock
) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, one, "cut-off")
    in_month(clock, DECEMBER, 5)
    close_period(books, NOVEMBER, by=BY, because="no bill yet", sign=True)
    charged(books, two, "r2")
    december = lines(("cut-off", "0.03"), ("r2", "0.03"))
    posted(books, december, DECEMBER)
    assert matched(books, december, DECEMBER).matching.agrees
    assert posted(books, december, DECEMBER).again
    assert order_charged(books) == nano("0.06")
    november = matched(books, lines())
    assert november.matching.ours_nano == 0
    in_month(clock, "2027-01", 5)
    assert isinstance(close_period(books, DECEMBER, by=BY, because="month's end"), Closing)
    sound(books)


def test_of_two_who_post_at_once_one_is_told_to_run_again(books: Books) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, one, "r1")
    charged(books, two, "r2")
    told = lines(("r1", "0.04"), ("r2", "0.03"))
    ready = [matched(books, told), matched(books, told)]
    gate = threading.Barrier(2)
    ended: list[str] = []

    def go(number: int) -> None:
        gate.wait()
        try:
            post(books, ready[number], by=BY, because="at once")
            ended.append("posted")
        except BooksBusy as error:
            ended.append("told" if "run this again" in str(error) else str(error))

    racers = [threading.Thread(target=go, args=(number,)) for number in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(ended) == ["posted", "told"]
    assert books_charged(books) == nano("0.07")
    assert posted(books, told).again
    sound(books)


def test_what_was_booked_after_matching_is_seen_before_posting(books: Books) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, one, "r1")
    attempt_id = lost(books, two, "r2")
    told = lines(("r1", "0.03"), ("r2", "0.03"))
    found = matched(books, told)
    settle(books, built(attempt_id, usd_line("0.03"), ref="r2"))
    done = post(books, found, by=BY, because="it came")
    assert done.entry_count == 0
    assert books_charged(books) == nano("0.06")

    found = matched(books, told)
    charged(books, open_jobs(books, "lamps@2026")[0], "r3")
    with pytest.raises(BooksBusy, match="run this again"):
        post(books, found, by=BY, because="it came")
    sound(books)


def test_a_total_beyond_rounding_has_to_be_named(books: Books) -> None:
    one, *_ = open_jobs(books)
    charged(books, one, "r1")
    told = lines(("r1", "0.03"))
    assert kinds_of(matched(books, told, total="0.0349")) == {None: FindingKind.ROUNDING}
    with pytest.raises(BadSettings, match=r"\(4\.41\) in it"):
        posted(books, told, total="4.44", because="support fee")
    with pytest.raises(BadSettings, match="in it"):
        posted(books, told, total="4.44", because="a fee of 14.41 or 4.4")
    posted(books, told, total="4.44", because="support fee of $4.410")
    assert books_charged(books) == nano("4.44")
    assert order_charged(books) == nano("0.03")

    corrected = lines(("r1", "0.03"), ("r1", "0.01"))
    assert kinds_of(matched(books, corrected))[None] is FindingKind.INVOICE_TOTAL
    with pytest.raises(BadSettings, match=r"\(4\.41\) in it"):
        posted(books, corrected, because="the corrected invoice")
    assert kinds_of(matched(books, told, total="4.439")) == {None: FindingKind.ROUNDING}
    posted(books, corrected, because="the fee of 4.41 is taken back")
    assert books_charged(books) == nano("0.04")
    sound(books)


def test_a_month_that_nothing_is_billed_for_is_posted_with_a_total_of_nothing(books: Books) -> None:
    one, *_ = open_jobs(books)
    charged(books, one, "r1")
    with pytest.raises(BadSettings, match="say --total 0"):
        posted(books, [])
    with pytest.raises(BadSettings, match="say --total 0"):
        posted(books, [], total="0.05")
    posted(books, [], total="0")
    assert books_charged(books) == order_charged(books) == 0
    assert posted(books, []).again
    sound(books)


@pytest.mark.parametrize(
    ("ref", "command"),
    [
        ("$(x);r7", "`mintage ledger settle {} --charge 0.05 --ref '$(x);r7' --by YOU"),
        ("`x`", "--charge 0.05 --ref '`x`' --by YOU"),
        ("-r7", "--charge 0.05 --ref=-r7 --by YOU"),
        ("r 7", "--void --by YOU --because WHY` ends it; the run's id is none that settle takes"),
    ],
)
def test_a_command_to_paste_runs_nothing_that_a_statement_says(
    books: Books, ref: str, command: str
) -> None:
    attempt_id = lost(books, open_jobs(books)[0])
    remark = finding(matched(books, lines((ref, "0.05"))), ref).remark
    assert command.format(attempt_id) in remark


def test_the_wrong_statement_is_refused(books: Books) -> None:
    jobs = open_jobs(books)
    for number, job in enumerate(jobs[:4]):
        charged(books, job, f"r{number}")
    with pytest.raises(BadSettings, match="Not one of 1 lines"):
        posted(books, lines(("x", "0.03")))
    with pytest.raises(BadSettings, match="without lines"):
        posted(books, [])
    part = lines(("r1", "0.03"))
    with pytest.raises(BadSettings, match="3 of the 4 runs"):
        posted(books, part)
    with pytest.raises(BadSettings, match="not begun"):
        posted(books, part, "2027-01")
    with pytest.raises(BadSettings, match="in a sentence"):
        posted(books, part, total="0.03", because="!")
    assert books_charged(books) == nano("0.12")
    posted(books, part, total="0.03")
    assert books_charged(books) == nano("0.03")
    sound(books)


def test_a_charge_of_an_attempt_without_a_run_is_only_ours(books: Books) -> None:
    one, two, *_ = open_jobs(books)
    charged(books, one, "r1")
    attempt_id = lost(books, two)
    with books.transaction() as desk:
        desk.decide(Decision(attempt_id, DecisionKind.CHARGE, Decimal("0.02"), BY, "I saw it"))
    found = matched(books, lines(("r1", "0.03")))
    assert kinds_of(found) == {attempt_id: FindingKind.ONLY_OURS}
    posted(books, lines(("r1", "0.03")))
    assert books_charged(books) == nano("0.03")
    assert matched(books, lines(("r1", "0.03"))).matching.agrees
    sound(books)


@pytest.mark.postgres
def test_finance_posts_and_the_foreman_does_not(
    postgres: PostgresServer, migrated_url: str, clock: SteppingClock
) -> None:
    url = postgres.fresh_database(migrated_url)
    told = lines(("r1", "0.04"), ("x", "0.10"))
    with Books.open(url, clock=clock) as books:
        charged(books, open_jobs(books)[0], "r1")
        books.apply_roles()
    people = {"post_frank": FINANCE, "post_nightly": FOREMAN}
    run_sql(url, [f"CREATE USER {who} IN ROLE {role}" for who, role in people.items()])
    try:
        with (
            Books.open(url.replace("postgres:@", "post_nightly:@", 1), clock=clock) as books,
            pytest.raises(BooksUnavailable, match="does not let this user"),
        ):
            posted(books, told)
        with Books.open(url.replace("postgres:@", "post_frank:@", 1), clock=clock) as books:
            posted(books, told)
            assert books_charged(books) == nano("0.14")
            sound(books)
    finally:
        postgres.drop_database(url)
        run_sql(migrated_url, [f"DROP USER {who}" for who in people])


def test_only_attempts_of_that_model_and_time_may_be_an_unknown_run(
    books: Books, clock: SteppingClock
) -> None:
    jobs = open_jobs(books)
    in_month(clock, NOVEMBER, 3)
    early = lost(books, jobs[0])
    in_month(clock, NOVEMBER, 10)
    fitting = [lost(books, job) for job in jobs[1:6]]
    at = clock.now + timedelta(minutes=1)

    def told(model: str | None, at: datetime | None) -> Finding:
        return finding(matched(books, [StatementLine(1, "x", 3, model=model, at=at)]), "x")

    one = told("black-forest-labs/flux-schnell", at)
    assert one.kind is FindingKind.UNKNOWN_ATTEMPT
    assert one.remark.startswith(
        f"may be one of the attempts {', '.join(fitting[:3])} and 2 more: "
    )
    assert "settle ATTEMPT " in one.remark
    assert early in told(None, None).remark
    assert f"may be attempt {early}" in told(None, at - timedelta(days=6)).remark
    for other in (told("stability-ai/sdxl", at), told(None, at - timedelta(days=20))):
        assert other.kind is FindingKind.ONLY_THEIRS


def test_a_providers_own_record_corrects_no_invoice_and_is_posted_only_whole(
    books: Books,
) -> None:
    one, *_ = open_jobs(books)
    charged(books, one, "r1")
    theirs = Theirs()
    theirs.add(lines(("r1", "0.03")))
    live = reconcile(books, StatementWish("replicate", NOVEMBER, source="live"), theirs)
    with pytest.raises(BadSettings, match="could be priced"):
        post(books, replace(live, is_whole=False), by=BY, because="the record")
    assert post(books, live, by=BY, because="the record").number == 1
    assert posted(books, lines(("r1", "0.04"))).number == 2
    live = reconcile(books, StatementWish("replicate", NOVEMBER, source="live"), theirs)
    assert live.differences == 1
    with pytest.raises(BadSettings, match="corrected invoice from a file"):
        post(books, live, by=BY, because="the record")
    assert books_charged(books) == nano("0.04")
    sound(books)


def test_a_statement_of_another_month_is_wondered_at(books: Books, clock: SteppingClock) -> None:
    in_month(clock, DECEMBER)
    told = [StatementLine(n, f"r{n}", 3, at=datetime(2026, 10, 3, tzinfo=UTC)) for n in range(3)]
    told += [StatementLine(9, "r9", 3, at=datetime(2026, 11, 3, tzinfo=UTC))]
    assert matched(books, told).matching.notes == (
        "3 of 4 lines are dated in 2026-10, not in 2026-11: is this the statement of 2026-11?",
    )
    assert matched(books, [], DECEMBER).matching.notes == (
        "2026-12 is not over: what is charged from now on is in no line yet.",
    )
