"""Inspection in processes of their own, so that no file can harm more than its own verdict.

A process is started as a new program (never forked from one that has threads), with an environment
that holds no secret, and gets a file's bytes and the criteria, nothing else. It ends files that
take too much memory or time by ending itself; the pool says so in the file's `intact` verdict.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from validators.containers import Defect, Flaw
from validators.criterion import Criterion, Verdict
from validators.errors import BrokenCriterion, InspectionFailed, InspectorsUnavailable
from validators.inspection import DEFAULT_LIMITS, in_order, inspect, refusal
from validators.inspector_wire import Answer, Nonsense, Request, criteria_text, verdicts_from
from validators.inspector_worker import Outage, Worker, WorkerLimits, crashed
from validators.picture import Limits, sha256_of
from validators.seclusion import Seclusion

_FILES_PER_PROCESS: Final = 1_000
"""What leaks in a decoder must not add up until a good file runs out of memory."""


class InspectorPool:
    """Inspects files in up to `workers` processes (one per usable core by default).

    Processes are started when they are needed first, and used again. Any number of threads and
    event loops may call; a call waits for a free process. A criterion has to be one that is found
    in `validators/criteria/`, as the process reads it anew from its name and parameters. Close the
    pool, or use it in a `with` statement.
    """

    def __init__(
        self, workers: int | None = None, *, worker_limits: WorkerLimits | None = None
    ) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"workers is {workers}; there must be at least 1")
        self.workers: Final = workers or len(os.sched_getaffinity(0))
        self.worker_limits: Final = worker_limits or WorkerLimits()
        self._free: Final = threading.BoundedSemaphore(self.workers)
        self._lock: Final = threading.Lock()
        self._idle: Final[list[Worker]] = []
        self._alive: Final[dict[int, Worker]] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._closed = False
        # A pool that nobody closed still takes its processes along when it, or the program, ends.
        self._finalizer = weakref.finalize(self, _end_all, self._alive)

    def inspect(
        self,
        data: bytes,
        criteria: Sequence[Criterion],
        *,
        claimed_media_type: str | None = None,
        limits: Limits = DEFAULT_LIMITS,
        report_all: bool = True,
        sha256: str | None = None,
    ) -> tuple[Verdict, ...]:
        """Judge a file as `validators.inspect` does, in a process of its own.

        A file that ends the process, or takes more than the limits, has a failed `intact` verdict
        with the flaw `crashed`, `too_slow` or `too_much_memory`. It is tried again in a fresh
        process before it is blamed for a crash or for memory: an earlier file may have been it. It
        is never blamed for what the machine does: a process that a signal from outside ends, that
        gets no time to compute, or that may have less memory than the limits say.

        Raises:
            InspectionFailed: a criterion raised; nothing was concluded.
            BrokenCriterion: a finding cannot be written as JSON, or the criterion was not found.
            InspectorsUnavailable: no process can be started, the machine ended or held up two of
                them over the file, or the pool is closed; nothing was concluded.
        """
        if len(data) > limits.max_bytes:
            return inspect(data, (), limits=limits, sha256=sha256)
        ordered = in_order(criteria)
        request = Request(
            criteria=criteria_text(ordered),
            byte_count=len(data),
            sha256=sha256,
            claimed_media_type=claimed_media_type,
            max_bytes=limits.max_bytes,
            max_pixels=limits.max_pixels,
            report_all=report_all,
        )
        with self._free:
            found = self._ask(request, data, ordered, fresh=False)
            slow = isinstance(found, Defect) and found.flaw is Flaw.TOO_SLOW
            if isinstance(found, Defect | Outage) and not slow:
                found = self._ask(request, data, ordered, fresh=True)
        if isinstance(found, Outage):
            raise InspectorsUnavailable(found.sentence)
        return (
            (refusal(data, sha256 or sha256_of(data), found),)
            if isinstance(found, Defect)
            else found
        )

    async def inspect_async(
        self,
        data: bytes,
        criteria: Sequence[Criterion],
        *,
        claimed_media_type: str | None = None,
        limits: Limits = DEFAULT_LIMITS,
        report_all: bool = True,
        sha256: str | None = None,
    ) -> tuple[Verdict, ...]:
        """Do the same without holding up the event loop."""
        with self._lock:
            self._refuse_when_closed()
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self.workers, "inspector")
            future = self._threads.submit(
                self.inspect,
                data,
                criteria,
                claimed_media_type=claimed_media_type,
                limits=limits,
                report_all=report_all,
                sha256=sha256,
            )
        return await asyncio.wrap_future(future)

    def process_ids(self) -> tuple[int, ...]:
        """Return the ids of the processes that live now."""
        with self._lock:
            return tuple(self._alive)

    def seclusion(self) -> Seclusion:
        """Tell what the kernel holds a process to, of one that is there or is started for it.

        Raises:
            InspectorsUnavailable: no process can be started, or the pool is closed.
        """
        with self._free:
            worker = self._take(fresh=False)
            self._give_back(worker, reusable=True)
            return worker.seclusion

    def close(self) -> None:
        """Wait for the inspections under way, then end every process. May be called again."""
        with self._lock:
            self._closed = True
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown()
        for _ in range(self.workers):
            self._free.acquire()  # each inspection under way holds one
        _end_all(self._alive)
        self._idle.clear()
        for _ in range(self.workers):
            self._free.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(
        self, request: Request, data: bytes, criteria: Sequence[Criterion], *, fresh: bool
    ) -> tuple[Verdict, ...] | Defect | Outage:
        worker = self._take(fresh=fresh)
        reusable = False
        try:
            answer = worker.ask(request, data)
            if isinstance(answer, Defect | Outage):
                return answer
            verdicts = _verdicts(answer, data, criteria, report_all=request.report_all)
            reusable = worker.files < _FILES_PER_PROCESS
        except (InspectionFailed, BrokenCriterion):
            reusable = True
            raise
        except Nonsense as error:
            return crashed(f"its answer made no sense: {error}")
        finally:
            self._give_back(worker, reusable=reusable)
        return verdicts

    def _take(self, *, fresh: bool) -> Worker:
        with self._lock:
            self._refuse_when_closed()
            while self._idle and not fresh:
                worker = self._idle.pop()
                if worker.lives():
                    return worker
                self._drop(worker)
        worker = self._started()
        with self._lock:
            self._alive[worker.process_id] = worker
        return worker

    def _started(self) -> Worker:
        """Start a process; one that the system ended while it started says nothing of the next."""
        try:
            return Worker(self.worker_limits)
        except InspectorsUnavailable:
            return Worker(self.worker_limits)

    def _give_back(self, worker: Worker, *, reusable: bool) -> None:
        with self._lock:
            if reusable:
                self._idle.append(worker)
            else:
                self._drop(worker)

    def _drop(self, worker: Worker) -> None:
        self._alive.pop(worker.process_id, None)
        worker.end()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise InspectorsUnavailable("The pool of inspectors is closed; open another one.")


def _verdicts(
    answer: Answer, data: bytes, criteria: Sequence[Criterion], *, report_all: bool
) -> tuple[Verdict, ...]:
    if answer.fault is None:
        return verdicts_from(answer.verdicts, criteria, report_all=report_all)
    if answer.fault.kind == "raised":
        raise InspectionFailed(answer.fault.criterion, sha256_of(data), answer.fault.text)
    raise BrokenCriterion(answer.fault.criterion, answer.fault.text)


def _end_all(workers: dict[int, Worker]) -> None:
    while workers:
        workers.popitem()[1].end()
