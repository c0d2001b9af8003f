"""How an entry is made: the accounts each kind moves money between, and what it names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Connection, insert

from ledger.instants import period_of
from ledger.money import plain
from ledger.records import PriceLine
from ledger.schema import EntryKind, entries

_INSERT = insert(entries)

FLOWS: Mapping[EntryKind, tuple[str, str]] = {
    EntryKind.CAP: ("authorised", "available"),
    EntryKind.HOLD: ("available", "held"),
    EntryKind.VOID: ("held", "available"),
    EntryKind.CHARGE: ("held", "payable"),
    EntryKind.RELEASE: ("held", "available"),
    EntryKind.OVERRUN: ("overrun", "payable"),
}
"""From which account to which each kind moves money. `payable` is a provider's account, the
others are an order's."""


class Attribution(Protocol):
    """Whom an entry is put down to: an order's record."""

    @property
    def order_id(self) -> str:
        """The order."""

    @property
    def cost_center(self) -> str:
        """Who pays."""

    @property
    def campaign(self) -> str:
        """What it is for."""

    @property
    def owner(self) -> str:
        """Who answers for it."""

    @property
    def provider(self) -> str:
        """Who bills."""

    @property
    def model(self) -> str:
        """What was bought."""


def account(word: str, order_id: str, provider: str) -> str:
    """The full name of an account: `held:<order>`, `payable:<provider>`."""
    return f"{word}:{provider if word == 'payable' else order_id}"


def entry(
    kind: EntryKind,
    amount_nano: int,
    at_us: int,
    to: Attribution,
    *,
    attempt: tuple[str, str] | None = None,
    bill: tuple[str | None, str, str | None] | None = None,
) -> dict[str, Any]:
    """One row for the entries table.

    `attempt` is (attempt id, job id); `bill`, for a charge or an overrun, is (provider reference,
    price lines as JSON, digest of the bytes).
    """
    source, target = FLOWS[kind]
    attempt_id, job_id = attempt or (None, None)
    provider_ref, lines_json, sha256 = bill or (None, None, None)
    return {
        "at_us": at_us,
        "period": period_of(at_us),
        "kind": kind.value,
        "from_account": account(source, to.order_id, to.provider),
        "to_account": account(target, to.order_id, to.provider),
        "amount_nano": amount_nano,
        "attempt_id": attempt_id,
        "job_id": job_id,
        "order_id": to.order_id,
        "cost_center": to.cost_center,
        "campaign": to.campaign,
        "owner": to.owner,
        "provider": to.provider,
        "model": to.model,
        "provider_ref": provider_ref,
        "lines_json": lines_json,
        "sha256": sha256,
    }


def write(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Append entries; an amount of zero moves nothing and is no entry."""
    moving = [row for row in rows if row["amount_nano"]]
    if moving:
        connection.execute(_INSERT, moving)


def lines_to_json(lines: Iterable[PriceLine]) -> str:
    """Price lines as the entries keep them, numbers as exact decimal strings."""
    return json.dumps(
        [
            {
                "metric": line.metric,
                "quantity": plain(line.quantity),
                "unit": line.unit,
                "unit_price_usd": plain(line.unit_price_usd),
            }
            for line in lines
        ],
        separators=(",", ":"),
    )


def lines_from_json(text: str) -> tuple[PriceLine, ...]:
    """The inverse of `lines_to_json`."""
    return tuple(
        PriceLine(
            metric=line["metric"],
            quantity=Decimal(line["quantity"]),
            unit=line["unit"],
            unit_price_usd=Decimal(line["unit_price_usd"]),
        )
        for line in json.loads(text)
    )
