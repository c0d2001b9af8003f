"""What a run came to, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from console.output import console, print_json, say, table, usd_text
from flows import NightlyOrder, RunReport, nightly_exit_code
from ledger import Books, JobState, format_usd

NOT_RELEASED_SHOWN = 20
"""Jobs that a table lists with their reasons; JSON of `status` has them all."""
COUNTS = ("released", "rejected", "refused", "failed", "unknown", "in_review", "stopped")
LOOK_AT = (
    JobState.REJECTED,
    JobState.REFUSED,
    JobState.FAILED,
    JobState.UNKNOWN,
    JobState.IN_REVIEW,
)

UNFINISHED = (
    JobState.PLANNED,
    JobState.BUILDING,
    JobState.BUILT,
    JobState.ACCEPTED,
    JobState.APPROVED,
)


def report_json(report: RunReport) -> dict[str, Any]:
    """Give the object that `mintage run --json` prints; money as decimal strings in USD."""
    return {
        "order": report.order_id,
        "state": report.state,
        "jobs": report.jobs,
        **{name: getattr(report, name) for name in COUNTS},
        "attempts": report.attempts,
        "spent_usd": usd_text(report.spent_nano),
        "held_usd": usd_text(report.held_nano),
        "overrun_usd": usd_text(report.overrun_nano),
        "cap_usd": usd_text(report.cap_nano),
        "manifest": report.manifest,
        "stop_reason": report.stop_reason,
        "exit_code": report.exit_code,
    }


def print_report(books: Books, report: RunReport) -> None:
    """Print what was released, rejected and refused, what each came to, and why."""
    out = console()
    ended = {"done": "is done", "stopped": "was stopped", "open": "is unfinished"}[report.state]
    out.print(
        f"{report.order_id} {ended}: {report.released:,} of {report.jobs:,} released, "
        f"{format_usd(report.spent_nano)} spent of {format_usd(report.cap_nano)}"
    )
    costs = books.cost_by_state(report.order_id)
    rows: list[tuple[str, str, str]] = []
    for name in COUNTS:
        count = getattr(report, name)
        if count:
            states = UNFINISHED if name == "stopped" else (JobState(name),)
            cost = sum(costs.get(state, 0) for state in states)
            rows.append((name, f"{count:,}", format_usd(cost)))
    rows.append(("in all", f"{report.jobs:,}", format_usd(report.spent_nano)))
    out.print(table(("jobs", "count", "cost"), rows, right=frozenset({"count", "cost"})))
    if report.held_nano:
        out.print(f"Still held for lost answers: {format_usd(report.held_nano)}")
    if report.overrun_nano:
        out.print(f"Charged above holds (overrun): {format_usd(report.overrun_nano)}")
    print_not_released(books, report.order_id)
    if report.manifest:
        out.print(f"Manifest: {report.manifest}", soft_wrap=True)


def print_not_released(books: Books, order_id: str) -> None:
    """List jobs that a person may want to look at, with their reasons."""
    page = books.job_ids(order_id, LOOK_AT, -1, NOT_RELEASED_SHOWN + 1)
    views = books.jobs([job_id for _, job_id in page[:NOT_RELEASED_SHOWN]])
    if not views:
        return
    out = console()
    out.print(
        table(
            ("job", "state", "cost", "why"),
            [
                (view.name, str(view.state), format_usd(view.spent_nano), view.reason or "")
                for view in views
            ],
            right=frozenset({"cost"}),
        )
    )
    if len(page) > NOT_RELEASED_SHOWN:
        out.print(f"… and more; `mintage status {order_id} --json` lists all of them.")


def print_nightly(day: date, orders: Sequence[NightlyOrder], *, as_json: bool) -> None:
    """Print how each order of a folder fared."""
    spent = sum(order.report.spent_nano for order in orders if order.report)
    if as_json:
        print_json(
            {
                "date": day.isoformat(),
                "orders": [
                    {"file": order.file, **report_json(order.report)}
                    if order.report
                    else {
                        "file": order.file,
                        "error": str(order.fault),
                        "exit_code": order.exit_code,
                    }
                    for order in orders
                ],
                "spent_usd": usd_text(spent),
                "exit_code": nightly_exit_code(list(orders)),
            }
        )
    else:
        out = console()
        out.print(f"Nightly run of {day.isoformat()}: {format_usd(spent)} spent in all")
        out.print(
            table(
                ("order", "state", "released", "spent", "cap"),
                [
                    (
                        order.report.order_id,
                        order.report.state,
                        f"{order.report.released:,}/{order.report.jobs:,}",
                        format_usd(order.report.spent_nano),
                        format_usd(order.report.cap_nano),
                    )
                    if order.report
                    else (order.file, "not run", "", "", "")
                    for order in orders
                ],
                right=frozenset({"released", "spent", "cap"}),
            )
        )
    for order in orders:
        if order.fault is not None:
            say(f"mintage: {order.fault}")
            for problem in getattr(order.fault, "problems", ()):
                say(f"  {problem.sentence()}")
        elif order.report is not None and order.report.stop_reason:
            say(f"mintage: {order.report.order_id}: {order.report.stop_reason}")
