"""Drawing what was found on copies of pictures, in a process of its own.

The files are those that inspectors opened in confinement: the program that holds tokens and books
opens them no more than it did then.
"""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import ValidationError

from validators.criterion import Verdict
from validators.drawing_process import Drawn, Wanted
from validators.errors import InspectorsUnavailable
from validators.inspector_wire import Nonsense, receive, send
from validators.inspector_worker import WorkerLimits, worker_environment
from validators.seclusion import hide_memory

DRAWN_BYTES_MAX: Final = 128_000_000
"""Above what 4,096 by 4,096 pixels of noise take as a PNG."""

_START_S: Final = 60.0
_SHOWN_CHARACTERS: Final = 500
_START: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from validators.drawing_process import serve; serve(*map(int, sys.argv[2:]))"
)


class NotDrawn(Exception):
    """A picture could not be drawn on; the message says why."""


class Drawer:
    """Draws on copies, one after another, in one process that is started when it is needed.

    A file that ends the process ends its own drawing only. Used by one thread at a time; close it,
    or use it in a `with` statement.
    """

    def __init__(self, limits: WorkerLimits | None = None) -> None:
        self._limits: Final = limits or WorkerLimits()
        self._process: _Process | None = None

    def draw(self, data: bytes, verdicts: Sequence[Verdict]) -> bytes:
        """Draw the marks of all verdicts on a copy, as a PNG.

        Raises:
            NotDrawn: the file cannot be drawn on, or took more than the limits.
            InspectorsUnavailable: no process can be started.
        """
        if self._process is None:
            self._process = _Process(self._limits)
        marks = tuple(mark for verdict in verdicts for mark in verdict.marks)
        try:
            drawn = self._process.ask(Wanted(byte_count=len(data), marks=marks), data)
        except TimeoutError as error:
            self.close()
            raise NotDrawn(f"it took over {self._limits.wall_s:g} s") from error
        except (Nonsense, ConnectionError, ValidationError) as error:
            self.close()
            raise NotDrawn("the process that draws broke down over it") from error
        if isinstance(drawn, str):
            # What ran out of memory may be in no state to go on.
            self.close()
            raise NotDrawn(drawn)
        return drawn

    def close(self) -> None:
        """End the process. May be called again; drawing starts a new one."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Process:
    def __init__(self, limits: WorkerLimits) -> None:
        hide_memory()
        self._limits: Final = limits
        self._shelf: Final = os.memfd_create("picture")
        self._canvas: Final = os.memfd_create("drawing")
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process: Final = subprocess.Popen(  # noqa: S603 - this interpreter, our own words
                _command(theirs.fileno(), self._shelf, self._canvas, limits),
                env=worker_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(), self._shelf, self._canvas),
                start_new_session=True,
            )
        self._await_start()

    def ask(self, wanted: Wanted, data: bytes) -> bytes | str:
        """Have one file drawn on; a text says why it was not."""
        deadline_s = time.monotonic() + self._limits.wall_s
        os.ftruncate(self._shelf, 0)
        os.ftruncate(self._canvas, 0)
        at = 0
        while at < len(data):
            at += os.pwrite(self._shelf, memoryview(data)[at:], at)
        self._channel.settimeout(self._limits.wall_s)
        send(self._channel, wanted)
        drawn = Drawn.model_validate_json(receive(self._channel, deadline_s))
        if drawn.fault is not None:
            return drawn.fault
        # The process that opens hostile files may have been taken over by one: it is not believed.
        if not 0 < drawn.byte_count <= min(DRAWN_BYTES_MAX, os.fstat(self._canvas).st_size):
            raise Nonsense(f"a drawing of {drawn.byte_count} bytes")
        return os.pread(self._canvas, drawn.byte_count, 0)

    def end(self) -> None:
        """End the process and what it shared."""
        self._channel.close()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._process.kill()
        self._process.wait()
        os.close(self._shelf)
        os.close(self._canvas)

    def _await_start(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - it was asked for as a pipe
        try:
            receive(self._channel, time.monotonic() + _START_S)
        except (Nonsense, TimeoutError, ConnectionError) as error:
            self._process.kill()
            said = self._process.stderr.read().decode(errors="replace").strip()
            self.end()
            raise InspectorsUnavailable(
                "The process that draws could not be started, so nothing was drawn: "
                f"{said[-_SHOWN_CHARACTERS:] or error}"
            ) from error
        # Nobody reads it from here on, and a full pipe would stop the process.
        self._process.stderr.close()


def _command(descriptor: int, shelf: int, canvas: int, limits: WorkerLimits) -> list[str]:
    here = str(Path.cwd())
    paths = json.dumps([entry or here for entry in sys.path])
    alarm_s = math.ceil(limits.wall_s) + 1
    numbers = (descriptor, shelf, canvas, limits.memory_bytes, DRAWN_BYTES_MAX, alarm_s)
    return [sys.executable, "-I", "-B", "-X", "utf8", "-c", _START, paths, *map(str, numbers)]
