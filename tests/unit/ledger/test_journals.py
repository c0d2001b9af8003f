"""Journals balance to the cent, whatever was charged, and say what was rounded."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from charge_lines import GL, NOVEMBER, ODD_NAME, a_line, an_adjustment, rows_of, written
from hypothesis import given
from hypothesis import strategies as st

from ledger import usd
from ledger.errors import ExportRefused
from ledger.exports.accrual_journal import Accrued, make_accruals
from ledger.exports.charge_line import ChargeLine
from ledger.exports.gl_mapping import Coding, GlMapping, Subject
from ledger.exports.journal import ChargeSums, LineRole, make_journals, rounded_cents
from ledger.selection import Selection, days_of_period, of_period

CENT = Decimal("0.01")
SYSTEMS = ("journal-netsuite", "journal-xero", "journal-quickbooks")
NAMES = st.sampled_from(["cc-4100", "cc-4200", "4300", ODD_NAME, "=1+1"])

LINES = st.lists(
    st.builds(
        lambda amount_nano, cost_center, campaign, provider, month, is_adjustment: (
            an_adjustment(amount_nano, provider=provider, period=f"2026-{month:02}")
            if is_adjustment
            else a_line(
                amount_nano,
                cost_center=cost_center,
                campaign=campaign,
                provider=provider,
                period=f"2026-{month:02}",
            )
        ),
        st.integers(-(10**12), 10**12).filter(bool),
        NAMES,
        NAMES,
        st.sampled_from(["replicate", "studio"]),
        st.sampled_from([10, 11]),
        st.booleans(),
    ),
    max_size=12,
)


def sums_of(lines: list[ChargeLine]) -> ChargeSums:
    sums = ChargeSums()
    for line in lines:
        sums.add(line)
    return sums


@given(LINES)
def test_debits_equal_credits_and_what_is_owed_is_the_exact_sum_rounded_once(
    lines: list[ChargeLine],
) -> None:
    exact: dict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        exact[line.period, line.provider] += line.amount_nano
    journals = make_journals(sums_of(lines), GL, Selection())
    assert {(one.period, one.provider) for one in journals} == set(exact)
    for journal in journals:
        nano = exact[journal.period, journal.provider]
        assert journal.exact_nano == nano
        rounded = usd(nano).quantize(CENT, rounding=ROUND_HALF_EVEN)
        assert Decimal(journal.owed_cents) / 100 == rounded
        assert sum(line.amount_cents for line in journal.lines) == 0
        assert all(line.amount_cents for line in journal.lines)
        owed = [line for line in journal.lines if line.role is LineRole.PAYABLE]
        assert sum(line.amount_cents for line in owed) == -journal.owed_cents
        # Each cost is off by half a cent at most, and so is what is owed.
        codings = {GL.mapped(subject).coding for _, subject in sums_of(lines).sums}
        assert abs(journal.rounding_cents) <= (len(codings) + 1) / 2


@given(LINES)
def test_every_system_gets_a_file_that_balances_to_the_cent(lines: list[ChargeLine]) -> None:
    exact = sum(line.amount_nano for line in lines)
    for system in SYSTEMS:
        text, said = written(system, lines, selection=Selection())
        rows = rows_of(text)
        assert said.sum_nano == exact
        assert said.rows == len(rows)
        if system == "journal-xero":
            assert sum((Decimal(row["*Amount"]) for row in rows), Decimal(0)) == 0
            continue
        debit, credit = (
            ("Debit", "Credit") if system == "journal-netsuite" else ("Debits", "Credits")
        )
        assert sum(Decimal(row[debit] or 0) for row in rows) == sum(
            Decimal(row[credit] or 0) for row in rows
        )
        assert all(bool(row[debit]) is not bool(row[credit]) for row in rows)
        assert all(Decimal(row[debit] or row[credit]) > 0 for row in rows)


@pytest.mark.parametrize(
    ("nano", "cents"),
    [
        (5_000_000, 0),
        (5_000_001, 1),
        (15_000_000, 2),
        (25_000_000, 2),
        (-5_000_000, 0),
        (-15_000_000, -2),
        (-5_000_001, -1),
        (0, 0),
    ],
)
def test_cents_are_rounded_half_even(nano: int, cents: int) -> None:
    assert rounded_cents(nano) == cents


def test_a_rounding_line_says_what_was_rounded() -> None:
    lines = [a_line(4_000_000, cost_center=name) for name in "abc"]
    mapping = GlMapping(
        "gl.yaml",
        (),
        Coding("6200"),
        GL.payables,
        GL.variance,
        GL.rounding,
    )
    (one_account,) = make_journals(sums_of(lines), mapping, NOVEMBER)
    assert one_account.rounding_cents == 0
    text, said = written(
        "journal-netsuite", [*lines, a_line(4_000_000), a_line(4_000_000, campaign="summer")]
    )
    rows = rows_of(text)
    (rounding,) = [row for row in rows if row["Account"] == "6999"]
    assert (rounding["Debit"], rounding["Credit"]) == ("0.01", "")
    assert rounding["Line Memo"] == (
        "Mintage replicate 2026-11: rounding; the lines rounded to cents come to 0.01, the exact "
        "sum 0.02 USD to 0.02"
    )
    assert said.notes == (
        "MINTAGE-2026-11-replicate: exactly 0.02 USD, in cents 0.02; a rounding line of 0.01.",
    )


def test_netsuite_gets_what_its_import_wants() -> None:
    text, _ = written("journal-netsuite", [a_line(1_234_500_000, campaign="summer-2026")])
    assert text.splitlines() == [
        (
            "External ID,Date,Posting Period,Subsidiary,Currency,Memo,Account,Debit,Credit,Line Memo,"
            "Name,Department,Class,Location"
        ),
        (
            "MINTAGE-2026-11-replicate,11/30/2026,Nov 2026,,USD,Mintage replicate 2026-11 "
            "(MINTAGE-2026-11-replicate),6210,1.23,,Mintage replicate 2026-11: 1 charge,,Marketing,"
            "Summer,Berlin"
        ),
        (
            "MINTAGE-2026-11-replicate,11/30/2026,Nov 2026,,USD,Mintage replicate 2026-11 "
            '(MINTAGE-2026-11-replicate),2010,,1.23,"Mintage replicate 2026-11: owed to Replicate, '
            'Inc.; exactly 1.2345 USD","Replicate, Inc.",,,'
        ),
    ]


def test_xero_gets_signed_amounts_and_at_most_two_tracking_categories() -> None:
    text, _ = written("journal-xero", [a_line(1_230_000_000, campaign="summer-2026")])
    debit, credit = rows_of(text)
    assert list(debit.values()) == [
        "Mintage replicate 2026-11 (MINTAGE-2026-11-replicate)",
        "30/11/2026",
        "Mintage replicate 2026-11: 1 charge",
        "6210",
        "Tax Exempt",
        "1.23",
        "Department",
        "Marketing",
        "Class",
        "Summer",
    ]
    assert (credit["*Amount"], credit["TrackingName1"]) == ("-1.23", "")


def test_quickbooks_numbers_are_short_and_payables_name_their_vendor() -> None:
    long_name = "a-provider-with-a-long-name"
    payables = {**GL.payables, long_name: GL.payables["replicate"]}
    mapping = GlMapping("gl.yaml", (), Coding("6200"), payables, GL.variance, GL.rounding)
    lines = [a_line(10**10, provider=name) for name in ("replicate", long_name)]
    text, _ = written("journal-quickbooks", lines, mapping=mapping)
    numbers = {row["JournalNo"] for row in rows_of(text)}
    assert len(numbers) == 2
    assert "M-2026-11-replicate" in numbers
    assert all(len(number) <= 21 for number in numbers)
    assert {row["Name"] for row in rows_of(text) if row["Credits"]} == {"Replicate, Inc."}


def test_a_month_of_refunds_turns_the_journal_around() -> None:
    text, said = written("journal-netsuite", [an_adjustment(-2_505_000_000)])
    variance, payable = rows_of(text)
    assert (variance["Account"], variance["Debit"], variance["Credit"]) == ("6290", "", "2.50")
    assert (payable["Account"], payable["Debit"], payable["Credit"]) == ("2010", "2.50", "")
    assert said.sum_nano == -2_505_000_000


def test_a_month_without_charges_has_no_journal() -> None:
    text, said = written("journal-xero", [])
    assert rows_of(text) == []
    assert said.notes == ("Nothing was charged in 2026-11: there is no journal.",)


def test_less_than_a_cent_is_told_and_makes_no_journal() -> None:
    text, said = written("journal-xero", [a_line(3_000_000)])
    assert rows_of(text) == []
    assert said.notes == (
        "MINTAGE-2026-11-replicate: 0.003 USD is less than a cent on every line: no journal.",
    )


def identity(selection: Selection, provider: str = "replicate") -> str:
    line = a_line(10**9, provider=provider)
    mapping = GlMapping(
        "gl.yaml",
        (),
        Coding("6200"),
        {provider: GL.payables["replicate"]},
        GL.variance,
        GL.rounding,
    )
    (journal,) = make_journals(sums_of([line]), mapping, selection)
    return journal.external_id


def test_a_whole_month_of_a_provider_has_one_id_however_it_was_selected() -> None:
    assert {
        identity(selection)
        for selection in (
            Selection(),
            NOVEMBER,
            Selection(days_of_period("2026-01")[0], days_of_period("2026-12")[1]),
            of_period("2026-11", [("provider", frozenset({"replicate"}))]),
        )
    } == {"MINTAGE-2026-11-replicate"}


def test_a_part_of_a_month_has_an_id_of_its_own() -> None:
    first, last = days_of_period("2026-11")
    parts = [
        Selection(first, last.replace(day=15)),
        Selection(first.replace(day=16), last),
        of_period("2026-11", [("cost_center", frozenset({"cc-4100"}))]),
        of_period("2026-11", [("cost_center", frozenset({"cc-4200"}))]),
    ]
    ids = [identity(part) for part in parts]
    assert len({*ids, "MINTAGE-2026-11-replicate"}) == 5
    assert ids == [identity(part) for part in parts]


def test_ids_are_plain_and_different_for_providers_with_odd_names() -> None:
    ids = [identity(NOVEMBER, name) for name in (ODD_NAME, "=1+1", "日本", "中国", "a b")]
    assert len(set(ids)) == len(ids)
    assert all(one.isascii() and " " not in one for one in ids)


def test_what_a_spreadsheet_would_run_is_made_text() -> None:
    mapping = GlMapping(
        "gl.yaml", (), Coding("=6200", "+dept", "@class"), GL.payables, GL.variance, GL.rounding
    )
    text, _ = written("journal-netsuite", [a_line(10**9, cost_center="=1+1")], mapping=mapping)
    cost, _ = rows_of(text)
    assert (cost["Account"], cost["Department"], cost["Class"]) == ("'=6200", "'+dept", "'@class")


def test_journals_that_are_not_together_what_the_sum_would_be_are_told_about() -> None:
    lines = [a_line(14_000_000), a_line(14_000_000, provider="studio")]
    _, said = written("journal-xero", lines)
    assert said.notes[-1] == (
        "Each journal is rounded by itself, as each invoice is: together they come to 0.02, and the "
        "exact sum, 0.028, would be 0.03."
    )


def test_accruals_are_taken_back_whole_on_the_next_day() -> None:
    accrued = [
        Accrued(Subject("cc-4100", "summer", "m", "replicate"), 14_000_000, 1),
        Accrued(Subject("cc-4100", "autumn", "m", "replicate"), 14_000_000, 2),
        Accrued(Subject("cc-4200", "autumn", "m", "studio"), 10**9, 3),
    ]
    mapping = replace(GL, accrual=Coding("2150"))
    journals = make_accruals(accrued, date(2026, 11, 30), mapping, ())
    assert [(one.external_id, one.day, one.owed_cents) for one in journals] == [
        ("MINTAGE-2026-11-30-replicate-ACC", date(2026, 11, 30), 3),
        ("MINTAGE-2026-11-30-replicate-REV", date(2026, 12, 1), -3),
        ("MINTAGE-2026-11-30-studio-ACC", date(2026, 11, 30), 100),
        ("MINTAGE-2026-11-30-studio-REV", date(2026, 12, 1), -100),
    ]
    for journal in journals:
        assert sum(line.amount_cents for line in journal.lines) == 0
    there, back = journals[0], journals[1]
    assert [(line.coding, -line.amount_cents) for line in back.lines] == [
        (line.coding, line.amount_cents) for line in there.lines
    ]
    assert there.rounding_cents == 1
    assert (there.lines[-1].coding.account, back.period) == ("2150", "2026-12")
    (part, _, *_) = make_accruals(
        accrued, date(2026, 11, 30), mapping, [("campaign", frozenset({"autumn"}))]
    )
    assert part.external_id not in {one.external_id for one in journals}
    with pytest.raises(ExportRefused, match="names no accrual account"):
        make_accruals(accrued, date(2026, 11, 30), GL, ())


def test_a_running_month_is_told_about() -> None:
    _, said = written(
        "journal-xero", [a_line(10**9)], made_at=datetime(2026, 11, 30, 23, tzinfo=UTC)
    )
    assert said.notes[-1] == "2026-11 is not over yet: export it again when it is."


def test_a_journal_is_refused_without_a_mapping_that_says_enough() -> None:
    with pytest.raises(ExportRefused, match="mintage ledger gl example --out"):
        written("journal-xero", [a_line()], mapping=None)
    with pytest.raises(ExportRefused, match="no payable account for elsewhere"):
        written("journal-xero", [a_line(provider="elsewhere")])
    mapping = GlMapping("gl.yaml", GL.rules, Coding(), GL.payables, GL.variance, GL.rounding)
    with pytest.raises(ExportRefused, match="no account for cost centre cc-9, campaign autumn"):
        written("journal-xero", [a_line(cost_center="cc-9")], mapping=mapping)
