"""Processes that can be killed between any two steps, or put to sleep, inside one event loop.

A process is whatever its first task starts. When it is killed none of its code runs on: its
coroutines are thrown out of wherever they are, and every way from it to the world (books, store,
provider, clock) refuses, so that no `finally` can still do what a dead process could not.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import ContextVar
from typing import Any

_UNWINDS_MAX = 100

_current: ContextVar[SimProcess | None] = ContextVar("simulated_process", default=None)


class Killed(BaseException):
    """The process is dead; nothing may catch this."""


def current_process() -> SimProcess | None:
    """Give the process that the running code belongs to; None for the world around them."""
    return _current.get()


class SimProcess:
    """One process: alive until it is killed, at a drawn moment of its own life or from outside.

    Moments are counted: every step of a task between two awaits, every transaction before and
    after its commit, every call of the store before and after its effect.
    """

    def __init__(
        self,
        name: str,
        dies_at: int | None,
        sleeps_at: int | None = None,
        sleep: Callable[[SimProcess], None] | None = None,
    ) -> None:
        self.name = name
        self.alive = True
        self.moments = 0
        self.dies_at = dies_at
        self.sleeps_at = sleeps_at
        self._sleep = sleep
        self.paused_until_s = 0.0
        self._tasks: dict[asyncio.Task[Any], None] = {}

    def must_live(self) -> None:
        """Raise `Killed` in a dead process."""
        if not self.alive:
            raise Killed(self.name)

    def moment(self) -> None:
        """Live through one more moment, or die in it."""
        self.must_live()
        self.moments += 1
        if self.moments == self.dies_at:
            self.kill()
            raise Killed(self.name)
        if self.moments == self.sleeps_at and self._sleep is not None:
            self._sleep(self)

    def kill(self) -> None:
        """Die. Nothing of this process runs any more."""
        if self.alive:
            self.alive = False
            for task in list(self._tasks):
                task.cancel()

    def adopt(
        self, loop: asyncio.AbstractEventLoop, coro: Any, options: dict[str, Any]
    ) -> asyncio.Task[Any]:
        """Make a task of this process."""
        task: asyncio.Task[Any] = asyncio.Task(_Steps(coro, self, loop), loop=loop, **options)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    def start(self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any]) -> Any:
        """Start its first task."""
        token = _current.set(self)
        try:
            return loop.create_task(coro)
        finally:
            _current.reset(token)


class _Steps(Coroutine[Any, Any, Any]):
    """A coroutine that asks before each step whether its process still lives, and sleeps with it."""

    def __init__(self, coro: Any, process: SimProcess, loop: asyncio.AbstractEventLoop) -> None:
        self._coro = coro
        self._process = process
        self._loop = loop
        self._kept: deque[tuple[str, Any]] = deque()

    def send(self, value: Any) -> Any:
        return self._step("send", value)

    def throw(self, kind: Any, value: Any = None, traceback: Any = None) -> Any:
        del traceback
        error = value if isinstance(value, BaseException) else kind
        return self._step("throw", error)

    def close(self) -> None:
        self._coro.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        raise AssertionError("a task's coroutine is stepped, not awaited")

    def _step(self, how: str, value: Any) -> Any:
        process = self._process
        if process.alive and (left_s := process.paused_until_s - self._loop.time()) > 0:
            self._kept.append((how, value))
            asleep = self._loop.create_future()
            self._loop.call_later(left_s, _wake, asleep)
            asleep._asyncio_future_blocking = True
            return asleep
        if self._kept:
            if how == "throw":
                self._kept.append((how, value))
            # What happened first while it slept is what it hears first; a cancellation wins.
            thrown = [one for one in self._kept if one[0] == "throw"]
            how, value = thrown[0] if thrown else self._kept[0]
            self._kept.clear()
        try:
            process.moment()
            return self._coro.send(value) if how == "send" else self._coro.throw(value)
        except Killed:
            self._unwind()
            raise asyncio.CancelledError from None

    def _unwind(self) -> None:
        """Throw a dead coroutine out of wherever it is; whatever it tries on its way out is refused."""
        for _ in range(_UNWINDS_MAX):
            with contextlib.suppress(BaseException):
                self._coro.throw(Killed(self._process.name))
                continue
            return
        raise AssertionError(f"a dead coroutine of {self._process.name} cannot be ended")


def _wake(asleep: asyncio.Future[None]) -> None:
    if not asleep.done():
        asleep.set_result(None)
