"""What takes two persons is asked for by one and approved by another, and the database insists."""

from __future__ import annotations

import re
import sqlite3
from datetime import timedelta

import psycopg
import pytest
from books_parts import CENT, SteppingClock, admit, an_order, disarm, plan, run_sql, sound
from closing_parts import ANNA, BOB

from ledger import Books, CapRefused, Scope, UnknownOrder
from ledger.closing_views import RequestKind, RequestState, RequestView
from ledger.errors import ApprovalRefused

Refused = (sqlite3.IntegrityError, psycopg.Error)


def limit(books: Books, cents: int | None, by: str = ANNA) -> bool | RequestView:
    with books.transaction() as desk:
        nano = None if cents is None else cents * CENT
        return desk.change_limit(nano, by=by, because="the auditors want it")


def cap(
    books: Books,
    cents: int | None,
    *,
    by: str = ANNA,
    scope: Scope = Scope.COST_CENTER,
    subject: str = "cc-4100",
    only_up: bool = False,
) -> bool | RequestView:
    with books.transaction() as desk:
        nano = None if cents is None else cents * CENT
        return desk.change_cap(scope, subject, nano, by=by, because="a push", only_up=only_up)


def asked(found: bool | RequestView) -> RequestView:
    assert isinstance(found, RequestView), found
    return found


def approve(books: Books, request: RequestView, by: str = BOB) -> RequestView:
    with books.transaction() as desk:
        return desk.approve(request.request_id, by=by)


def in_force(books: Books) -> int | None:
    return books.cap_rules()[-1].cap_nano


@pytest.fixture
def limited(books: Books) -> Books:
    """One person may raise by a dollar; the cost centre has ten a month."""
    assert limit(books, 100) is True
    assert cap(books, 1_000) is True
    return books


def test_without_a_limit_one_person_does_what_they_like(books: Books) -> None:
    assert books.raise_limit() is None
    for cents in (100, 100_000, None, 5):
        assert cap(books, cents) is True
    assert books.requests() == []
    sound(books)


def test_a_raise_up_to_the_limit_is_in_force_at_once(limited: Books) -> None:
    assert cap(limited, 1_100) is True
    assert cap(limited, 1_100) is False
    assert cap(limited, 200) is True
    assert in_force(limited) == 200 * CENT
    sound(limited)


def test_a_raise_above_the_limit_waits_for_another_person(limited: Books) -> None:
    request = asked(cap(limited, 1_101, only_up=True))
    assert (request.name, request.kind, request.state) == (
        "R1",
        RequestKind.RAISE,
        RequestState.WAITING,
    )
    assert (request.before_nano, request.amount_nano) == (1_000 * CENT, 1_101 * CENT)
    assert in_force(limited) == 1_000 * CENT
    again = asked(cap(limited, 1_101, by=BOB))
    assert (again.request_id, again.by, again.asked_before) == (1, ANNA, True)
    assert [one.name for one in limited.requests()] == ["R1"]
    done = approve(limited, request)
    assert (done.state, done.by, done.answered_by) == (RequestState.APPROVED, ANNA, BOB)
    rule = limited.cap_rules()[-1]
    assert (rule.cap_nano, rule.by) == (1_101 * CENT, ANNA)
    assert rule.because == f"a push (R1, approved by {BOB})"
    assert limited.requests() == []
    assert [one.state for one in limited.requests(answered=True)] == [RequestState.APPROVED]
    sound(limited)


def test_an_order_and_a_day_are_raised_by_two_as_well(limited: Books) -> None:
    plan(limited, an_order(cap="5.00"))
    for scope, subject in ((Scope.ORDER, "mugs@2026"), (Scope.PROVIDER, "replicate")):
        if scope is Scope.PROVIDER:
            assert cap(limited, 500, scope=scope, subject=subject) is True
        assert cap(limited, 600, scope=scope, subject=subject, only_up=True) is True
        approve(limited, asked(cap(limited, 701, scope=scope, subject=subject)))
        assert in_force(limited) == 701 * CENT
    order = limited.order("mugs@2026")
    assert order is not None
    assert order.cap_nano == 701 * CENT
    sound(limited)


def test_what_is_no_raise_is_refused_as_one(limited: Books) -> None:
    for cents in (1_000, 999):
        with pytest.raises(CapRefused, match=r"a cap of \$10\.00 already"):
            cap(limited, cents, only_up=True)
    with pytest.raises(CapRefused, match="has no cap to raise"):
        cap(limited, 5, scope=Scope.PROVIDER, subject="replicate", only_up=True)
    with pytest.raises(UnknownOrder):
        cap(limited, 5, scope=Scope.ORDER, subject="chairs@1", only_up=True)
    for because in ("", " ", "\x1b[31mred", "two\nlines", "\u2028", "x" * 501, "..."):
        with limited.transaction() as desk, pytest.raises(CapRefused):
            desk.change_cap(Scope.COST_CENTER, "cc-4100", CENT, by=ANNA, because=because)
    assert in_force(limited) == 1_000 * CENT


def test_a_cap_is_taken_away_by_two(limited: Books) -> None:
    request = asked(cap(limited, None))
    assert request.amount_nano is None
    approve(limited, request)
    assert in_force(limited) is None
    # To cap what has no cap takes authority away, and one person may.
    assert cap(limited, 90_000) is True
    sound(limited)


def test_nobody_approves_what_they_asked_for_under_any_spelling(limited: Books) -> None:
    request = asked(cap(limited, 5_000))
    for by in (ANNA, "Anna@ACME.example", "anna+x@acme.example", "anna", "Ann a", "ÁNNA"):
        with pytest.raises(ApprovalRefused, match="nobody approves what they asked for"):
            approve(limited, request, by)
    for by in ("", "bob\x07", "bob <bob@acme.example>", "bob@acme.example, eve@acme.example"):
        with pytest.raises(ApprovalRefused, match="is approved by a person"):
            approve(limited, request, by)
    assert in_force(limited) == 1_000 * CENT


def test_a_request_that_was_overtaken_is_refused(limited: Books) -> None:
    higher = asked(cap(limited, 5_000))
    cap(limited, 1_050)
    with pytest.raises(ApprovalRefused, match="the cap of cost centre cc-4100 has changed"):
        approve(limited, higher)
    # Back where it was is another cap all the same.
    cap(limited, 1_000)
    with pytest.raises(ApprovalRefused, match="was overtaken"):
        approve(limited, higher)
    assert limited.requests() == []
    assert approve(limited, asked(cap(limited, 5_000))).name == "R2"
    sound(limited)


def test_a_request_that_is_too_old_is_refused_and_asked_for_again(
    limited: Books, clock: SteppingClock
) -> None:
    old = asked(cap(limited, 5_000))
    clock.now += timedelta(days=31)
    with pytest.raises(ApprovalRefused, match=r"too old: .* waits for 30 days"):
        approve(limited, old)
    assert [one.state for one in limited.requests(answered=True)] == [RequestState.EXPIRED]
    new = asked(cap(limited, 5_000))
    assert (new.name, new.asked_before) == ("R2", False)
    approve(limited, new)
    sound(limited)


def test_a_request_is_answered_once(limited: Books) -> None:
    first, second = asked(cap(limited, 5_000)), asked(cap(limited, 6_000))
    with limited.transaction() as desk:
        assert desk.reject(first.request_id, by=BOB, because="too dear").state == "rejected"
    with limited.transaction() as desk:
        mine = desk.reject(second.request_id, by="ANNA@acme.example", because="never mind")
    assert (mine.state, mine.answer_because) == (RequestState.WITHDRAWN, "never mind")
    for request in (first, second):
        with pytest.raises(ApprovalRefused, match=r"was (rejected|withdrawn) by"):
            approve(limited, request)
    with (
        pytest.raises(ApprovalRefused, match="there is no request R9"),
        limited.transaction() as desk,
    ):
        desk.approve(9, by=BOB)
    assert asked(cap(limited, 5_000)).name == "R3"
    sound(limited)


def test_the_limit_itself_is_loosened_by_two(limited: Books) -> None:
    assert limit(limited, 100) is False
    for cents in (200, None):
        request = asked(limit(limited, cents))
        assert request.kind is RequestKind.LIMIT
        with pytest.raises(ApprovalRefused, match="nobody approves"):
            approve(limited, request, ANNA)
        approve(limited, request)
        found = limited.raise_limit()
        assert found is not None
        assert found.limit_nano == (None if cents is None else cents * CENT)
    assert cap(limited, 900_000) is True
    # To set one is to take authority away.
    assert limit(limited, 0) is True
    assert limit(limited, 0) is False
    asked(cap(limited, 900_001))
    sound(limited)


def test_two_requests_for_one_limit_overtake_each_other(limited: Books) -> None:
    first, second = asked(limit(limited, 200)), asked(limit(limited, 300))
    approve(limited, second)
    with pytest.raises(ApprovalRefused, match="the limit has changed"):
        approve(limited, first)


def test_one_person_alone_is_refused_where_they_set_a_cap(limited: Books) -> None:
    wanted = (
        r"stays as it is: .* \$1\.00 a month at most, .*budget raise cost_center cc-4100 50 --by"
    )
    with limited.transaction() as desk, pytest.raises(ApprovalRefused, match=wanted):
        desk.set_cap(Scope.COST_CENTER, "cc-4100", 5_000 * CENT, by=ANNA, because="a push")
    assert in_force(limited) == 1_000 * CENT


def test_a_raise_that_was_approved_lets_waiting_work_go_on(limited: Books) -> None:
    (one,) = plan(limited, an_order(jobs=1))
    cap(limited, 1)
    approve(limited, asked(cap(limited, 102)))
    admit(limited, one)
    sound(limited)


RULE = (
    "INSERT INTO cap_rules (at_us, scope, subject, cap_nano, actor, because) "
    "VALUES (1, 'cost_center', 'cc-4100', {nano}, 'a', 'b')"
)
LIMIT = (
    "INSERT INTO raise_limits (at_us, limit_nano, after_rule_id, actor, because) "
    "VALUES (1, {nano}, (SELECT COALESCE(MAX(rule_id), 0) FROM cap_rules), 'a', 'b')"
)
ANSWER = (
    "INSERT INTO approvals (request_id, at_us, answer, actor, actor_key, asked_key) "
    "VALUES (1, {at_us}, 'approved', '{actor}', '{key}', '{asked}')"
)
ASKED_AT = "(SELECT at_us FROM requests)"
PAST_THE_SECOND = {
    "a rule above the limit": RULE.format(nano=5_000 * CENT),
    "a rule of no cap": RULE.format(nano="NULL"),
    "a higher limit": LIMIT.format(nano=10**15),
    "no limit": LIMIT.format(nano="NULL"),
    "a limit that holds later": LIMIT.format(nano=0).replace(
        "(SELECT COALESCE(MAX(rule_id), 0)", "(SELECT 99"
    ),
    "a budget of another cap": "UPDATE budgets SET cap_nano = 999999999999 WHERE scope = 'cost_center'",
    "an approval of one's own": ANSWER.format(at_us=ASKED_AT, actor=ANNA, key=ANNA, asked=ANNA),
    "under another spelling": ANSWER.format(
        at_us=ASKED_AT, actor="Anna@acme.example", key=ANNA, asked=ANNA
    ),
    "under another key": ANSWER.format(at_us=ASKED_AT, actor=ANNA, key=BOB, asked=ANNA),
    "by the local part": ANSWER.format(at_us=ASKED_AT, actor="anna", key="anna", asked=ANNA),
    "by the file of caps": ANSWER.format(
        at_us=ASKED_AT, actor="Settings-File", key="settingsfile", asked=ANNA
    ),
    "before it was asked for": ANSWER.format(at_us=1, actor=BOB, key=BOB, asked=ANNA),
    "of somebody else's request": ANSWER.format(
        at_us=ASKED_AT, actor=BOB, key=BOB, asked="eve@acme.example"
    ),
    "years later": ANSWER.format(at_us=10**17, actor=BOB, key=BOB, asked=ANNA),
    "a changed request": "UPDATE requests SET actor = 'eve'",
    "a request that is gone": "DELETE FROM requests",
    "a limit that is gone": "DELETE FROM raise_limits",
}


def test_no_way_leads_past_the_second_person(limited: Books, books_url: str) -> None:
    asked(cap(limited, 9_000))
    let_through = [
        way for way, statement in PAST_THE_SECOND.items() if was_let(books_url, statement)
    ]
    assert let_through == []
    assert in_force(limited) == 1_000 * CENT
    sound(limited)


def was_let(url: str, statement: str) -> bool:
    """Whether the database takes a statement."""
    try:
        run_sql(url, [statement])
    except Refused:
        return False
    return True


APPROVED = ANSWER.format(at_us=ASKED_AT, actor=BOB, key=BOB, asked=ANNA)
APPROVED_RULE = (
    "INSERT INTO cap_rules (at_us, scope, subject, cap_nano, actor, because) "
    "SELECT a.at_us{later}, r.scope, r.subject, r.amount_nano, '{actor}', "
    "r.because || ' (R1, approved by {approved_by})' "
    "FROM requests r JOIN approvals a ON a.request_id = r.request_id"
)
SAME_RULE = APPROVED_RULE.format(later="", actor=ANNA, approved_by=BOB)
OF_ANOTHER = APPROVED_RULE.format(later="", actor="carl@acme.example", approved_by=BOB)
ITS_ENTRY = (
    (
        "INSERT INTO entries (at_us, period, kind, from_account, to_account, amount_nano, cost_center, "
        "rule_id, actor, because) SELECT r.at_us, e.period, 'raise', e.from_account, e.to_account, "
        "r.cap_nano - e.amount_nano, e.cost_center, r.rule_id, r.actor, r.because "
        "FROM cap_rules r, entries e WHERE r.rule_id = 2 AND e.rule_id = 1"
    ),
    "UPDATE totals SET entry_count = entry_count + 1",
    "UPDATE budgets SET rule_id = 2, cap_nano = (SELECT amount_nano FROM requests)",
)


def test_what_was_approved_is_written_in_no_other_name(limited: Books, books_url: str) -> None:
    asked(cap(limited, 9_000))
    run_sql(books_url, [APPROVED])
    for rule in (
        OF_ANOTHER,
        APPROVED_RULE.format(later="", actor=ANNA, approved_by="carl@acme.example"),
        APPROVED_RULE.format(later=" + 1", actor=ANNA, approved_by=BOB),
    ):
        assert not was_let(books_url, rule)
    assert was_let(books_url, SAME_RULE)


def test_a_limit_is_approved_in_no_other_name(limited: Books, books_url: str) -> None:
    asked(limit(limited, 900))
    run_sql(books_url, [APPROVED])
    rule = (
        "INSERT INTO raise_limits (at_us, limit_nano, after_rule_id, actor, because) "  # noqa: S608 - a test's own values
        f"SELECT a.at_us, {900 * CENT}, 1, '{{}}', r.because || ' (R1, approved by {BOB})' "
        "FROM requests r JOIN approvals a ON a.request_id = r.request_id"
    )
    assert not was_let(books_url, rule.format("carl@acme.example"))
    assert was_let(books_url, rule.format(ANNA))


def test_small_raises_add_up_in_a_month(
    limited: Books, books_url: str, clock: SteppingClock
) -> None:
    assert cap(limited, 1_060) is True
    wanted = r"by \$1\.00 a month at most \(\$0\.60 of it is used\), and a cap of \$11\.01 takes"
    with limited.transaction() as desk, pytest.raises(ApprovalRefused, match=wanted):
        desk.set_cap(Scope.COST_CENTER, "cc-4100", 1_101 * CENT, by=ANNA, because="a push")
    assert not was_let(books_url, RULE.format(nano=1_101 * CENT).replace("1,", f"{now_us(clock)},"))
    # What goes down does not make room for what one person alone has raised.
    assert cap(limited, 1_000) is True
    request = asked(cap(limited, 1_041))
    assert cap(limited, 300, scope=Scope.PROVIDER, subject="replicate") is True
    assert cap(limited, 400, scope=Scope.PROVIDER, subject="replicate") is True
    approve(limited, request)
    # What two persons have raised does not count, and a new month begins with nothing.
    assert cap(limited, 1_081) is True
    asked(cap(limited, 1_082))
    clock.now += timedelta(days=31)
    assert cap(limited, 1_181) is True
    asked(cap(limited, 1_182))
    sound(limited)


def now_us(clock: SteppingClock) -> int:
    return int(clock.now.timestamp()) * 1_000_000


def test_small_raises_past_the_database_are_seen(limited: Books, books_url: str) -> None:
    cap(limited, 1_060)
    cap(limited, 1_100)
    sound(limited)
    disarm(books_url)
    run_sql(books_url, ["UPDATE raise_limits SET limit_nano = 990000000"])
    problem = limited.verify().problem
    assert problem is not None
    assert "cap rule 3 raised the cap of cost_center cc-4100 from $10.60 to $11.00" in problem


def test_the_file_of_caps_is_nobody_who_asks_or_approves(limited: Books) -> None:
    request = asked(cap(limited, 5_000))
    for by in (
        "settings file",
        "Settings File",
        "settings.file",
        "s\u0435ttings file",
        "SettingsFile",
    ):
        with pytest.raises(ApprovalRefused, match="is how the file of caps signs"):
            approve(limited, request, by)
        with pytest.raises(CapRefused, match="is how the file of caps signs"):
            cap(limited, 5_001, by=by)
        with pytest.raises(CapRefused, match="is how the file of caps signs"):
            limit(limited, 50, by=by)
    assert in_force(limited) == 1_000 * CENT


@pytest.mark.parametrize("subject", ["cc\x1b[31m", "cc\n1", "cc\u202e1", "cc\u200b", "cc\x9b", " "])
def test_no_cap_is_of_a_name_that_hides_something(limited: Books, subject: str) -> None:
    with pytest.raises(CapRefused, match="cannot be the name of a cost centre"):
        cap(limited, 5, subject=subject)
    assert len(limited.cap_rules()) == 1


FORGERIES = {
    "a raise that nobody approved": (
        (RULE.format(nano=5_000 * CENT),),
        "cap rule 2 (moved|raised)",
    ),
    "a limit that nobody approved": ((LIMIT.format(nano=10**15),), "limit 2 lets one person"),
    "an approval that changed nothing": (
        (ANSWER.format(at_us=ASKED_AT, actor=BOB, key=BOB, asked=ANNA),),
        "R1 was approved, and what it asked for",
    ),
    "a raise in the name of another": (
        (ANSWER.format(at_us=ASKED_AT, actor=BOB, key=BOB, asked=ANNA), OF_ANOTHER, *ITS_ENTRY),
        "cap rule 2 raised .* no second person approved that",
    ),
    "a request by the file of caps": (
        ("UPDATE requests SET actor = 'settings file', actor_key = 'settingsfile'",),
        "R1 is by 'settings file'",
    ),
    "a request by nobody": (("UPDATE requests SET actor = 'a @ b'",), "R1 is by 'a @ b'"),
    "a request under another key": (("UPDATE requests SET actor_key = 'x'",), "R1 is by"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_of_approvals_is_seen(limited: Books, books_url: str, forgery: str) -> None:
    asked(cap(limited, 9_000))
    sound(limited)
    statements, said = FORGERIES[forgery]
    disarm(books_url)
    run_sql(books_url, statements)
    problem = limited.verify().problem
    assert problem is not None
    assert re.search(said, problem), problem


def test_one_who_approved_what_they_asked_for_is_seen(limited: Books, books_url: str) -> None:
    approve(limited, asked(cap(limited, 9_000)))
    sound(limited)
    disarm(books_url)
    run_sql(
        books_url,
        [
            "UPDATE approvals SET actor = 'a.nna', actor_key = 'anna'",
            "UPDATE requests SET actor = 'anna@acme.example'",
            "UPDATE cap_rules SET because = 'a push (R1, approved by a.nna)' WHERE rule_id = 2",
            "UPDATE entries SET because = 'a push (R1, approved by a.nna)' WHERE rule_id = 2",
        ],
    )
    problem = limited.verify().problem
    assert problem == f"a.nna approved R1, and asked for it as {ANNA}"


def test_an_approval_before_its_request_is_seen(limited: Books, books_url: str) -> None:
    approve(limited, asked(cap(limited, 9_000)))
    disarm(books_url)
    run_sql(books_url, ["UPDATE requests SET at_us = at_us + 3600000000"])
    assert limited.verify().problem == "R1 was approved before it was asked for"
