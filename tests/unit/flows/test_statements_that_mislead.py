"""Statements that would book wrong money: in another currency, or with a total among their lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flows import BadSettings
from flows.errors import BadStatement
from flows.statement_files import StatementFile, take_file
from flows.statement_totals import names_totals
from ledger.invoices.theirs import Theirs

RUN = {"id": "r1", "amount": "0.03"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "october.csv"


def take(path: Path, text: str, *columns: str) -> tuple[StatementFile, Theirs]:
    """Write a file and read it."""
    path.write_text(text, encoding="utf-8")
    theirs = Theirs()
    return take_file(path, columns, theirs), theirs


def refusal(path: Path, text: str, *columns: str) -> str:
    """What a file is refused with, line by line."""
    with pytest.raises((BadStatement, BadSettings)) as bad:
        take(path, text, *columns)
    if isinstance(bad.value, BadStatement):
        return " ".join(problem.sentence() for problem in bad.value.problems)
    return str(bad.value)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"currency": "EUR", "lines": [RUN]}),
        json.dumps({"lines": [RUN], "billing": {"invoiceCurrency": "EUR"}}),
        json.dumps([RUN | {"price": {"currency": "EUR", "value": 1}}]),
        json.dumps([RUN | {"Currency of bill": "EUR"}]),
        "id,amount,Invoice Currency\nr1,0.03,EUR\n",
        "id,amount,CurrencyCode,currency\nr1,0.03,EUR,USD\n",
        "id,amount,Währung\nr1,0.03,EUR\n",
        "ResourceId,BilledCost,BillingCurrency\nr1,0.03,EUR\n",
    ],
)
def test_a_statement_that_says_another_currency_anywhere_is_refused(path: Path, text: str) -> None:
    assert "found 'EUR'; wanted USD" in refusal(path, text)


@pytest.mark.parametrize(
    "header", ["Amount (EUR)", "amount_gbp", "CostCHF", "Net €", "Amount CA$", "Euro"]
)
def test_a_column_of_another_currency_is_not_the_amount(path: Path, header: str) -> None:
    text = f"id,{header}\nr1,0.03\n"
    assert "wanted is USD" in refusal(path, text, f"amount={header}")


def test_what_is_in_usd_is_read_however_it_says_so(path: Path) -> None:
    focus = (
        "ResourceId,BilledCost,BillingCurrency,PricingCurrency,ChargeDescription\n"
        "r1,0.03,USD,credits,run\n"
    )
    for text, columns in (
        (focus, ()),
        (json.dumps({"currency": "usd", "lines": [RUN]}), ()),
        ("id,Net US$,Currency,Account currency\nr1,0.03,US$,\n", ("amount=Net US$",)),
        ("id,amount,currency,their currency\nr1,0.03,USD,EUR\n", ("currency=currency",)),
    ):
        assert take(path, text, *columns)[1].sum_nano == 30_000_000


@pytest.mark.parametrize(
    "line",
    [
        "Total due,,0.09",
        "TOTAL USD:,,0.07",
        ",Total,0.09",
        ",Invoice total,0.01",
        "INV-2041,Total Amount,0.09",
        ",Balance due,0.09",
        ",Gesamtbetrag 2026-10,0.09",
        ",Total incl. VAT,0.02",
        ",,0.09",
        ",INV-2041,0.09",
    ],
)
def test_a_line_of_totals_is_refused_with_what_to_do(path: Path, line: str) -> None:
    text = f"id,description,amount\nr0,,0.03\nr1,,0.03\nr2,,0.03\n{line}\n"
    told = refusal(path, text)
    assert f"{path}:5: " in told
    assert "leave it out and say the sum with --total" in told


def test_a_word_in_the_first_column_and_a_sum_in_cents_are_totals_too(path: Path) -> None:
    assert "Grand total" in refusal(path, "what,id,amount\nrun,r0,0.03\nGrand total,3,0.03\n")
    told = refusal(path, "id,amount\nr0,0.123\nr1,0.004\n,0.13\n")
    assert "$0.13 of no run, as much as all lines before it" in told
    items = json.dumps([RUN, {"id": None, "amount": 0.03}])
    assert "item 2: found $0.03 of no run" in refusal(path, items)


def test_fees_runs_and_refunds_are_no_totals(path: Path) -> None:
    text = (
        "id,description,amount\n,Priority support,0.03\nr0,usage charge,0.03\n"
        "total-recall-7,,0.03\n,Total support fee,0.04\n,Refund of all,-0.13\n"
    )
    assert take(path, text)[1].line_count == 5
    for name in ("usage", "r2d2", "sum41", "credit balance", "price", ""):
        assert not names_totals(name)


def test_a_file_says_its_own_total_and_number(path: Path) -> None:
    file, _ = take(path, json.dumps({"invoice": "INV-7", "lines": [RUN], "total": 0.04}))
    assert (file.invoice_id, file.total_nano) == ("INV-7", 40_000_000)
    for members, says in (
        ({"total": {"usd": 1}}, "an amount in USD"),
        ({"total": 1, "amountDue": "2.00"}, "not two"),
        ({"total": "0.0000000001"}, "nine decimals"),
    ):
        assert says in refusal(path, json.dumps({"lines": [RUN], **members}))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[{"id": {"run": "r1"}, "amount": 1}]', "found an object or a list"),
        ('[{"id": "r1", "amount": 1, "amount": 100}]', 'has "amount" twice'),
        ('[{"id": "r1", "amount": 1, "m": {"a": 1, "a": 2}}]', 'has "a" twice'),
        ('{"lines": [{"id": "r1", "amount": 1}], "total": 1, "total": 2}', 'has "total" twice'),
    ],
)
def test_json_that_says_a_thing_twice_or_has_no_text_for_a_run_is_refused(
    path: Path, text: str, says: str
) -> None:
    assert says in refusal(path, text)
