"""Beancount itself reads the text ledger, proves its balances, and sums to what was charged."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from beancount import loader
from beancount.core import data
from beancount.core.amount import Amount
from charge_lines import NOVEMBER, ODD_NAME, a_line, an_adjustment, written
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import usd
from ledger.exports.beancount_text import AccountNames, month_part
from ledger.exports.charge_line import ChargeLine
from ledger.exports.companions import Companions, MonthCap
from ledger.instants import to_us
from ledger.selection import Selection, of_period


def at(month: int, day: int) -> dict[str, Any]:
    moment = datetime(2026, month, day, 12, tzinfo=UTC)
    return {"at_us": to_us(moment), "period": f"2026-{month:02}"}


def read(text: str) -> list[Any]:
    """Load a ledger as `bean-check` does; there must be no error."""
    entries, errors, _ = loader.load_string(text)
    assert [error.message for error in errors] == []
    return list(entries)


def sums(entries: list[Any]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if isinstance(entry, data.Transaction):
            for posting in entry.postings:
                assert posting.units is not None
                assert posting.units.number is not None
                found[posting.account] += posting.units.number
    return dict(found)


def test_one_transaction_a_day_and_order_with_what_it_is_made_of() -> None:
    lines = [
        a_line(3_000_001, entry_id=4),
        a_line(entry_id=9),
        a_line(entry_id=12, order_id="lamps@2026", **at(11, 21)),
    ]
    text, said = written("beancount", lines)
    assert (said.rows, said.sum_nano) == (2, 9_000_001)
    first, second = (one for one in read(text) if isinstance(one, data.Transaction))
    assert (first.payee, first.narration) == ("replicate", "mugs@2026: 2 charges")
    assert first.meta["entries"] == "E4 to E9"
    assert first.meta["gl-account"] == "6210"
    assert (second.date, second.meta["entries"]) == (date(2026, 11, 21), "E12")
    assert sums(read(text)) == {
        "Expenses:Mintage:Cc-4100:Autumn-2026:2026-11": Decimal("0.009000001"),
        "Liabilities:Mintage:Replicate:2026-11": Decimal("-0.009000001"),
    }


def test_balances_are_asserted_at_each_end_of_a_month_to_the_last_digit() -> None:
    lines = [a_line(1, **at(10, 31)), a_line(2, **at(11, 1)), a_line(4, **at(12, 31))]
    text, _ = written("beancount", lines, selection=Selection())
    asserted = [one for one in read(text) if isinstance(one, data.Balance)]
    assert [(one.date.isoformat(), one.amount.number) for one in asserted] == [
        ("2026-11-01", Decimal("0.000000001")),
        ("2026-12-01", Decimal("0.000000002")),
        ("2027-01-01", Decimal("0.000000004")),
    ]
    _, errors, _ = loader.load_string(text.replace("0.000000002 ~", "0.000000003 ~"))
    assert errors, "an assertion that is off by one nano-dollar must fail"


def test_caps_of_cost_centres_are_fava_budgets_from_the_month_they_were_set_in() -> None:
    caps = (
        MonthCap("cc-4100", to_us(datetime(2026, 9, 3, tzinfo=UTC)), 400 * 10**9),
        MonthCap("cc-4100", to_us(datetime(2026, 10, 3, tzinfo=UTC)), 500 * 10**9),
        MonthCap("cc-4200", to_us(datetime(2026, 11, 9, tzinfo=UTC)), 70 * 10**9),
        MonthCap("cc-4200", to_us(datetime(2026, 11, 10, tzinfo=UTC)), None),
        MonthCap("cc-4300", to_us(datetime(2026, 12, 1, tzinfo=UTC)), 1),
    )
    text, _ = written("beancount", [], companions=Companions(month_caps=caps))
    budgets = [one for one in read(text) if isinstance(one, data.Custom)]
    assert [
        (one.date.isoformat(), one.type, *(value.value for value in one.values)) for one in budgets
    ] == [
        (
            "2026-11-01",
            "budget",
            f"Expenses:Mintage:{part}",
            "monthly",
            Amount(Decimal(amount), "USD"),
        )
        for part, amount in (("Cc-4100", "500.000000000"), ("Cc-4200", "0.000000000"))
    ]


def test_a_month_of_nothing_and_a_month_of_refunds_are_ledgers_too() -> None:
    text, said = written("beancount", [])
    assert (read(text), said.rows) == ([], 0)
    text, _ = written("beancount", [an_adjustment(-5), an_adjustment(5, entry_id=8)])
    assert sums(read(text))["Expenses:Mintage:Variance:Replicate:2026-11"] == 0
    text, _ = written("beancount", [an_adjustment(-5)])
    assert sums(read(text))["Liabilities:Mintage:Replicate:2026-11"] == Decimal("0.000000005")


NAMES = st.one_of(
    st.sampled_from(
        [ODD_NAME, "variance", "=1+1", "cc-4100", "Cc-4100", "CC 4100", "日本", "ß", "ǆ"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
)


@settings(max_examples=40)
@given(
    st.lists(
        st.builds(
            lambda amount_nano, center, campaign, provider, day, is_adjustment: (
                an_adjustment(amount_nano, provider=provider, **at(11, day))
                if is_adjustment
                else a_line(
                    amount_nano,
                    cost_center=center,
                    campaign=campaign,
                    provider=provider,
                    order_id=campaign,
                    owner=center,
                    **at(11, day),
                )
            ),
            st.integers(-(10**18), 10**18).filter(bool),
            NAMES,
            NAMES,
            NAMES,
            st.integers(1, 30),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_whatever_things_are_called_beancount_reads_it_and_adds_it_up(
    lines: list[ChargeLine],
) -> None:
    text, said = written("beancount", lines)
    found = sums(read(text))
    costs = [amount for name, amount in found.items() if name.startswith("Expenses:")]
    assert sum(costs, Decimal(0)) == usd(sum(line.amount_nano for line in lines))
    assert usd(said.sum_nano) == sum(costs, Decimal(0))
    assert sum(found.values(), Decimal(0)) == 0
    named = {(line.cost_center, line.campaign) for line in lines if line.cost_center}
    adjusted = {line.provider for line in lines if line.cost_center is None}
    assert len(costs) == len(named) + len(adjusted)


@given(st.lists(NAMES, unique=True))
def test_two_names_never_share_an_account(names: list[str]) -> None:
    accounts = AccountNames()
    parts = [accounts.part(name) for name in names]
    assert len(set(parts)) == len(names)
    assert parts == [accounts.part(name) for name in names]


def checked(path: Path) -> tuple[int, str]:
    """Run bean-check on a file."""
    from beancount.scripts import check
    from click.testing import CliRunner

    done = CliRunner().invoke(check.main, ["--no-cache", str(path)])
    return done.exit_code, done.output


def test_bean_check_itself_takes_the_file(tmp_path: Path) -> None:
    text, _ = written("beancount", [a_line(), an_adjustment(-7)], selection=NOVEMBER)
    path = tmp_path / "mintage.beancount"
    path.write_text(text, encoding="utf-8")
    assert checked(path) == (0, "")
    path.write_text(text.replace("-0.003", "-0.004"), encoding="utf-8")
    assert checked(path)[0] == 1


PAYMENT = """option "title" "The company"
2020-01-01 open Assets:Bank USD
2026-12-10 * "Replicate" "November's invoice"
  Liabilities:Mintage:Replicate:2026-11   0.003000000 USD
  Assets:Bank
"""


def a_month(month: int) -> tuple[Selection, list[ChargeLine]]:
    """A month's charges, and an adjustment at its end."""
    lines = [a_line(3_000_000 + month, **at(month, 20)), an_adjustment(-month, **at(month, 28))]
    return of_period(f"2026-{month:02}"), lines


@pytest.mark.parametrize("months", [(10, 11), tuple(range(1, 13))])
def test_files_of_months_stand_in_one_ledger_beside_a_payment_and_each_alone(
    tmp_path: Path, months: tuple[int, ...]
) -> None:
    caps = Companions(month_caps=(MonthCap("cc-4100", to_us(datetime(2026, 1, 3, tzinfo=UTC)), 5),))
    whole = PAYMENT
    for month in months:
        selection, lines = a_month(month)
        path = tmp_path / f"2026-{month:02}.beancount"
        text, _ = written("beancount", lines, selection=selection, companions=caps)
        path.write_text(text, encoding="utf-8")
        whole += f'include "{path.name}"\n'
        if len(months) == 2:
            assert checked(path) == (0, "")
    company = tmp_path / "company.beancount"
    company.write_text(whole, encoding="utf-8")
    assert checked(company) == (0, "")
    entries, errors, _ = loader.load_file(str(company))
    assert errors == []
    found = sums(list(entries))
    assert found["Liabilities:Mintage:Replicate:2026-11"] == 0
    costs = sum(amount for name, amount in found.items() if name.startswith("Expenses:"))
    assert costs == usd(3_000_000 * len(months))
    company.write_text(whole + f'include "2026-{months[0]:02}-again.beancount"\n', encoding="utf-8")
    again = (tmp_path / f"2026-{months[0]:02}.beancount").read_bytes()
    (tmp_path / f"2026-{months[0]:02}-again.beancount").write_bytes(again)
    assert checked(company)[0] == 1, "a month that is there twice must be noticed"


def test_parts_of_a_month_have_accounts_of_their_own() -> None:
    first = Selection(date(2026, 11, 1), date(2026, 11, 15))
    second = Selection(date(2026, 11, 16), date(2026, 11, 30))
    filtered = of_period("2026-11", [("cost_center", frozenset({"cc-4100"}))])
    whole = (NOVEMBER, Selection(), Selection(date(2026, 10, 9), date(2026, 12, 1)))
    assert {month_part("2026-11", one) for one in whole} == {"2026-11"}
    parts = {month_part("2026-11", one) for one in (first, second, filtered, NOVEMBER)}
    assert len(parts) == 4
    texts = [
        written("beancount", [a_line(**at(11, day))], selection=selection)[0]
        for day, selection in ((3, first), (20, second))
    ]
    assert len([one for one in read("".join(texts)) if isinstance(one, data.Open)]) == 4
