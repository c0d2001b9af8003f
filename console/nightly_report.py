"""How each order of a nightly folder fared, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from console.failures import sentence
from console.output import amounts, print_json, say, screen, table, usd_text
from console.run_report import next_steps, report_json, state_words
from flows import BadOrder, NightlyOrder, nightly_exit_code
from ledger import format_usd


def print_nightly(
    day: date, orders: Sequence[NightlyOrder], left: Sequence[Path], *, as_json: bool
) -> None:
    """Print how each order of a folder fared; `left` are those that a stop kept from their turn."""
    spent = sum(order.report.spent_nano for order in orders if order.report)
    if as_json:
        print_json(
            {
                "date": day.isoformat(),
                "orders": [_order_json(order) for order in orders],
                "not_reached": [str(file) for file in left],
                "spent_usd": usd_text(spent),
                "exit_code": nightly_exit_code(list(orders)),
            }
        )
    else:
        _print_table(day, orders, spent)
    for order in orders:
        _say_fault(order)
    if left:
        say(f"mintage: {len(left)} of the folder's orders were not reached; run the same again.")


def _order_json(order: NightlyOrder) -> dict[str, Any]:
    if order.report is not None:
        return {"file": order.file, **report_json(order.report)}
    problems = order.fault.problems if isinstance(order.fault, BadOrder) else ()
    return {
        "file": order.file,
        "error": str(order.fault),
        "problems": list(problems),
        "exit_code": order.exit_code,
    }


def _print_table(day: date, orders: Sequence[NightlyOrder], spent: int) -> None:
    out = screen()
    out.print(f"Nightly run of {day.isoformat()}: {format_usd(spent)} spent in all")
    reports = [order.report for order in orders]
    spents = amounts([report.spent_nano if report else 0 for report in reports])
    caps = amounts([report.cap_nano if report else 0 for report in reports])
    out.print(
        table(
            ("order", "state", "released", "spent", "cap"),
            [
                (order.file, "not run", "", "", "")
                if order.report is None
                else (
                    order.report.order_id,
                    state_words(order.report),
                    f"{order.report.released:,}/{order.report.jobs:,}",
                    spents[number],
                    caps[number],
                )
                for number, order in enumerate(orders)
            ],
            right=frozenset({"released", "spent", "cap"}),
        )
    )
    for report in reports:
        if report is not None and report.released < report.jobs:
            why = f"`mintage status {report.order_id}` says why not all of it is released."
            for step in (why, *next_steps(report)):
                out.print(f"Next: {step}", soft_wrap=True)


def _say_fault(order: NightlyOrder) -> None:
    if isinstance(order.fault, BadOrder):
        say(f"mintage: {order.fault}")
        for problem in order.fault.problems:
            say(f"  {problem.sentence()}")
    elif order.fault is not None:
        say(f"mintage: {order.file}: {sentence(str(order.fault))}")
    elif order.report is not None and order.report.stop_reason:
        say(f"mintage: {order.report.order_id}: {sentence(order.report.stop_reason)}")
