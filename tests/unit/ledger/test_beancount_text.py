"""Beancount itself reads the text ledger, proves its balances, and sums to what was charged."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from beancount import loader
from beancount.core import data
from beancount.core.amount import Amount
from charge_lines import NOVEMBER, ODD_NAME, a_line, an_adjustment, written
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import usd
from ledger.exports.beancount_text import AccountNames
from ledger.exports.charge_line import ChargeLine
from ledger.exports.companions import Companions, MonthCap
from ledger.instants import to_us
from ledger.selection import Selection


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
        "Expenses:Mintage:Cc-4100:Autumn-2026": Decimal("0.009000001"),
        "Liabilities:Mintage:Replicate": Decimal("-0.009000001"),
    }


def test_balances_are_asserted_at_each_end_of_a_month_to_the_last_digit() -> None:
    lines = [a_line(1, **at(10, 31)), a_line(2, **at(11, 1)), a_line(4, **at(12, 31))]
    text, _ = written("beancount", lines, selection=Selection())
    asserted = [one for one in read(text) if isinstance(one, data.Balance)]
    assert [(one.date.isoformat(), one.amount.number) for one in asserted] == [
        ("2026-11-01", Decimal("0.000000001")),
        ("2026-12-01", Decimal("0.000000003")),
        ("2027-01-01", Decimal("0.000000007")),
    ]
    _, errors, _ = loader.load_string(text.replace("0.000000003 ~", "0.000000004 ~"))
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
    assert sums(read(text))["Expenses:Mintage:Variance:Replicate"] == 0
    text, _ = written("beancount", [an_adjustment(-5)])
    assert sums(read(text))["Liabilities:Mintage:Replicate"] == Decimal("0.000000005")


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


def test_bean_check_itself_takes_the_file(tmp_path: Path) -> None:
    from beancount.scripts import check
    from click.testing import CliRunner

    text, _ = written("beancount", [a_line(), an_adjustment(-7)], selection=NOVEMBER)
    path = tmp_path / "mintage.beancount"
    path.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(check.main, ["--no-cache", str(path)])
    assert (done.exit_code, done.output) == (0, "")
    path.write_text(text.replace("-0.003", "-0.004"), encoding="utf-8")
    assert CliRunner().invoke(check.main, ["--no-cache", str(path)]).exit_code == 1
