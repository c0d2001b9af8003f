"""The scheduler's commands: check, quote, run, resume, stop, status, trace, nightly."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

from cyclopts import App, Parameter
from cyclopts.validators import Number

from console.arguments import Json, a_path, open_house, parse_day

if TYPE_CHECKING:
    from flows import OrderQuote, Plan
    from ledger import OrderView

OrderFile = Annotated[Path, a_path("A work order file.")]
EngineName = Annotated[
    Literal["inline", "prefect"] | None,
    Parameter(
        name="--engine", help="inline, or prefect (the default when PREFECT_API_URL is set)."
    ),
]


def register(app: App) -> None:
    """Add the commands."""
    for command in (check, quote, run, resume, stop, status, trace, nightly):
        app.command(command)


def check(*orders: Annotated[Path, a_path("Work order files.")], json: Json = False) -> int:
    """Say whether a stranger could build and judge every job; list every problem."""
    from console.output import print_json
    from flows import BadOrder, BadSettings

    if not orders:
        raise BadSettings("Name at least one work order: mintage check orders/my-order.yaml")
    house = open_house()
    results: list[dict[str, object]] = []
    for path in orders:
        try:
            plan = house.plan(path)
        except BadOrder as bad:
            results.append({"file": str(path), "ok": False, "problems": list(bad.problems)})
            continue
        results.append(
            {
                "file": str(path),
                "ok": True,
                "order": plan.order_id(),
                "jobs": plan.job_count,
                "files": plan.file_count,
                "brand": _brand(plan),
                "notices": list(plan.notices),
                "problems": [],
            }
        )
    if json:
        print_json({"ok": all(one["ok"] for one in results), "orders": results})
    else:
        _print_checks(results)
    return 0 if all(one["ok"] for one in results) else 2


def _brand(plan: Plan) -> dict[str, object] | None:
    """Say which brand kit an order is judged by, if any."""
    if plan.form.brand is None:
        return None
    return {"name": plan.form.brand, "sha256": plan.form.brand_sha256}


def _print_checks(results: list[dict[str, object]]) -> None:
    from console.escaping import shown
    from console.streams import write_out

    for one in results:
        if one["ok"]:
            count = _counted(cast("int", one["jobs"]), cast("int", one["files"]))
            write_out(f"{shown(str(one['file']))}: ok, {count}, {one['order']}\n")
            for notice in cast("list[str]", one["notices"]):
                write_out(f"  note: {shown(notice)}\n")
            continue
        problems = one["problems"]
        assert isinstance(problems, list)  # noqa: S101  made just above
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        write_out(f"{shown(str(one['file']))}: {count}\n")
        for problem in problems:
            write_out(f"  {shown(problem.sentence())}\n")


def _counted(jobs: int, files: int) -> str:
    """Count jobs, and the files they make where renditions make that more."""
    return f"{jobs:,} jobs" if files == jobs else f"{jobs:,} jobs, {files:,} files"


def quote(order: OrderFile, *, json: Json = False) -> int:
    """Price an order against every cap before a cent is spent."""
    from flows import quote_plan

    house = open_house()
    plan = house.plan(order)
    quoted = quote_plan(plan)
    if json:
        from console.output import print_json, usd_text

        print_json(
            {
                "order": quoted.order_id,
                "brand": _brand(plan),
                "jobs": quoted.job_count,
                "files": quoted.file_count,
                "attempts_per_job": quoted.attempts_max,
                "attempt_dearest_usd": usd_text(quoted.attempt_dearest_nano),
                "attempt_expected_usd": usd_text(quoted.attempt_expected_nano),
                "expected_usd": usd_text(quoted.expected_nano),
                "first_attempts_dearest_usd": usd_text(quoted.first_pass_nano),
                "dearest_usd": usd_text(quoted.dearest_nano),
                "cap_usd": usd_text(quoted.cap_nano),
                "per_job_usd": usd_text(quoted.per_job_nano),
                "cap_covers_expected": quoted.covers_expected,
                "cap_covers_dearest": quoted.covers_dearest,
                "jobs_covered": quoted.jobs_covered,
            }
        )
    else:
        _print_quote(quoted)
    return 0


def _print_quote(quoted: OrderQuote) -> None:
    from console.output import amounts, screen, table

    out = screen()
    out.print(
        f"{quoted.order_id}: {_counted(quoted.job_count, quoted.file_count)}, "
        f"up to {quoted.attempts_max} attempts each"
    )
    for_one = amounts(
        [quoted.attempt_expected_nano, quoted.attempt_dearest_nano, quoted.per_job_nano]
    )
    for_all = amounts(
        [quoted.expected_nano, quoted.first_pass_nano, quoted.dearest_nano, quoted.cap_nano]
    )
    out.print(
        table(
            ("", "one job", "all jobs"),
            [
                ("expected, one attempt each", for_one[0], for_all[0]),
                ("dearest, one attempt each", for_one[1], for_all[1]),
                ("dearest, every attempt", "", for_all[2]),
                ("cap", for_one[2], for_all[3]),
            ],
            right=frozenset({"one job", "all jobs"}),
        )
    )
    if quoted.covers_dearest:
        out.print("The cap covers the whole order, even if every job needs every attempt.")
    elif quoted.covers_expected:
        out.print("The cap covers the expected cost; jobs that no longer fit will be refused.")
    else:
        out.print(
            f"The cap covers {quoted.jobs_covered:,} of {quoted.job_count:,} jobs; "
            "the rest will be refused."
        )


def run(
    order: OrderFile,
    *,
    engine: EngineName = None,
    json: Json = False,
) -> int:
    """Run an order, or resume it; nothing is paid for twice."""
    from console.progress import progress_watcher
    from console.run_report import tell
    from flows import run_plan

    house = open_house()
    plan = house.plan(order)
    chosen = house.engine(engine)
    watch = None if json else progress_watcher()
    with house.books() as books:
        report = asyncio.run(run_plan(house, books, plan, None, chosen, watch))
        return tell(books, report, as_json=json)


def resume(
    order_id: Annotated[
        str | None, Parameter(help="An order of the books; all unfinished ones without it.")
    ] = None,
    *,
    engine: EngineName = None,
    json: Json = False,
) -> int:
    """Continue what is unfinished, from the books alone."""
    from console.progress import progress_watcher
    from console.resuming import resume_all
    from console.run_report import tell
    from flows import run_order

    house = open_house()
    chosen = house.engine(engine)
    watch = None if json else progress_watcher()
    with house.books() as books:
        if order_id is None:
            return resume_all(house, books, chosen, watch, as_json=json)
        report = asyncio.run(run_order(house, books, order_id, chosen, watch))
        return tell(books, report, as_json=json)


def stop(order_id: Annotated[str, Parameter(help="An order of the books.")]) -> int:
    """Stop sending new work of an order; what is in flight is still settled."""
    from console.output import say
    from flows import UnknownOrderId
    from ledger import OrderState

    house = open_house()
    with house.books() as books:
        view = books.order(order_id)
        if view is None:
            raise UnknownOrderId(order_id)
        if view.state is OrderState.DONE:
            say(f"{order_id} is done; there is nothing to stop.")
            return 0
        with books.transaction() as desk:
            desk.stop_order(order_id, "Stopped by `mintage stop`.")
    say(
        f"{order_id} is stopped: nothing new is sent, and what is in flight is settled; "
        f"`mintage resume {order_id}` goes on with it."
    )
    return 0


def status(
    order_id: Annotated[
        str | None, Parameter(help="An order of the books; all of them without it.")
    ] = None,
    *,
    limit: Annotated[
        int, Parameter(help="How many orders, newest first.", validator=Number(gte=1))
    ] = 50,
    json: Json = False,
) -> int:
    """Say where things stand."""
    from console.order_status import one_order, order_lines
    from flows import UnknownOrderId

    house = open_house()
    with house.books() as books:
        if order_id is None:
            return order_lines(books, limit, as_json=json)
        view: OrderView | None = books.order(order_id)
        if view is None:
            raise UnknownOrderId(order_id)
        return one_order(books, view, as_json=json)


def trace(
    job_id: Annotated[str, Parameter(help="A job, such as my-order@0123456789#mug-1.")],
    *,
    json: Json = False,
) -> int:
    """Tell one job's whole story: attempts, entries, verdicts, release."""
    from console.job_story import print_story, story_json
    from console.output import print_json
    from flows import UnknownJobId

    house = open_house()
    with house.books() as books:
        story = books.story(job_id)
    if story is None:
        raise UnknownJobId(job_id)
    if json:
        print_json(story_json(story))
    else:
        print_story(story)
    return 0


def nightly(
    folder: Annotated[Path, a_path("A folder of work orders.")],
    *,
    date: Annotated[str | None, Parameter(help="YYYY-MM-DD; today without it.")] = None,
    engine: EngineName = None,
    json: Json = False,
) -> int:
    """Run every order of a folder, once for each date."""
    from console.nightly_report import print_nightly
    from console.progress import progress_watcher
    from flows import nightly_exit_code, order_files, run_nightly

    # The scheduler's own calendar decides which night it is.
    day = parse_day(date) if date is not None else datetime.now().astimezone().date()
    house = open_house()
    chosen = house.engine(engine)
    files = order_files(_existing(folder))
    house.store().check()
    with house.books() as books:
        orders = asyncio.run(
            run_nightly(house, books, folder, day, chosen, None if json else progress_watcher())
        )
    print_nightly(day, orders, files[len(orders) :], as_json=json)
    return nightly_exit_code(orders)


def _existing(folder: Path) -> Path:
    from flows import BadSettings

    if not folder.is_dir():
        raise BadSettings(f"{folder} is not a folder; name the folder that holds the work orders.")
    return folder
