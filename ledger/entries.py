"""How an entry is made: the accounts each kind moves money between, and what it names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import Connection, insert

from ledger import totals
from ledger.instants import period_of
from ledger.kinds import EntryKind
from ledger.money import plain
from ledger.records import PriceLine
from ledger.schema import entries

_INSERT = insert(entries)

FLOWS: Mapping[EntryKind, tuple[str, str]] = {
    EntryKind.CAP: ("authorised", "available"),
    EntryKind.HOLD: ("available", "held"),
    EntryKind.VOID: ("held", "available"),
    EntryKind.CHARGE: ("held", "payable"),
    EntryKind.RELEASE: ("held", "available"),
    EntryKind.OVERRUN: ("overrun", "payable"),
    EntryKind.RAISE: ("authorised", "available"),
    EntryKind.LOWER: ("available", "authorised"),
    EntryKind.ADJUST_UP: ("variance", "payable"),
    EntryKind.ADJUST_DOWN: ("payable", "variance"),
}
"""From which account to which each kind moves money. `payable` is a provider's account, the others
are an order's, and those of a raised or lowered cap the order's, cost centre's or provider's whose
cap it is. `variance` is the order's whose job was adjusted, or else the provider's."""


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
    decided: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """One row for the entries table.

    `attempt` is (attempt id, job id); `bill`, for a charge or an overrun, is (provider reference,
    price lines as JSON, digest of the bytes); `decided`, where a person did, is (who, why).
    """
    source, target = FLOWS[kind]
    attempt_id, job_id = attempt or (None, None)
    provider_ref, lines_json, sha256 = bill or (None, None, None)
    actor, because = decided or (None, None)
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
        "rule_id": None,
        "actor": actor,
        "because": because,
    }


def cap_entry(
    kind: EntryKind,
    amount_nano: int,
    rule: Any,  # noqa: ANN401 - a row of rules
    order: Attribution | None,
) -> dict[str, Any]:
    """One row for a cap that was raised or lowered: an order's, or whose else the rule says."""
    source, target = FLOWS[kind]
    named = {
        name: None if order is None else getattr(order, name)
        for name in ("order_id", "cost_center", "campaign", "owner", "provider", "model")
    }
    owner = rule.subject if order is not None else f"{rule.scope}:{rule.subject}"
    if order is None:
        named[rule.scope] = rule.subject
    return named | {
        "at_us": rule.at_us,
        "period": period_of(rule.at_us),
        "kind": kind.value,
        "from_account": f"{source}:{owner}",
        "to_account": f"{target}:{owner}",
        "amount_nano": amount_nano,
        "attempt_id": None,
        "job_id": None,
        "provider_ref": None,
        "lines_json": None,
        "sha256": None,
        "rule_id": rule.rule_id,
        "actor": rule.actor,
        "because": rule.because,
    }


def adjustment(
    amount_nano: int,
    at_us: int,
    provider: str,
    decided: tuple[str, str],
    *,
    to: Attribution | None = None,
    job_id: str | None = None,
    of: tuple[str | None, str | None] = (None, None),
) -> dict[str, Any]:
    """One row for an adjustment to a provider's statement: up where the amount is above zero.

    `at_us` is the time that it counts at, see `selection.period_end_us`; `decided` is (who, why);
    `to` and `job_id` say whose it is, where that is known; `of` is (model, provider reference).
    """
    kind = EntryKind.ADJUST_UP if amount_nano > 0 else EntryKind.ADJUST_DOWN
    subject = f"provider:{provider}" if to is None else to.order_id
    source, target = FLOWS[kind]
    model, provider_ref = of
    named = {
        name: None if to is None else getattr(to, name)
        for name in ("order_id", "cost_center", "campaign", "owner")
    }
    return named | {
        "at_us": at_us,
        "period": period_of(at_us),
        "kind": kind.value,
        "from_account": account(source, subject, provider),
        "to_account": account(target, subject, provider),
        "amount_nano": abs(amount_nano),
        "attempt_id": None,
        "job_id": job_id,
        "provider": provider,
        "model": model if to is None else to.model,
        "provider_ref": provider_ref,
        "lines_json": None,
        "sha256": None,
        "rule_id": None,
        "actor": decided[0],
        "because": decided[1],
    }


def write(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Append entries and count them; an amount of zero moves nothing and is no entry."""
    moving = [row for row in rows if row["amount_nano"]]
    if moving:
        connection.execute(_INSERT, moving)
        totals.add(connection, moving)


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
