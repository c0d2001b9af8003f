"""Engines: what carries the stages out. The same stages and the same books under each of them."""

from __future__ import annotations

import math
from typing import Protocol

from flows.order_run import OrderRun
from flows.passes import Chunk, mint
from flows.stages import STAGES, StageReport

CHUNKS_MAX = 256
"""More task runs than this per stage would make Prefect's own bookkeeping the work."""


class Engine(Protocol):
    """Runs one order's stages. The contract suite in tests/contract runs on every engine."""

    @property
    def name(self) -> str:
        """The engine's word on the command line."""

    async def drive(self, run: OrderRun) -> None:
        """Take every job of the order as far as it can go."""


async def call_stage(stage: str, run: OrderRun, chunk: Chunk) -> StageReport:
    """Carry out one stage on one chunk, here and now."""
    return await STAGES[stage](run, chunk.job_ids)


class InlineEngine:
    """Plain asyncio in this process, no server: the default on a laptop. Each job is its own chunk."""

    name = "inline"

    async def drive(self, run: OrderRun) -> None:
        """Take every job of the order as far as it can go."""
        await mint(run, call_stage, chunk_size=1)


def prefect_chunk_size(job_count: int) -> int:
    """Give the jobs in one Prefect task: one each up to 256 jobs, then as many as keep to 256 tasks."""
    return max(1, math.ceil(job_count / CHUNKS_MAX))
