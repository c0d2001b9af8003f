"""Where orders stand: one line each, or one of them with the jobs that need a look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from console.output import age, amounts, json_value, print_json, screen, table, usd_text
from console.run_report import (
    COUNTS,
    LOOK_AT,
    next_steps,
    print_not_released,
    report_json,
    state_words,
)
from console.spend_summary import print_rejects, rejects_json
from flows import RunReport, report
from ledger import AttemptState, Books, JobView, LostAttempt, OrderView, format_usd

JOBS_PAGE = 1_000


def order_lines(books: Books, limit: int, *, as_json: bool) -> int:
    """Print one line for each order, newest first."""
    views = books.orders(limit)
    reports = [report(books, view) for view in views]
    if as_json:
        print_json({"orders": [report_json(one) for one in reports]})
        return 0
    out = screen()
    if not reports:
        out.print("The books have no orders yet; `mintage run ORDER` starts one.")
        return 0
    spent = amounts([one.spent_nano for one in reports])
    held = amounts([one.held_nano for one in reports])
    caps = amounts([one.cap_nano for one in reports])
    out.print(
        table(
            ("order", "state", "released", "spent", "held", "cap"),
            [
                (
                    one.order_id,
                    _state(one),
                    f"{one.released:,}/{one.jobs:,}",
                    *money,
                )
                for one, *money in zip(reports, spent, held, caps, strict=True)
            ],
            right=frozenset({"released", "spent", "held", "cap"}),
        )
    )
    return 0


def _state(stands: RunReport) -> str:
    """Name an order's state, and how many of its assets wait for a person."""
    if not stands.in_review:
        return state_words(stands)
    words = state_words(stands)
    wait = f"{stands.in_review:,}" if words == "in review" else f"{stands.in_review:,} to review"
    return f"{words} ({wait})"


def one_order(books: Books, view: OrderView, *, as_json: bool) -> int:
    """Print how one order stands, with lost attempts and their age, and the jobs that need a look."""
    stands = report(books, view)
    lost = books.lost(view.record.order_id, states=(AttemptState.UNKNOWN, AttemptState.HELD))
    now = datetime.now(UTC)
    if as_json:
        print_json(_order_json(books, view, stands, lost, now))
        return 0
    out = screen()
    record = view.record
    out.print(f"{record.order_id}: {record.title}")
    out.print(f"owner {record.owner}, cost centre {record.cost_center}, campaign {record.campaign}")
    out.print(f"{record.provider} {record.model}")
    out.print(
        f"{state_words(stands)}; spent {format_usd(stands.spent_nano)}, "
        f"held {format_usd(stands.held_nano)} of {format_usd(stands.cap_nano)}; "
        f"{stands.attempts:,} attempts"
    )
    if stands.stop_reason:
        out.print(stands.stop_reason)
    out.print(
        ", ".join(f"{getattr(stands, name):,} {name}" for name in COUNTS if getattr(stands, name))
        or "no jobs",
    )
    if stands.in_review:
        out.print(_waiting(books, stands, now))
    if lost:
        out.print(_open_attempts(lost, now))
    print_rejects(books, record.order_id)
    print_not_released(books, record.order_id)
    if stands.manifest:
        out.print(f"Manifest: {stands.manifest}", soft_wrap=True)
    for step in next_steps(stands):
        out.print(f"Next: {step}", soft_wrap=True)
    return 0


def _waiting(books: Books, stands: RunReport, now: datetime) -> str:
    """Say how many wait for a person, and how long already."""
    longest = books.waiting(stands.order_id, 1)
    waits = f", one for {age(now - longest[0].since)}" if longest else ""
    return f"{stands.in_review:,} to review{waits}"


def _order_json(
    books: Books, view: OrderView, stands: RunReport, lost: Sequence[LostAttempt], now: datetime
) -> dict[str, Any]:
    record = view.record
    return {
        **report_json(stands),
        "title": record.title,
        "owner": record.owner,
        "cost_center": record.cost_center,
        "campaign": record.campaign,
        "provider": record.provider,
        "model": record.model,
        "created_at": json_value(view.created_at),
        "open_attempts": [
            {
                "attempt_id": one.attempt_id,
                "job_id": one.job_id,
                "state": str(one.state),
                "provider_ref": one.provider_ref,
                "held_usd": usd_text(one.hold_nano),
                "held_at": json_value(one.held_at),
                "age_s": _age_s(one, now),
            }
            for one in lost
        ],
        **rejects_json(books.spend(record.order_id)),
        "not_released": [
            {"job_id": job.job_id, "state": str(job.state), "reason": job.reason}
            for job in _look_at(books, record.order_id)
        ],
    }


def _age_s(lost: LostAttempt, now: datetime) -> int:
    return round((now - lost.held_at).total_seconds())


def _open_attempts(lost: Sequence[LostAttempt], now: datetime) -> Table:
    held = amounts([one.hold_nano for one in lost])
    return table(
        ("open attempt", "state", "held", "age"),
        [
            (one.attempt_id, str(one.state), amount, age(now - one.held_at))
            for one, amount in zip(lost, held, strict=True)
        ],
        right=frozenset({"held", "age"}),
    )


def _look_at(books: Books, order_id: str) -> Iterator[JobView]:
    after = -1
    while True:
        page = books.job_ids(order_id, LOOK_AT, after, JOBS_PAGE)
        yield from books.jobs([job_id for _, job_id in page])
        if len(page) < JOBS_PAGE:
            return
        after = page[-1][0]
