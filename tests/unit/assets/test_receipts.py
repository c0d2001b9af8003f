"""What a receipt says, always in the same bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warehouse_parts import make_form

from assets import Approval, Mend, receipt_json
from assets.receipts import Signed, SisterFile, ToldLabel, plain_decimal

DATA = b"bytes"


def test_a_receipt_says_who_made_verified_approved_and_paid() -> None:
    form = make_form(
        DATA,
        provider_ref="prediction-1",
        approved_by="brand-team@acme.example",
        approved_at=datetime(2026, 10, 1, 11, 30, tzinfo=timezone(timedelta(hours=2))),
        review=Approval(
            by="maria@acme.example",
            decision="approved",
            because="as in the brief",
            at=datetime(2026, 10, 1, 9, 30, tzinfo=UTC),
            sha256="ab" * 32,
        ),
        mends=(Mend("recrop", "cd" * 32, "ab" * 32, "borders: it is framed"),),
        changed={"because": ["attempt 1: text"], "avoid": ["text"]},
    )
    assert json.loads(receipt_json(form)) == {
        "mintage_receipt": 1,
        "mintage_version": "0.1.0",
        "asset": {
            "key": "released/autumn-2026/product-photos/0123abcdef/mug/oak-1.webp",
            "sha256": form.sha256,
            "bytes": 5,
            "media_type": "image/webp",
            "width": 8,
            "height": 8,
        },
        "order": {
            "id": "product-photos@0123abcdef",
            "title": "Autumn product photos",
            "owner": "brand-team@acme.example",
            "cost_center": "cc-4100",
            "campaign": "autumn-2026",
        },
        "job": {"id": "product-photos@0123abcdef#mug/oak-1", "name": "mug/oak-1"},
        "brief": {
            "prompt": "A mug on oak",
            "params": {"steps": 4},
            "seed": 7,
            "changed": {"because": ["attempt 1: text"], "avoid": ["text"]},
        },
        "made_by": {
            "provider": "studio",
            "model": "studio/plain",
            "provider_ref": "prediction-1",
            "attempt_id": "0192f0c1-2345-7890-abcd-000000000001",
            "attempts": 2,
        },
        "mended": [
            {
                "kind": "recrop",
                "from_sha256": "cd" * 32,
                "to_sha256": "ab" * 32,
                "because": "borders: it is framed",
            }
        ],
        "verified_by": [
            {
                "criterion": "dimensions",
                "version": 1,
                "parameters": {"width": 8, "height": 8},
                "measured": {"width": 8, "height": 8},
                "passed": True,
            },
            {
                "criterion": "format",
                "version": 1,
                "parameters": {"is": "webp"},
                "measured": {"format": "webp"},
                "passed": True,
            },
        ],
        "review": {
            "by": "maria@acme.example",
            "decision": "approved",
            "because": "as in the brief",
            "at": "2026-10-01T09:30:00.000000Z",
            "sha256": "ab" * 32,
        },
        "approved_by": "brand-team@acme.example",
        "approved_at": "2026-10-01T09:30:00.000000Z",
        "accepted_at": "2026-10-01T12:00:00.000000Z",
        "cost": {"amount": "0.006", "currency": "USD"},
        "label": None,
        "credentials": None,
        "renditions": [],
        "rendition_of": None,
    }


def test_a_receipt_says_what_the_file_says_of_itself_and_who_signed_it() -> None:
    label = ToldLabel(
        title={"de": "Eine Tasse", "cs": "Hrnek"},
        alt={},
        description={},
        rights={"de": "© Acme"},
        credit="Acme",
        tags=("mug",),
        source_type="trainedAlgorithmicMedia",
        embedded=True,
    )
    form = make_form(DATA, label=label, credentials=Signed("ab" * 32, "cd" * 32))
    told = json.loads(receipt_json(form))
    assert told["label"] == {
        "title": {"de": "Eine Tasse", "cs": "Hrnek"},
        "alt": {},
        "description": {},
        "rights": {"de": "© Acme"},
        # Keys are sorted; the main language is told beside them.
        "language": "de",
        "credit": "Acme",
        "tags": ["mug"],
        "source_type": "trainedAlgorithmicMedia",
        "embedded": True,
    }
    assert told["credentials"] == {"certificate_sha256": "ab" * 32, "rules_sha256": "cd" * 32}


def test_receipts_of_a_master_and_its_rendition_name_each_other_and_cost_once() -> None:
    master = make_form(DATA)
    file = SisterFile(master.name, master.key, master.sha256, master.receipt_key)
    rendition = make_form(b"small", name="mug/oak-1-small", master=file, cost_usd=Decimal(0))
    small = SisterFile(rendition.name, rendition.key, rendition.sha256, rendition.receipt_key)
    told = json.loads(receipt_json(rendition))
    assert told["rendition_of"] == {
        "name": "mug/oak-1",
        "key": master.key,
        "sha256": master.sha256,
        "receipt": master.receipt_key,
    }
    assert told["cost"] == {"amount": "0.00", "currency": "USD", "booked_in": master.receipt_key}
    told = json.loads(receipt_json(make_form(DATA, renditions=(small,))))
    assert [one["key"] for one in told["renditions"]] == [rendition.key]
    assert told["cost"] == {"amount": "0.006", "currency": "USD"}


def test_the_same_facts_in_another_order_give_the_same_bytes() -> None:
    form = make_form(DATA, params={"a": 1, "b": 2})
    other = make_form(
        DATA,
        params={"b": 2, "a": 1},
        verified_by=tuple(reversed(form.verified_by)),
        accepted_at=form.accepted_at.astimezone(timezone(timedelta(hours=-7))),
        cost_usd=Decimal("0.00600"),
    )
    assert receipt_json(form) == receipt_json(other)


def test_every_fact_changes_the_receipt() -> None:
    receipts = {
        receipt_json(make_form(DATA)),
        receipt_json(make_form(DATA, cost_usd=Decimal("0.0060001"))),
        receipt_json(make_form(DATA, attempts=3)),
        receipt_json(make_form(DATA, approved_by="a@acme.example")),
        receipt_json(make_form(DATA, seed=8)),
        receipt_json(make_form(DATA + b"!")),
    }
    assert len(receipts) == 6


def test_a_receipt_keeps_words_of_every_language_readable() -> None:
    assert "猫 på eik" in receipt_json(make_form(DATA, prompt="猫 på eik")).decode()


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 10, 1, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        receipt_json(make_form(DATA, accepted_at=naive))


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0.00"),
        ("1", "1.00"),
        ("0.003", "0.003"),
        ("0.000000001", "0.000000001"),
        ("1E+3", "1000.00"),
        ("1E-9", "0.000000001"),
        ("12.3400", "12.34"),
        ("-0.5", "-0.50"),
    ],
)
def test_amounts_are_written_exactly_and_without_exponents(amount: str, text: str) -> None:
    assert plain_decimal(Decimal(amount)) == text


@given(st.integers(min_value=0, max_value=10**15))
def test_no_amount_of_nano_dollars_loses_anything(nano: int) -> None:
    amount = Decimal(nano).scaleb(-9)
    assert Decimal(plain_decimal(amount)) == amount
