"""What a run came to, as a table and as JSON."""

from __future__ import annotations

from typing import Any

from console.failures import sentence
from console.output import amounts, print_json, say, screen, table, usd_text
from console.spend_summary import print_rejects
from flows import RunReport
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


def tell(books: Books, report: RunReport, *, as_json: bool) -> int:
    """Tell what a run came to, and on standard error what stopped it; give its exit code."""
    if as_json:
        print_json(report_json(report))
    else:
        print_report(books, report)
    if report.stop_reason is not None:
        say(f"mintage: {sentence(report.stop_reason)}")
    return report.exit_code


def print_report(books: Books, report: RunReport) -> None:
    """Print what was released, rejected and refused, what each came to, why, and what to do next."""
    out = screen()
    ended = {
        "done": "is done",
        "in review": "waits for review",
        "stopped": "was stopped",
        "open": "is unfinished",
    }[state_words(report)]
    out.print(
        f"{report.order_id} {ended}: {report.released:,} of {report.jobs:,} released, "
        f"{format_usd(report.spent_nano)} spent of {format_usd(report.cap_nano)}"
    )
    out.print(
        f"This run released {report.released_now:,} and spent {format_usd(report.spent_now_nano)}."
        if report.released_now or report.spent_now_nano
        else "This run released nothing new and spent nothing."
    )
    costs = books.cost_by_state(report.order_id)
    names = [name for name in COUNTS if getattr(report, name)]
    spent = [
        sum(
            costs.get(state, 0)
            for state in (UNFINISHED if name == "stopped" else (JobState(name),))
        )
        for name in names
    ]
    lines = zip(
        [*names, "in all"],
        [*(f"{getattr(report, name):,}" for name in names), f"{report.jobs:,}"],
        amounts([*spent, report.spent_nano]),
        strict=True,
    )
    out.print(table(("jobs", "count", "cost"), lines, right=frozenset({"count", "cost"})))
    if report.held_nano:
        out.print(f"Still held for lost answers: {format_usd(report.held_nano)}")
    if report.overrun_nano:
        out.print(f"Charged above holds (overrun): {format_usd(report.overrun_nano)}")
    print_rejects(books, report.order_id)
    print_not_released(books, report.order_id)
    if report.manifest and report.released:
        out.print(f"Manifest: {report.manifest}", soft_wrap=True)
    for step in next_steps(report):
        out.print(f"Next: {step}", soft_wrap=True)


def state_words(report: RunReport) -> str:
    """Name an order's state for people: what waits for a person is done by the program only."""
    return "in review" if report.state == "done" and report.in_review else report.state


def next_steps(report: RunReport) -> list[str]:
    """Say what a person can do about an order that is not all released."""
    steps = []
    if report.in_review:
        steps.append(f"`mintage review next {report.order_id}` shows what waits for a person.")
    if report.stopped:
        steps.append(f"`mintage resume {report.order_id}` goes on with it.")
    elif report.unknown:
        steps.append(f"`mintage resume {report.order_id}` looks for the lost answers again.")
    return steps


def print_not_released(books: Books, order_id: str) -> None:
    """List jobs that a person may want to look at, with their reasons."""
    page = books.job_ids(order_id, LOOK_AT, -1, NOT_RELEASED_SHOWN + 1)
    views = books.jobs([job_id for _, job_id in page[:NOT_RELEASED_SHOWN]])
    if not views:
        return
    out = screen()
    costs = amounts([view.spent_nano for view in views])
    out.print(
        table(
            ("job", "state", "cost", "why"),
            [
                (view.name, str(view.state), cost, view.reason or "")
                for view, cost in zip(views, costs, strict=True)
            ],
            right=frozenset({"cost"}),
        )
    )
    if len(page) > NOT_RELEASED_SHOWN:
        counts = books.job_counts(order_id)
        more = sum(counts[state] for state in LOOK_AT) - len(views)
        out.print(
            f"… and {more:,} more; `mintage status {order_id} --json` lists all of them.",
            soft_wrap=True,
        )
