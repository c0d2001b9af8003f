"""The nightly batch: every order of a folder, once for each date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from assets import AssetsError
from flows.engine import Engine
from flows.errors import BadOrder, FlowError, NothingToRun
from flows.running import RunReport, Watcher, run_plan
from flows.wiring import House
from generators import GeneratorError
from ledger import Books, LedgerError
from validators import InspectionError


@dataclass(frozen=True, slots=True)
class NightlyOrder:
    """How one file of the folder fared: a report, or the fault that kept it from being run."""

    file: str
    report: RunReport | None
    fault: Exception | None

    @property
    def exit_code(self) -> int:
        """Give this order's share of the exit code; a file that is no order counts as 2."""
        if self.report is not None:
            return self.report.exit_code
        return 2 if isinstance(self.fault, FlowError) else 1


def order_files(folder: Path) -> list[Path]:
    """List a folder's orders by name.

    Raises:
        NothingToRun: there is none.
    """
    found = sorted(
        path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.suffix in {".yaml", ".yml"} and path.is_file() and not path.name.startswith(".")
    )
    if not found:
        raise NothingToRun(str(folder))
    return found


async def run_nightly(
    house: House,
    books: Books,
    folder: Path,
    day: date,
    engine: Engine,
    watch: Watcher | None = None,
) -> list[NightlyOrder]:
    """Run every order of a folder under the edition of one date; a bad one does not stop the others.

    Running the same date again resumes what is unfinished and pays for nothing twice.
    """
    done: list[NightlyOrder] = []
    files: dict[str, str] = {}
    for file in order_files(folder):
        try:
            plan = house.plan(file)
            other = files.setdefault(plan.form.order, str(file))
            if other != str(file):
                problem = plan.places.problem(
                    ("order",), f"{plan.form.order!r}, which {other} has too", "a slug of its own"
                )
                raise BadOrder(str(file), [problem])
            report = await run_plan(house, books, plan, day.isoformat(), engine, watch)
        except (FlowError, LedgerError, AssetsError, GeneratorError, InspectionError) as fault:
            done.append(NightlyOrder(str(file), None, fault))
            continue
        done.append(NightlyOrder(str(file), report, None))
        if report.stop_reason is not None and not report.halted:
            # A person stopped it: the rest of the folder waits for them too.
            break
    return done


def nightly_exit_code(orders: list[NightlyOrder]) -> int:
    """Give the folder's exit code: 1 before 2 before 3 before 0."""
    codes = {order.exit_code for order in orders}
    return next((code for code in (1, 2, 3) if code in codes), 0)
