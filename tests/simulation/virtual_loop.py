"""An event loop whose time is a number: nothing waits, nothing runs beside it, all of it repeats.

When nothing is ready, time jumps to the next timer. What would go to a thread is carried out whole,
in one piece, a drawn moment later; threads of a pool with one worker keep their order.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from simulation.mortal import Killed, SimProcess, current_process

_IN_ORDER_S = 1e-6
"""Between two pieces of one worker: timers of the same moment come in no sure order."""


class Stuck(Exception):
    """Nothing is ready and no timer runs: somebody waits for what will never come."""


class _NoWaiting(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.advance: Callable[[float], None] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert self.advance is not None
        if timeout is None:
            raise Stuck("nothing is ready and no timer runs")
        if timeout > 0:
            self.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs coroutines in virtual time. `thread_delay_s` draws how long a piece of thread work takes."""

    def __init__(self, thread_delay_s: Callable[[], float]) -> None:
        self._now_s = 0.0
        selector = _NoWaiting()
        super().__init__(selector)
        selector.advance = self._advance
        self._thread_delay_s = thread_delay_s
        self._free_at: dict[int, float] = {}
        self.set_task_factory(_task_of_process)

    def time(self) -> float:
        """Give the virtual seconds since the beginning."""
        return self._now_s

    def _advance(self, seconds: float) -> None:
        self._now_s += seconds

    def _write_to_self(self) -> None:
        """Nobody sleeps, so nobody is to be woken."""

    def run_in_executor(  # type: ignore[override]
        self, executor: ThreadPoolExecutor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Carry work out in one piece, a drawn moment later, unless its process is dead by then."""
        process = current_process()
        assert process is not None, "only simulated processes have threads"
        process.must_live()
        future: asyncio.Future[Any] = self.create_future()
        work = partial(func, *args)
        self.call_at(self._when(executor), self._carry_out, process, work, future)
        return future

    def _carry_out(
        self, process: SimProcess, work: Callable[[], Any], future: asyncio.Future[Any]
    ) -> None:
        if not process.alive:
            return
        if (left_s := process.paused_until_s - self._now_s) > 0:
            self.call_later(left_s, self._carry_out, process, work, future)
            return
        try:
            result = work()
        except Killed:
            process.kill()
        except Exception as error:  # noqa: BLE001  an executor hands on whatever was raised
            if not future.done():
                future.set_exception(error)
        else:
            if not future.done():
                future.set_result(result)

    def _when(self, executor: ThreadPoolExecutor | None) -> float:
        when = self._now_s + self._thread_delay_s()
        if executor is not None and executor._max_workers == 1:
            when = max(when, self._free_at.get(id(executor), 0.0) + _IN_ORDER_S)
            self._free_at[id(executor)] = when
        return when


def _task_of_process(
    loop: asyncio.AbstractEventLoop, coro: Any, **options: Any
) -> asyncio.Task[Any]:
    process: SimProcess | None = current_process()
    if process is None:
        return asyncio.Task(coro, loop=loop, **options)
    return process.adopt(loop, coro, options)
