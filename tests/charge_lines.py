"""Charges as the writers of exports get them, and what a writer makes of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ledger.exports.charge_line import ChargeLine
from ledger.exports.companions import Companions
from ledger.exports.gl_mapping import Coding, GlMapping, Payable, Rule
from ledger.exports.registry import FORMATS, Billed, ExportContext, Written
from ledger.instants import to_us
from ledger.money import usd
from ledger.reports.report import Provenance
from ledger.selection import Selection, of_period

NOON = datetime(2026, 11, 20, 12, 30, 1, 5, tzinfo=UTC)
NOVEMBER = of_period("2026-11")
ODD_NAME = 'Ünïcode "q": \\x, 日本'
"""A name with all that trips readers of text."""

GL = GlMapping(
    source="gl.yaml",
    rules=(
        Rule((("campaign", ("summer*",)),), Coding(class_name="Summer"), 2),
        Rule((("cost_center", ("cc-4100",)),), Coding("6210", "Marketing", None, "Berlin"), 4),
    ),
    default=Coding("6200"),
    payables={
        "replicate": Payable(Coding("2010"), "Replicate, Inc.", "acct-77"),
        "studio": Payable(Coding("2020")),
    },
    variance=Coding("6290"),
    rounding=Coding("6999"),
)
"""A mapping with a little of everything."""


def a_line(amount_nano: int = 3_000_000, **changes: Any) -> ChargeLine:  # noqa: ANN401  fields of a line
    """One charge of one image at its amount."""
    line = ChargeLine(
        entry_id=7,
        at_us=to_us(NOON),
        period="2026-11",
        order_id="mugs@2026",
        job_id="mugs@2026#mug-0001",
        attempt_id="0193-a",
        cost_center="cc-4100",
        campaign="autumn-2026",
        owner="brand-team@acme.example",
        provider="replicate",
        model="black-forest-labs/flux-schnell",
        provider_ref="q1w2e3",
        kind="charge",
        quantity=Decimal(1),
        unit="image",
        unit_price_usd=usd(amount_nano),
        amount_nano=amount_nano,
        asset_sha256=None,
        release_key=None,
        held_at_us=to_us(NOON) - 4_000_000,
        because=None,
    )
    return line._replace(**changes)


def an_adjustment(amount_nano: int, **changes: Any) -> ChargeLine:  # noqa: ANN401  fields of a line
    """One adjustment that belongs to no job."""
    nobody = dict.fromkeys(
        ("order_id", "job_id", "attempt_id", "cost_center", "campaign", "owner", "model")
    )
    line = a_line(
        abs(amount_nano),
        kind="adjust_up" if amount_nano > 0 else "adjust_down",
        quantity=Decimal(1 if amount_nano > 0 else -1),
        unit="adjustment",
        held_at_us=None,
        because="the invoice says so",
    )
    return line._replace(amount_nano=amount_nano, **{**nobody, **changes})


def written(
    form: str,
    lines: Iterable[ChargeLine],
    *,
    selection: Selection = NOVEMBER,
    mapping: GlMapping | None = GL,
    companions: Companions | None = None,
    made_at: datetime = datetime(2026, 12, 3, tzinfo=UTC),
) -> tuple[str, Written]:
    """Write charges in a format; the text, and what the writer says of it."""
    out = io.StringIO(newline="")
    context = ExportContext(
        selection=selection,
        provenance=Provenance(1, "E7", "E7", None, sealed=False),
        billed=Billed(0, 0, 0, 0),
        made_at=made_at,
        gl_mapping=mapping,
        companions=companions or Companions(),
    )
    said = FORMATS[form].writer()(iter(lines), out, context)
    return out.getvalue(), said


def rows_of(text: str) -> list[dict[str, str]]:
    """Read CSV as other programs do."""
    return list(csv.DictReader(io.StringIO(text)))
