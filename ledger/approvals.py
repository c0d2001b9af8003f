"""What takes two persons: asked for by one, approved by another, in force the moment it is approved.

A request remembers what was the latest when it was asked for: the rule of the cap, the limit, the
close. Once there is a newer one it is overtaken, so an approval is used once and for nothing else.
Whoever asks or answers is alone with the caps, as whoever sets one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select

from ledger import caps, caps_setting, closing, persons, raise_limit
from ledger.closing_tables import approvals, closings, raise_limits, requests
from ledger.closing_views import (
    REQUEST_LASTS,
    Answer,
    RequestKind,
    RequestState,
    RequestView,
)
from ledger.errors import ApprovalRefused, CapRefused, CloseRefused
from ledger.instants import from_us, from_us_or_none
from ledger.kinds import Scope
from ledger.money import NANO_MAX, format_usd
from ledger.schema import AnyRow, cap_rules
from ledger.signatures import person, reason, signed

_LASTS_US = int(REQUEST_LASTS.total_seconds()) * 1_000_000

_ALL = (
    select(
        requests,
        approvals.c.at_us.label("answered_at_us"),
        approvals.c.answer,
        approvals.c.actor.label("answered_by"),
        approvals.c.because.label("answer_because"),
    )
    .join(approvals, approvals.c.request_id == requests.c.request_id, isouter=True)
    .order_by(requests.c.request_id)
)
_ONE = _ALL.where(requests.c.request_id == bindparam("id"))
_UNANSWERED = _ALL.where(approvals.c.request_id.is_(None))

_LATEST_RULE = select(func.coalesce(func.max(cap_rules.c.rule_id), 0)).where(
    cap_rules.c.scope == bindparam("scope"), cap_rules.c.subject == bindparam("subject")
)
_LATEST_LIMIT = select(func.coalesce(func.max(raise_limits.c.limit_id), 0))
_LATEST_CLOSING = select(func.coalesce(func.max(closings.c.closing_id), 0)).where(
    closings.c.period == bindparam("period")
)
_CLOSED_AT = select(func.coalesce(func.max(closings.c.at_us), 0)).where(
    closings.c.period == bindparam("period")
)

_ASK = insert(requests).returning(requests.c.request_id)
_ANSWER = insert(approvals)

Cap = tuple[Scope, str, int | None]
"""Scope, subject and nano-USD of a cap; None takes it away."""


def change_cap(
    connection: Connection,
    now_us: int,
    day: str,
    cap: Cap,
    decided: tuple[str, str],
    *,
    only_up: bool,
) -> bool | RequestView:
    """See `ClosingDesk.change_cap`."""
    scope, subject, cap_nano = cap
    caps_setting.check_cap(*cap)
    who_and_why = signed(*decided, "a cap is set", CapRefused)
    caps.claim(connection)
    if scope is Scope.ORDER:
        caps_setting.known_order(connection, subject, cap_nano)
    before_nano = caps_setting.in_force(connection, scope, subject)
    if only_up:
        _must_go_up(cap, before_nano)
    if before_nano == cap_nano or not raise_limit.takes_two(connection, now_us, cap, before_nano):
        return caps_setting.set_cap(connection, now_us, day, cap, who_and_why)
    named = {"scope": scope.value, "subject": subject}
    asked = named | {"before_nano": before_nano, "amount_nano": cap_nano}
    return _ask(connection, now_us, RequestKind.RAISE, asked, who_and_why)


def _must_go_up(cap: Cap, before_nano: int | None) -> None:
    scope, subject, cap_nano = cap
    name = f"{scope.value.replace('_center', ' centre')} {subject}"
    if before_nano is None:
        raise CapRefused(f"{name} has no cap to raise: `mintage ledger budget set` sets one")
    if cap_nano is not None and cap_nano <= before_nano:
        raise CapRefused(
            f"{name} has a cap of {format_usd(before_nano)} already, and a raise is to more than "
            "that: `mintage ledger budget set` lowers one"
        )


def change_limit(
    connection: Connection, now_us: int, limit_nano: int | None, decided: tuple[str, str]
) -> bool | RequestView:
    """See `ClosingDesk.change_limit`."""
    who_and_why = signed(*decided, "a limit is set", CapRefused)
    if limit_nano is not None and not 0 <= limit_nano <= NANO_MAX:
        raise CapRefused(f"a limit of {format_usd(limit_nano)} is out of the books' range")
    caps.claim(connection)
    limit = raise_limit.in_force(connection)
    before_nano = None if limit is None else limit.limit_nano
    if before_nano == limit_nano:
        return False
    if raise_limit.loosens(limit, limit_nano):
        asked = {"before_nano": before_nano, "amount_nano": limit_nano}
        return _ask(connection, now_us, RequestKind.LIMIT, asked, who_and_why)
    raise_limit.write(connection, now_us, limit_nano, who_and_why)
    return True


def ask_reopen(
    connection: Connection, now_us: int, period: str, decided: tuple[str, str]
) -> RequestView:
    """See `ClosingDesk.ask_reopen`."""
    who_and_why = signed(*decided, "a period is reopened", CloseRefused)
    closing.must_be_closed(connection, period)
    caps.claim(connection)
    return _ask(connection, now_us, RequestKind.REOPEN, {"period": period}, who_and_why)


def _ask(
    connection: Connection,
    now_us: int,
    kind: RequestKind,
    asked: dict[str, Any],
    decided: tuple[str, str],
) -> RequestView:
    """Write a request; the same one that waits already is given instead."""
    empty = dict.fromkeys(("scope", "subject", "before_nano", "amount_nano", "period"))
    wanted = empty | asked | {"kind": kind.value}
    wanted["basis_id"] = _basis(connection, kind, wanted)
    for row in connection.execute(_UNANSWERED):
        same = all(getattr(row, name) == value for name, value in wanted.items())
        if same and now_us - row.at_us <= _LASTS_US:
            return _view(connection, row, now_us, asked_before=True)
    who, why = decided
    number = connection.execute(
        _ASK,
        wanted
        | {
            "at_us": now_us,
            "actor": who,
            "actor_key": persons.reviewer_key(who),
            "because": why,
        },
    ).scalar_one()
    return _view(connection, _row(connection, number), now_us)


def _basis(connection: Connection, kind: RequestKind, of: dict[str, Any]) -> int:
    """What is the latest of what a request is to change: 0 where there is none yet."""
    if kind is RequestKind.RAISE:
        named = {"scope": of["scope"], "subject": of["subject"]}
        return int(connection.execute(_LATEST_RULE, named).scalar_one())
    if kind is RequestKind.LIMIT:
        return int(connection.execute(_LATEST_LIMIT).scalar_one())
    return int(connection.execute(_LATEST_CLOSING, {"period": of["period"]}).scalar_one())


def approve(
    connection: Connection, now_us: int, day: str, request_id: int, by: str, because: str | None
) -> RequestView:
    """See `ClosingDesk.approve`."""
    who = person(by, "a request is approved", ApprovalRefused)
    why = None if because is None else reason(because, ApprovalRefused)
    caps.claim(connection)
    row = _waiting(connection, now_us, request_id)
    if persons.is_same(who, row.actor):
        raise ApprovalRefused(
            f"{row.actor} asked for R{request_id}, and nobody approves what they asked for: let "
            "somebody else do it"
        )
    now_us = _not_before(connection, now_us, row)
    _write_answer(connection, now_us, row, Answer.APPROVED, who, why)
    approved_by = f"R{request_id}, approved by {who}"
    if row.kind == RequestKind.RAISE.value:
        cap = (Scope(row.scope), row.subject, row.amount_nano)
        asked = (row.actor, row.because)
        caps_setting.set_cap(connection, now_us, day, cap, asked, approved_by)
    elif row.kind == RequestKind.LIMIT.value:
        decided = (row.actor, f"{row.because} ({approved_by})")
        raise_limit.write(connection, now_us, row.amount_nano, decided)
    else:
        closing.reopen(connection, now_us, row)
    return _view(connection, _row(connection, request_id), now_us)


def reject(
    connection: Connection, now_us: int, request_id: int, decided: tuple[str, str]
) -> RequestView:
    """See `ClosingDesk.reject`."""
    who, why = signed(*decided, "a request is rejected", ApprovalRefused)
    caps.claim(connection)
    row = _known(connection, request_id)
    _must_be_unanswered(row)
    own = persons.reviewer_key(who) == row.actor_key
    answer = Answer.WITHDRAWN if own else Answer.REJECTED
    _write_answer(connection, max(now_us, row.at_us), row, answer, who, why)
    return _view(connection, _row(connection, request_id), now_us)


def _not_before(connection: Connection, now_us: int, row: AnyRow) -> int:
    """Let an answer come after what it answers, though another machine's clock was ahead."""
    closed_us = connection.execute(_CLOSED_AT, {"period": row.period}).scalar_one()
    return max(now_us, int(row.at_us), int(closed_us))


def _write_answer(
    connection: Connection, now_us: int, row: AnyRow, answer: Answer, who: str, why: str | None
) -> None:
    connection.execute(
        _ANSWER,
        {
            "request_id": row.request_id,
            "at_us": now_us,
            "answer": answer.value,
            "actor": who,
            "actor_key": persons.reviewer_key(who),
            "asked_key": row.actor_key,
            "because": why,
        },
    )


def _waiting(connection: Connection, now_us: int, request_id: int) -> AnyRow:
    """Read a request that can be approved now.

    Raises:
        ApprovalRefused: there is none, or it was answered, is overtaken or too old.
    """
    row = _known(connection, request_id)
    _must_be_unanswered(row)
    state = _state(connection, row, now_us)
    if state is RequestState.OVERTAKEN:
        raise ApprovalRefused(
            f"R{request_id} was overtaken: {_changed(row)} has changed since it was asked for on "
            f"{from_us(row.at_us):%Y-%m-%d}; ask again for what is wanted now"
        )
    if state is RequestState.EXPIRED:
        raise ApprovalRefused(
            f"R{request_id} is too old: it was asked for on {from_us(row.at_us):%Y-%m-%d}, and a "
            f"request waits for {REQUEST_LASTS.days} days; ask again"
        )
    return row


def _changed(row: AnyRow) -> str:
    if row.kind == RequestKind.RAISE.value:
        return f"the cap of {row.scope.replace('_center', ' centre')} {row.subject}"
    if row.kind == RequestKind.LIMIT.value:
        return "the limit"
    return f"whether {row.period} is closed"


def _known(connection: Connection, request_id: int) -> AnyRow:
    row = connection.execute(_ONE, {"id": request_id}).one_or_none()
    if row is None:
        raise ApprovalRefused(
            f"there is no request R{request_id}: `mintage ledger requests` lists them"
        )
    return row


def _must_be_unanswered(row: AnyRow) -> None:
    if row.answer is not None:
        raise ApprovalRefused(
            f"R{row.request_id} was {row.answer} by {row.answered_by} on "
            f"{from_us(row.answered_at_us):%Y-%m-%d at %H:%M} UTC already"
        )


def _row(connection: Connection, request_id: int) -> AnyRow:
    return connection.execute(_ONE, {"id": request_id}).one()


def listed(connection: Connection, now_us: int, *, answered: bool) -> Sequence[RequestView]:
    """The requests that wait, oldest first; all that ever were with `answered`."""
    rows = connection.execute(_ALL if answered else _UNANSWERED).all()
    views = [_view(connection, row, now_us) for row in rows]
    if answered:
        return views
    return [view for view in views if view.state is RequestState.WAITING]


def _state(connection: Connection, row: AnyRow, now_us: int) -> RequestState:
    if row.answer is not None:
        return RequestState(row.answer)
    of = {name: getattr(row, name) for name in ("scope", "subject", "period")}
    if _basis(connection, RequestKind(row.kind), of) != row.basis_id:
        return RequestState.OVERTAKEN
    return RequestState.EXPIRED if now_us - row.at_us > _LASTS_US else RequestState.WAITING


def _view(
    connection: Connection, row: AnyRow, now_us: int, *, asked_before: bool = False
) -> RequestView:
    return RequestView(
        request_id=row.request_id,
        kind=RequestKind(row.kind),
        state=_state(connection, row, now_us),
        at=from_us(row.at_us),
        by=row.actor,
        because=row.because,
        scope=None if row.scope is None else Scope(row.scope),
        subject=row.subject,
        before_nano=row.before_nano,
        amount_nano=row.amount_nano,
        period=row.period,
        answered_at=from_us_or_none(row.answered_at_us),
        answered_by=row.answered_by,
        answer_because=row.answer_because,
        asked_before=asked_before,
    )
