"""FOCUS 1.4 passes a lint that is not ours; every row adds up, and says what it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from charge_lines import NOON, ODD_NAME, a_line, an_adjustment, rows_of, written
from focus_data_toolkit.model.validator import lint_focus_1_4_structure, load_model
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import usd
from ledger.exports import focus_1_2, focus_1_4
from ledger.exports.charge_line import ChargeLine
from ledger.exports.companions import Companions, Correction, PostedInvoice
from ledger.exports.focus_rows import CUSTOM_COLUMNS
from ledger.instants import to_us

SHA256 = "ab" * 32
EVERY_KIND = [
    a_line(asset_sha256=SHA256, release_key="released/mugs/mug-0001.webp"),
    a_line(10_000_000, entry_id=8, kind="overrun"),
    a_line(
        3_000_000, entry_id=9, quantity=Decimal("13.3334567"), unit_price_usd=Decimal("0.000225")
    ),
    a_line(entry_id=10, cost_center="4100", campaign="2026", order_id="12@34", model=ODD_NAME),
    an_adjustment(5_000_000, entry_id=11),
    an_adjustment(-3_000_000, entry_id=12, job_id="=1+1", provider_ref="777"),
    an_adjustment(-1, entry_id=13),
]
POSTED_US = to_us(NOON) + 5
COMPANIONS = Companions(
    invoices={
        ("replicate", "2026-11"): (PostedInvoice(1, "2026-0042", POSTED_US),),
        ("replicate", "2026-10"): (
            PostedInvoice(1, "INV-10", POSTED_US - 2),
            PostedInvoice(2, "INV-10-B", POSTED_US),
        ),
    },
    corrections={
        11: Correction("price", "2026-11", 1, POSTED_US),
        12: Correction("refund", "2026-11", 1, POSTED_US),
        13: Correction("only_theirs", "2026-10", 2, POSTED_US),
    },
)


def lint(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "focus.csv"
    path.write_text(text, encoding="utf-8", newline="")
    report = lint_focus_1_4_structure("Cost and Usage", rows_of(text))
    return [*report.messages()]


def test_every_column_of_the_specification_is_there_and_ours_are_last() -> None:
    assert (len(focus_1_2.COLUMNS), len(focus_1_4.COLUMNS)) == (57, 65)
    of_model = load_model()["datasets"]["Cost and Usage"]["columns"]
    assert set(focus_1_4.COLUMNS) == set(of_model)
    for form, columns in (("focus-1.2", focus_1_2.COLUMNS), ("focus-1.4", focus_1_4.COLUMNS)):
        text, said = written(form, EVERY_KIND)
        assert tuple(rows_of(text)[0]) == (*columns, *CUSTOM_COLUMNS)
        assert said.rows == len(EVERY_KIND)
    assert all(name.startswith("x_") for name in CUSTOM_COLUMNS)


def test_the_lint_of_focus_data_toolkit_finds_nothing(tmp_path: Path) -> None:
    text, _ = written("focus-1.4", EVERY_KIND, companions=COMPANIONS)
    assert lint(text, tmp_path) == []
    broken = text.replace("Usage-Based", "Now and then")
    assert lint(broken, tmp_path) != []


@pytest.mark.parametrize("form", ["focus-1.2", "focus-1.4"])
def test_billed_cost_adds_up_to_the_nano_dollar(form: str) -> None:
    text, said = written(form, EVERY_KIND)
    billed = sum((Decimal(row["BilledCost"]) for row in rows_of(text)), Decimal(0))
    assert billed == usd(said.sum_nano) == usd(sum(line.amount_nano for line in EVERY_KIND))


@settings(max_examples=40)
@given(
    st.lists(
        st.one_of(
            st.builds(a_line, st.integers(1, 10**13)),
            st.builds(an_adjustment, st.integers(-(10**13), 10**13).filter(bool)),
        ),
        min_size=1,
        max_size=5,
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
)
def test_whatever_is_charged_and_however_it_is_called_passes(
    lines: list[ChargeLine], name: str
) -> None:
    lines = [line if line.order_id is None else line._replace(campaign=name) for line in lines]
    for form in ("focus-1.2", "focus-1.4"):
        text, _ = written(form, [line._replace(provider_ref=name) for line in lines])
        rows = rows_of(text)
        assert sum(Decimal(row["BilledCost"]) for row in rows) == usd(
            sum(line.amount_nano for line in lines)
        )
        if form == "focus-1.4":
            assert lint_focus_1_4_structure("Cost and Usage", rows).messages() == []


def test_a_use_has_a_quantity_at_a_price_and_an_adjustment_has_none() -> None:
    use, overrun, seconds, *_ = rows_of(written("focus-1.4", EVERY_KIND)[0])
    assert (use["ChargeCategory"], use["PricingQuantity"], use["PricingUnit"]) == (
        "Usage",
        "1.0",
        "Images",
    )
    assert use["ResourceId"] == f"sha256:{SHA256}"
    assert use["SkuPriceId"] == "black-forest-labs/flux-schnell:image@0.003"
    assert overrun["x_EntryKind"] == "overrun"
    assert Decimal(seconds["ListCost"]) == Decimal("13.3334567") * Decimal("0.000225")
    adjusted = rows_of(written("focus-1.4", [an_adjustment(-1)])[0])[0]
    assert adjusted["BilledCost"] == adjusted["ListCost"] == "-0.000000001"
    empty = ("PricingQuantity", "PricingUnit", "SkuPriceId", "ConsumedQuantity", "SubAccountId")
    assert [adjusted[name] for name in empty] == [""] * 5


def test_a_refund_is_a_credit_and_only_what_corrects_a_closed_month_is_a_correction() -> None:
    *_, price, refund, late = rows_of(written("focus-1.4", EVERY_KIND, companions=COMPANIONS)[0])
    seen = [
        (row["ChargeCategory"], row["ChargeClass"], row["x_AdjustmentReason"], row["InvoiceId"])
        for row in (price, refund, late)
    ]
    assert seen == [
        ("Adjustment", "", "price", "invoice-2026-0042"),
        ("Credit", "", "refund", "invoice-2026-0042"),
        ("Adjustment", "Correction", "only_theirs", "INV-10-B"),
    ]
    assert late["x_AdjustedPeriod"] == "P-2026-10"


def test_without_a_posted_statement_no_invoice_is_named() -> None:
    assert {row["InvoiceId"] for row in rows_of(written("focus-1.2", EVERY_KIND)[0])} == {""}


@pytest.mark.parametrize(
    ("at", "held", "start", "end"),
    [
        (NOON, NOON, "2026-11-20T12:30:01Z", "2026-11-20T12:30:02Z"),
        (NOON, NOON.replace(second=0), "2026-11-20T12:30:00Z", "2026-11-20T12:30:02Z"),
        (
            datetime(2026, 11, 1, 0, 0, 3, tzinfo=UTC),
            datetime(2026, 10, 31, 23, 59, 58, tzinfo=UTC),
            "2026-11-01T00:00:00Z",
            "2026-11-01T00:00:04Z",
        ),
        (
            datetime(2026, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC),
            None,
            "2026-11-30T23:59:59Z",
            "2026-12-01T00:00:00Z",
        ),
    ],
)
def test_a_charge_period_is_whole_seconds_within_its_month(
    at: datetime, held: datetime | None, start: str, end: str
) -> None:
    line = a_line(at_us=to_us(at), held_at_us=None if held is None else to_us(held))
    (row,) = rows_of(written("focus-1.4", [line])[0])
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == (start, end)
    assert row["BillingPeriodStart"] == "2026-11-01T00:00:00Z"
    assert row["BillingPeriodEnd"] == "2026-12-01T00:00:00Z"


def test_ids_carry_a_letter_so_that_no_reader_takes_them_for_numbers() -> None:
    line = a_line(
        order_id="4711",
        job_id="4711",
        attempt_id="4711",
        cost_center="4711",
        campaign="4711",
        model="4711",
        provider="12",
        provider_ref="1e5",
        owner="7",
    )
    (row,) = rows_of(written("focus-1.2", [line], mapping=None)[0])
    ids = [name for name in row if name.endswith("Id") or name in {"x_Campaign", "x_Model"}]
    for name in ids:
        assert not row[name] or any(letter.isalpha() for letter in row[name]), name
    assert row["SubAccountId"] == "cc-4711"
    assert row["x_ProviderPredictionId"] == "run-1e5"


def test_the_mapping_names_the_vendor_the_billing_account_and_the_accounts() -> None:
    (row,) = rows_of(written("focus-1.4", [a_line(campaign="summer")])[0])
    assert (row["InvoiceIssuerName"], row["BillingAccountId"]) == ("Replicate, Inc.", "acct-77")
    assert [row[f"x_Gl{name}"] for name in ("Account", "Department", "Class", "Location")] == [
        "gl-6210",
        "Marketing",
        "Summer",
        "Berlin",
    ]
    (row,) = rows_of(written("focus-1.4", [a_line()], mapping=None)[0])
    assert (row["InvoiceIssuerName"], row["x_GlAccount"]) == ("Replicate", "")


def test_focus_1_2_has_nothing_but_ascii_in_its_own_columns() -> None:
    line = a_line(cost_center=ODD_NAME, job_id=ODD_NAME, model=f"{ODD_NAME}/m", campaign=ODD_NAME)
    (row,) = rows_of(written("focus-1.2", [line])[0])
    assert all(row[name].isascii() for name in focus_1_2.COLUMNS)
    assert row["x_Campaign"] == json.loads(row["Tags"])["campaign"] == ODD_NAME
