"""Charges as rows of FOCUS, the FinOps Open Cost and Usage Specification (focus.finops.org).

Corrections are in the style that 1.4 calls Ledger: nothing is replaced or taken back; an adjustment
is a row of its own, which is added to the rows before it. Ids always have a letter in them, because
readers of CSV take a column of digits for numbers. All times are UTC and whole seconds.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import IO, Final

from ledger.exports.charge_line import CURRENCY, ChargeLine
from ledger.exports.gl_mapping import CODING_FIELDS, Subject
from ledger.exports.registry import ExportContext, Written
from ledger.exports.spreadsheet_text import safe_text
from ledger.money import plain, usd
from ledger.selection import day_number, days_of_period

CUSTOM_COLUMNS: Final = (
    "x_EntryId",
    "x_EntryKind",
    "x_OrderId",
    "x_JobId",
    "x_AttemptId",
    "x_Campaign",
    "x_CostCenter",
    "x_Owner",
    "x_Model",
    "x_ProviderPredictionId",
    "x_AssetSha256",
    "x_ReleaseKey",
    "x_AdjustmentReason",
    "x_AdjustedPeriod",
    "x_Because",
    "x_GlAccount",
    "x_GlDepartment",
    "x_GlClass",
    "x_GlLocation",
)
"""Columns of our own, after those of the specification."""

_GL_COLUMNS: Final = tuple(name for name in CUSTOM_COLUMNS if name.startswith("x_Gl"))
_SECOND_US: Final = 1_000_000
_DAY_S: Final = 86_400
_KEPT: Final = 10_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMERIC: Final = re.compile(r"[\s\d.,:+/-]*([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)
_REFUND: Final = "refund"


def write_focus(
    rows: Iterator[ChargeLine],
    out: IO[str],
    context: ExportContext,
    columns: tuple[str, ...],
    *,
    ascii_only: bool = False,
) -> Written:
    """Write a row for each charge: the columns of a version of FOCUS, then those of our own.

    With `ascii_only`, the specification's columns have other characters as Python escapes them; our
    own keep them.
    """
    every = (*columns, *CUSTOM_COLUMNS)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(every)
    maker = _RowMaker(context)
    count = sum_nano = 0
    for line in rows:
        cells = maker.cells(line)
        row = [cells.get(name, "") for name in every]
        if ascii_only:
            row[: len(columns)] = [
                cell if cell.isascii() else cell.encode("ascii", "backslashreplace").decode("ascii")
                for cell in row[: len(columns)]
            ]
        writer.writerow(row)
        count += 1
        sum_nano += line.amount_nano
    return Written(count, sum_nano)


class _RowMaker:
    """Makes the cells of rows; what many rows share is made once."""

    def __init__(self, context: ExportContext) -> None:
        self._companions = context.companions
        self._mapping = context.gl_mapping
        self._frames: dict[tuple[str | None, ...], Mapping[str, str]] = {}

    def cells(self, line: ChargeLine) -> dict[str, str]:
        """Give a row's cells by column; what is not there is null."""
        key = (line.order_id, line.provider, line.model, line.cost_center, line.period)
        frame = self._frames.get(key)
        if frame is None:
            if len(self._frames) >= _KEPT:
                self._frames.clear()
            frame = self._frames[key] = self._frame(line)
        amount = _money(line.amount_nano)
        start, end = _charge_period(line)
        made = {
            **frame,
            "BilledCost": amount,
            "EffectiveCost": amount,
            "PricingCurrencyEffectiveCost": amount,
            "ChargePeriodStart": start,
            "ChargePeriodEnd": end,
            "InvoiceId": _id("invoice", self._companions.invoice_id(line)),
            "x_EntryId": f"E{line.entry_id}",
            "x_EntryKind": line.kind,
            "x_JobId": _id("job", line.job_id),
            "x_AttemptId": _id("attempt", line.attempt_id),
            "x_ProviderPredictionId": _id("run", line.provider_ref),
            "x_AssetSha256": line.asset_sha256 or "",
            "x_ReleaseKey": _text(line.release_key),
            "x_Because": _text(line.because),
        }
        if line.asset_sha256 is not None:
            made["ResourceId"] = f"sha256:{line.asset_sha256}"
            made["ResourceName"] = _text(line.release_key)
            made["ResourceType"] = "Image"
        if line.kind.startswith("adjust"):
            self._adjust(line, amount, made)
        else:
            _use(line, made)
        return made

    def _frame(self, line: ChargeLine) -> Mapping[str, str]:
        """Make what all rows of an order have in a period."""
        provider = self._provider_name(line.provider)
        first, last = days_of_period(line.period)
        payable = None if self._mapping is None else self._mapping.payables.get(line.provider)
        account = None if payable is None else payable.billing_account
        owner = {"order": line.order_id, "campaign": line.campaign, "owner": line.owner}
        tags = {name: value for name, value in owner.items() if value is not None}
        subject = Subject(line.cost_center, line.campaign, line.model, line.provider)
        return {
            "BillingAccountId": _id("account", account) or f"payable:{line.provider}",
            "BillingAccountName": provider,
            "BillingAccountType": "Provider account",
            "BillingCurrency": CURRENCY,
            "BillingPeriodStart": _moment(day_number(first) * _DAY_S),
            "BillingPeriodEnd": _moment((day_number(last) + 1) * _DAY_S),
            "InvoiceIssuerName": provider,
            "PricingCurrency": CURRENCY,
            "ProviderName": provider,
            "PublisherName": _publisher(line.model) or provider,
            "ServiceCategory": "AI and Machine Learning",
            "ServiceName": f"{provider} image generation",
            "ServiceProviderName": provider,
            "ServiceSubcategory": "Generative AI",
            "Tags": json.dumps(tags, sort_keys=True) if tags else "",
            "x_OrderId": _id("order", line.order_id),
            "x_Campaign": _id("campaign", line.campaign),
            "x_CostCenter": _id("cc", line.cost_center),
            "x_Owner": _text(line.owner),
            "x_Model": _id("model", line.model),
            **_sub_account(line.cost_center),
            **self._coding(subject),
        }

    def _provider_name(self, provider: str) -> str:
        vendor = None if self._mapping is None else self._mapping.vendor(provider)
        return _id("provider", vendor or provider[:1].upper() + provider[1:])

    def _coding(self, subject: Subject) -> dict[str, str]:
        if self._mapping is None:
            return {}
        coding = self._mapping.mapped(subject).coding
        return {
            column: _id("gl", getattr(coding, field))
            for column, field in zip(_GL_COLUMNS, CODING_FIELDS, strict=True)
        }

    def _adjust(self, line: ChargeLine, amount: str, made: dict[str, str]) -> None:
        """Fill what an adjustment has: an amount without a quantity."""
        correction = self._companions.corrections.get(line.entry_id)
        reason = None if correction is None else correction.reason
        is_credit = reason == _REFUND and line.amount_nano < 0
        made["ChargeCategory"] = "Credit" if is_credit else "Adjustment"
        made["ChargeFrequency"] = "One-Time"
        about = line.job_id or line.provider_ref or self._provider_name(line.provider)
        why = f" ({reason.replace('_', ' ')})" if reason else ""
        made["ChargeDescription"] = _text(f"Adjustment{why} to the provider's statement: {about}")
        made["ListCost"] = made["ContractedCost"] = amount
        made["x_AdjustmentReason"] = reason or ""
        if correction is not None and correction.billed_period < line.period:
            # What a closed period should have had stands in a later one.
            made["ChargeClass"] = "Correction"
            made["x_AdjustedPeriod"] = _id("P", correction.billed_period)


def _use(line: ChargeLine, made: dict[str, str]) -> None:
    """Fill what a charge has: a quantity at a price."""
    quantity, price = _decimal(line.quantity), _decimal(line.unit_price_usd)
    unit = _unit(line.unit)
    # Exact where the charge was rounded to a nano-dollar, as the specification wants the product.
    cost = _decimal(line.quantity * line.unit_price_usd)
    model = line.model or line.provider
    made |= {
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "ChargeDescription": _text(f"{plain(line.quantity)} {line.unit} by {model}: {line.job_id}"),
        "ConsumedQuantity": quantity,
        "ConsumedUnit": unit,
        "ContractedCost": cost,
        "ContractedUnitPrice": price,
        "ListCost": cost,
        "ListUnitPrice": price,
        "PricingCategory": "Standard",
        "PricingCurrencyContractedUnitPrice": price,
        "PricingCurrencyListUnitPrice": price,
        "PricingQuantity": quantity,
        "PricingUnit": unit,
        "SkuId": _id("model", model),
        "SkuMeter": unit,
        "SkuPriceDetails": _details(model),
        "SkuPriceId": _text(f"{model}:{line.unit}@{plain(line.unit_price_usd)}"),
    }


@lru_cache(_KEPT)
def _details(model: str) -> str:
    return json.dumps({"x_Model": model})


def _sub_account(cost_center: str | None) -> dict[str, str]:
    if cost_center is None:
        return {}
    return {
        "SubAccountId": _id("cc", cost_center),
        "SubAccountName": _id("cc", cost_center),
        "SubAccountType": "Cost centre",
    }


def _publisher(model: str | None) -> str:
    maker, slash, _ = (model or "").partition("/")
    return _id("publisher", maker) if slash else ""


def _charge_period(line: ChargeLine) -> tuple[str, str]:
    """Give the seconds from the hold to the charge, within the period that the charge is of."""
    end_s = line.at_us // _SECOND_US + 1
    start_s = end_s - 1
    if line.held_at_us is not None and not line.kind.startswith("adjust"):
        first_s = day_number(days_of_period(line.period)[0]) * _DAY_S
        start_s = min(start_s, max(first_s, line.held_at_us // _SECOND_US))
    return _moment(start_s), _moment(end_s)


@lru_cache(_KEPT)
def _moment(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(_KEPT)
def _money(nano: int) -> str:
    return _decimal(usd(nano))


@lru_cache(_KEPT)
def _decimal(number: Decimal) -> str:
    """Write a number with a point, so that no reader takes a column of them for integers."""
    text = plain(number)
    return text if "." in text else f"{text}.0"


@lru_cache(_KEPT)
def _unit(unit: str) -> str:
    """Write a unit as FOCUS does, in the plural and capitalised: image to Images."""
    words = re.sub(r"(^|[ -])([a-z])", lambda found: found[1] + found[2].upper(), unit)
    return words if words.endswith("s") else f"{words}s"


@lru_cache(_KEPT)
def _id(kind: str, text: str | None) -> str:
    """Give an id a letter where it could be taken for a number: 4100 to cc-4100."""
    if not text:
        return ""
    return f"{kind}-{text}" if _NUMERIC.fullmatch(text) else safe_text(text)


def _text(text: str | None) -> str:
    return safe_text(text) if text else ""
