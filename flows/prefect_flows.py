"""Flows to deploy: what a Prefect schedule starts. `infra/prefect.yaml` deploys them.

Everything comes from the environment of the worker, as on the command line; the only parameters
are where the orders are and which night it is, so nothing large goes through Prefect.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import prefect
import prefect.runtime

from flows.errors import FlowError
from flows.nightly import nightly_exit_code, order_files, run_nightly
from flows.prefect_engine import PrefectEngine
from flows.settings import read_settings
from flows.wiring import House


class NightlyFailed(FlowError):
    """Something in the folder could not be run; Prefect shows the flow run as failed."""


@prefect.flow(name="nightly", flow_run_name="nightly {folder}", retries=0, persist_result=False)
async def nightly(folder: str, day: str | None = None) -> dict[str, str]:
    """Run every order of a folder once for one date: the schedule's own, or `day` (YYYY-MM-DD).

    A run that starts late, or twice, still belongs to the night for which it was scheduled, so it
    cannot spend twice.

    Raises:
        NightlyFailed: an order could not be run; its fault is in the message.
    """
    house = House(read_settings())
    night = date.fromisoformat(day) if day else _scheduled_day()
    order_files(Path(folder))
    with house.books() as books:
        orders = await run_nightly(house, books, Path(folder), night, PrefectEngine())
    faults = [f"{order.file}: {order.fault}" for order in orders if order.fault is not None]
    faults += [
        f"{order.file}: {order.report.stop_reason}"
        for order in orders
        if order.report is not None and order.report.halted
    ]
    if nightly_exit_code(orders) in {1, 2}:
        raise NightlyFailed("; ".join(faults))
    return {
        order.report.order_id: f"{order.report.released} of {order.report.jobs} released"
        for order in orders
        if order.report is not None
    }


def _scheduled_day() -> date:
    scheduled = prefect.runtime.flow_run.scheduled_start_time
    return date.fromisoformat(scheduled.astimezone().date().isoformat())
