"""The pool's end of one inspector's process: starting it, asking it, ending it."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeGuard

from pydantic import ValidationError

from validators import criteria
from validators.containers import Defect, Flaw
from validators.errors import InspectorsUnavailable
from validators.inspector_wire import Answer, Nonsense, Request, receive, send
from validators.seclusion import Seclusion, hide_memory

_START_S: Final = 60.0
_END_S: Final = 5.0
_SHOWN_CHARACTERS: Final = 500
_KEPT_BYTES: Final = 8_000_000
"""What a process's shelf may go on holding: pages that are there need not be made anew."""

_FROM_OUTSIDE: Final = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""Signals that a program which breaks down never has of itself: somebody sent them."""

_START: Final = (
    "import json, sys; sys.path[:], folders = json.loads(sys.argv[1]); "
    "import validators.criteria; validators.criteria.__path__[:] = folders; "
    "from validators.inspector_process import serve; serve(*map(int, sys.argv[2:]))"
)

_KEPT: Final = ("LD_LIBRARY_PATH",)
"""What an interpreter may need to find its own libraries, and nobody keeps a secret in."""

_GIVEN: Final = {
    "LC_ALL": "C.UTF-8",
    # One process is one core's work: libraries with a thread per core would fight over them.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one file may take: address space, seconds of computing, and seconds by the clock.

    `open_cpu_s` is for opening it, `judge_cpu_s` for all criteria; the kernel counts whole seconds.
    `wall_s` covers both and whatever else keeps the machine busy. Measured (Pillow 13, November
    2026): of 64 megapixels, the most that `Limits` lets through, the dearest in memory is a WebP
    with alpha (1.1 GB of address space), the dearest in time a PNG with alpha (1.9 s). The default
    leaves as much again to criteria with models.
    """

    memory_bytes: int = 2_000_000_000
    open_cpu_s: int = 5
    judge_cpu_s: int = 30
    wall_s: float = 60.0

    def __post_init__(self) -> None:
        if min(self.memory_bytes, self.open_cpu_s, self.judge_cpu_s, self.wall_s) <= 0:
            raise ValueError(f"every limit must be above 0, but these are {self}")


def worker_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of an inspector's process, drawn from that of this one."""
    return _GIVEN | {name: environment[name] for name in _KEPT if name in environment}


@dataclass(frozen=True, slots=True)
class Outage:
    """A process was lost by no fault of the file: nothing is known of that. Says why and what to do."""

    sentence: str


def allowed_memory_bytes(wanted: int) -> int:
    """Give the address space that a process can have: less than wanted where the machine says so."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def was_held_up(computed_s: float, wall_s: float) -> bool:
    """Say whether so long by the clock is the machine's doing: it computed for under half of it."""
    return computed_s < wall_s / 2


class Worker:
    """One process. Used by one thread at a time; the pool sees to that."""

    def __init__(self, limits: WorkerLimits) -> None:
        self._limits: Final = limits
        self._owner: Final = os.getpid()
        self._memory_bytes: Final = allowed_memory_bytes(limits.memory_bytes)
        self.files = 0
        # The process runs as the same user, and whoever takes it over must not read this one.
        hide_memory()
        self._shelf = os.memfd_create("picture")
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process: Final = subprocess.Popen(  # noqa: S603 - this interpreter, our own words
                _command(theirs.fileno(), self._shelf, limits, self._memory_bytes),
                env=worker_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(), self._shelf),
                # Ctrl-C in a terminal is for the program, which then lets its inspectors finish.
                start_new_session=True,
            )
        self.seclusion: Final = self._await_start()

    @property
    def process_id(self) -> int:
        """The id of the process."""
        return self._process.pid

    def lives(self) -> bool:
        """Say whether it can be asked; a process that was forked off may not use it."""
        return os.getpid() == self._owner and self._process.poll() is None

    def ask(self, request: Request, data: bytes) -> Answer | Defect | Outage:
        """Have one file judged, or say what became of the process, which then must be ended."""
        self.files += 1
        computed_s = self._computed_s()
        deadline_s = time.monotonic() + self._limits.wall_s
        try:
            self._lay_out(data)
            self._channel.settimeout(self._limits.wall_s)
            send(self._channel, request)
            answer = Answer.model_validate_json(receive(self._channel, deadline_s))
        except TimeoutError:
            return self._too_long(self._computed_s() - computed_s)
        except (Nonsense, ConnectionError, ValidationError) as error:
            return self._lost(error)
        return self._out_of_memory() if answer.out_of_memory else answer

    def _lay_out(self, data: bytes) -> None:
        """Put the bytes where the process reads them; memory is given back after a large file."""
        if len(data) <= _KEPT_BYTES < os.fstat(self._shelf).st_size:
            os.ftruncate(self._shelf, 0)
        written = 0
        while written < len(data):
            written += os.pwrite(self._shelf, memoryview(data)[written:], written)

    def end(self) -> None:
        """End the process and forget it. May be called again."""
        self._channel.close()
        if self._shelf >= 0:
            os.close(self._shelf)
            self._shelf = -1
        if os.getpid() != self._owner:
            return
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._process.kill()
        self._process.wait()

    def _computed_s(self) -> float:
        """Tell how long the process has computed so far, by the kernel's clock of that process."""
        # From a process's id its clock's is made as in the kernel's posix-timers.h (CPUCLOCK_SCHED).
        with suppress(OSError):
            return time.clock_gettime((~self._process.pid << 3) | 2)
        return 0.0

    def _await_start(self) -> Seclusion:
        try:
            first = receive(self._channel, time.monotonic() + _START_S)
            started = Answer.model_validate_json(first)
        except (Nonsense, TimeoutError, ConnectionError, ValidationError) as error:
            code = self._ended_with()
            self._process.kill()
            _, said = self._process.communicate()
            self.end()
            if _is_from_outside(code):
                raise InspectorsUnavailable(_ended(code).sentence) from error
            # The last line names the error; those before it say where in our code.
            lines = said.decode(errors="replace").strip().splitlines()
            why = lines[-1][-_SHOWN_CHARACTERS:] if lines else str(error)
            raise InspectorsUnavailable(
                f"The inspectors' process could not be started, so no file was judged: {why}"
            ) from error
        assert self._process.stderr is not None  # noqa: S101 - it was asked for as a pipe
        self._process.stderr.close()
        return Seclusion(started.filtered, started.fence)

    def _ended_with(self) -> int | None:
        """Hang up, and tell what the process ended with; None if it goes on all the same."""
        self._channel.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        return self._process.poll()

    def _lost(self, error: Exception) -> Defect | Outage:
        """Tell from its end what the process died of; one that still lives spoke nonsense."""
        code = self._ended_with()
        if _is_from_outside(code):
            return _ended(code)
        if code == -signal.SIGALRM:
            # The pool itself was stopped meanwhile, or it would have ended the process before.
            return _held_up(self._limits.wall_s)
        if code == -signal.SIGXCPU:
            limits = self._limits
            return self._too_slow(
                f"over {limits.open_cpu_s} s of computing to open it, or over "
                f"{limits.judge_cpu_s} s to judge it"
            )
        if code is not None and code < 0:
            return crashed(f"the process was ended by {signal.Signals(-code).name}")
        return crashed(f"the process ended with {code}: {type(error).__name__}")

    def _too_long(self, computed_s: float) -> Defect | Outage:
        wall_s = self._limits.wall_s
        if was_held_up(computed_s, wall_s):
            return _held_up(wall_s)
        return self._too_slow(f"over {wall_s:g} s by the clock, {computed_s:.1f} s of computing")

    @staticmethod
    def _too_slow(detail: str) -> Defect:
        return Defect(
            Flaw.TOO_SLOW,
            "The inspection of the file took longer than any ordinary picture needs and was "
            "stopped; the file is refused.",
            detail,
        )

    def _out_of_memory(self) -> Defect | Outage:
        megabytes = self._limits.memory_bytes / 1e6
        if self._memory_bytes < self._limits.memory_bytes:
            return Outage(
                f"An inspector ran out of the {self._memory_bytes / 1e6:,.0f} MB of memory that "
                f"this machine lets a process have, under the {megabytes:,.0f} MB that a file may "
                "take, so nothing was concluded about the file; raise the limit (ulimit -v), then "
                "resume."
            )
        return Defect(
            Flaw.TOO_MUCH_MEMORY,
            f"The inspection of the file needed more than {megabytes:,.0f} MB of memory and was "
            "stopped; the file is refused.",
            f"over {self._limits.memory_bytes} bytes",
        )


def crashed(detail: str) -> Defect:
    """Say that the process did not survive the file."""
    return Defect(
        Flaw.CRASHED,
        "The program that inspects the file broke down over it, in a fresh process too, as it may "
        "over damaged or hostile files; it is refused.",
        detail,
    )


def _is_from_outside(code: int | None) -> TypeGuard[int]:
    return code is not None and -code in _FROM_OUTSIDE


def _ended(code: int) -> Outage:
    return Outage(
        f"The inspectors were ended by the system ({signal.Signals(-code).name}), as when memory "
        "runs out, so nothing was concluded about the file; make room, then resume."
    )


def _held_up(wall_s: float) -> Outage:
    return Outage(
        f"An inspector gave no answer for {wall_s:g} s and hardly computed meanwhile, as when it is "
        "stopped or the machine is too busy, so nothing was concluded about the file; let it have "
        "the processor, then resume."
    )


def _command(descriptor: int, shelf: int, limits: WorkerLimits, memory_bytes: int) -> list[str]:
    """Return how this very interpreter is started: isolated, writing nothing, our import path."""
    here = str(Path.cwd())
    # The process must find the very code, and the very criteria, that this one has.
    paths = json.dumps([[entry or here for entry in sys.path], list(criteria.__path__)])
    alarm_s = math.ceil(limits.wall_s) + 1
    bounds = (memory_bytes, limits.open_cpu_s, limits.judge_cpu_s, alarm_s)
    flags = ("-I", "-B", "-X", "utf8")
    return [sys.executable, *flags, "-c", _START, paths, *map(str, (descriptor, shelf, *bounds))]
