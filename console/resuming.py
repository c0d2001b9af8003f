"""Goes on with every unfinished order of the books, one after the other."""

from __future__ import annotations

import asyncio

from assets import AssetsError
from console.failures import sentence
from console.output import print_json, say
from console.run_report import report_json, tell
from flows import FlowError, House, RunReport, Watcher, apply_caps, run_order
from flows.engine import Engine
from generators import GeneratorError
from ledger import Books, LedgerError, OrderState


def resume_all(
    house: House, books: Books, engine: Engine, watch: Watcher | None, *, as_json: bool
) -> int:
    """Resume each, the oldest first; one that cannot be run does not keep the others waiting.

    A stop that is no fault (Ctrl-C, SIGTERM, `mintage stop`) is for people
    to look at: it ends this too.
    """
    # A cap that was raised there opens orders again whose refused jobs may find room.
    apply_caps(books, house.settings.caps_file)
    unfinished = [view for view in books.orders() if view.state is not OrderState.DONE]
    reports: list[RunReport] = []
    failed: list[dict[str, str]] = []
    for view in reversed(unfinished):
        order_id = view.record.order_id
        try:
            report = asyncio.run(run_order(house, books, order_id, engine, watch))
        except (FlowError, LedgerError, AssetsError, GeneratorError) as error:
            failed.append({"order": order_id, "error": sentence(str(error))})
            say(f"mintage: {order_id}: {sentence(str(error))}")
            continue
        reports.append(report)
        if not as_json:
            tell(books, report, as_json=False)
        if report.stop_reason is not None and not report.halted:
            break
    if left := len(unfinished) - len(reports) - len(failed):
        say(f"mintage: {left} unfinished order{'s' if left > 1 else ''} not reached; resume again.")
    if as_json:
        print_json({"orders": [report_json(report) for report in reports], "failed": failed})
    elif not unfinished:
        say("Nothing is unfinished.")
    codes = {report.exit_code for report in reports} | ({1} if failed else set())
    return next((code for code in (1, 3) if code in codes), 0)
