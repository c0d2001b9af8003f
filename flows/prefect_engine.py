"""The Prefect engine: one visible task per stage and chunk, and a table of what was spent.

Prefect shows the work; the books decide it. Tasks have no cache, no stored results, no tags and no
retries: a Prefect retry would not know what was paid for. Only this module and `prefect_flows`
import Prefect, and nothing imports them before a run needs them.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from typing import Any

import prefect
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from flows.engine import call_stage, prefect_chunk_size
from flows.order_run import OrderRun
from flows.passes import Chunk, mint
from flows.stages import STAGES, StageReport
from ledger import Books, JobState, format_usd

_running: ContextVar[OrderRun] = ContextVar("mintage_order_run")

task = partial(
    prefect.task,
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=0,
    task_run_name="{stage} {number}",
)


async def _carry_out(stage: str, number: int, job_ids: tuple[str, ...]) -> StageReport:
    return await call_stage(stage, _running.get(), Chunk(number, job_ids))


# One task a stage, each with the stage's name; Prefect shows them apart.
_TASKS: dict[str, Any] = {stage: task(name=stage)(_carry_out) for stage in STAGES}


async def _call_task(stage: str, run: OrderRun, chunk: Chunk) -> StageReport:
    del run  # The task finds it in its context: a parameter would be walked and hashed by Prefect.
    report: StageReport = await _TASKS[stage](stage, chunk.number, chunk.job_ids)
    return report


@prefect.flow(
    name="mint",
    flow_run_name="{order_id}",
    retries=0,
    persist_result=False,
    validate_parameters=False,
)
async def mint_order(order_id: str, chunk_size: int) -> None:
    """Run one order's stages and leave the table of what it came to."""
    run = _running.get()
    await mint(run, _call_task, chunk_size)
    await _leave_spend_table(run, order_id)


def _spend_rows(books: Books, order_id: str) -> list[dict[str, str]]:
    order = books.order(order_id)
    assert order is not None  # noqa: S101  it is being run
    counts = books.job_counts(order_id)
    rows = [
        {"what": "cap", "value": format_usd(order.cap_nano)},
        {"what": "spent", "value": format_usd(order.spent_nano + order.overrun_nano)},
        {"what": "held", "value": format_usd(order.held_nano)},
        {"what": "jobs", "value": str(order.record.job_count)},
    ]
    rows += [
        {"what": str(state), "value": str(counts[state])} for state in JobState if counts.get(state)
    ]
    return rows


async def _leave_spend_table(run: OrderRun, order_id: str) -> None:
    rows = await run.keeper.run(lambda books: _spend_rows(books, order_id))
    key = "spend-" + "".join(char if char.isalnum() else "-" for char in order_id.lower())
    await acreate_table_artifact(  # type: ignore[no-untyped-call,unused-ignore]
        key=key, table=rows, description=f"What {order_id} came to; the books have every cent."
    )


class PrefectEngine:
    """Runs the stages as Prefect tasks of one flow run."""

    name = "prefect"

    async def drive(self, run: OrderRun) -> None:
        """Take every job of the order as far as it can go, visibly."""
        token = _running.set(run)
        try:
            await mint_order(run.order_id, prefect_chunk_size(run.record.job_count))
        finally:
            _running.reset(token)
