"""Starts commands in a twentieth of the time: children of a process that has imported Mintage.

`WarmProcess` is a real process, with the part of `subprocess.Popen` that tests use. Its server,
`warm_server`, is started when a test process (an xdist worker is one) first asks, and ends with it.
A server that dies fails the tests; nothing is started in another way instead.
"""

from __future__ import annotations

import functools
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import warm_server

AVAILABLE = all((hasattr(os, "fork"), hasattr(socket, "send_fds"), hasattr(os, "pidfd_open")))
"""Whether this system has what it takes."""

_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")
"""Variables that the interpreter and the system's libraries read when a process starts."""
_BYTES_AT_ONCE = 1 << 16


class WarmStartError(Exception):
    """The server has died, or could not start what it was asked to."""


class WarmProcess:
    """A command that runs in a child of the server; see `subprocess.Popen` for what it can do."""

    stdin = None

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        start_new_session: bool = False,
        module: str = "console",
    ) -> None:
        self.args = (sys.executable, "-m", module, *arguments)
        self.returncode: int | None = None
        self._server = server()
        out, its_out = os.pipe()
        err, its_err = os.pipe()
        nothing = os.open(os.devnull, os.O_RDONLY)
        # Text as of Popen(text=True): in the locale's encoding, any end of line as \n.
        self.stdout: TextIOWrapper = open(out, encoding="locale")  # noqa: PTH123, SIM115  a pipe; see communicate
        self.stderr: TextIOWrapper = open(err, encoding="locale")  # noqa: PTH123, SIM115  as the line above
        try:
            self.pid, self._handle = self._server.start(
                {
                    "module": module,
                    "arguments": list(arguments),
                    "folder": os.path.realpath(folder),
                    "environment": dict(environment),
                    "new_session": start_new_session,
                },
                [nothing, its_out, its_err],
            )
        except BaseException:
            self.stdout.close()
            self.stderr.close()
            raise
        finally:
            for handle in (nothing, its_out, its_err):
                os.close(handle)
        self._heard: dict[int, bytearray] = {
            id(self.stdout): bytearray(),
            id(self.stderr): bytearray(),
        }

    def poll(self) -> int | None:
        """Give the exit code, or None while it runs."""
        if self.returncode is None and self._ends_within(0):
            self._reap()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and give the exit code; that of a signal is negative."""
        if self.returncode is None:
            if not self._ends_within(timeout):
                assert timeout is not None
                raise subprocess.TimeoutExpired(self.args, timeout)
            self._reap()
        assert self.returncode is not None
        return self.returncode

    def communicate(self, *, timeout: float | None = None) -> tuple[str, str]:
        """Read both streams to their ends and wait; may be called again after TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with selectors.DefaultSelector() as waiting:
            for stream in (self.stdout, self.stderr):
                if not stream.closed:
                    waiting.register(stream, selectors.EVENT_READ, stream)
            while waiting.get_map():
                ready = waiting.select(None if deadline is None else deadline - time.monotonic())
                if not ready and timeout is not None:
                    raise subprocess.TimeoutExpired(self.args, timeout)
                for key, _ in ready:
                    chunk = os.read(key.fd, _BYTES_AT_ONCE)
                    self._heard[id(key.data)] += chunk
                    if not chunk:
                        waiting.unregister(key.data)
                        key.data.close()
        self.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
        return self._text_of(self.stdout), self._text_of(self.stderr)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def _ends_within(self, timeout_s: float | None) -> bool:
        waiting = select.poll()
        waiting.register(self._handle, select.POLLIN)
        return bool(waiting.poll(None if timeout_s is None else timeout_s * 1000))

    def _reap(self) -> None:
        self.returncode = self._server.reap(self.pid)
        os.close(self._handle)

    def _text_of(self, stream: TextIOWrapper) -> str:
        text = self._heard[id(stream)].decode(stream.encoding)
        return text.replace("\r\n", "\n").replace("\r", "\n")


class WarmServer:
    """The server of this process and the socket to it. May be asked from several threads."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        self._lock = threading.Lock()
        self._environment = dict(environment)
        self._process = subprocess.Popen(
            [sys.executable, warm_server.__file__, str(its.fileno())],
            # NumPy's library would start threads, which do not survive a fork.
            env={**self._environment, "OPENBLAS_NUM_THREADS": "1"},
            # Streams of the same sorts as the commands': Python buffers each sort in its own way.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[its.fileno()],
            text=True,
        )
        its.close()
        answer, _ = self._answer()
        self._noted: list[str] = answer["noted"]

    def would_differ(self, environment: Mapping[str, str]) -> set[str]:
        """Name the variables that were read when the server started and are others in a command's."""
        given = {**self._environment, **environment}
        names = {*self._noted, *(name for name in given if name.startswith(_READ_AT_START))}
        return {name for name in names if self._environment.get(name) != environment.get(name)}

    def start(self, asked: Mapping[str, object], streams: Sequence[int]) -> tuple[int, int]:
        """Start a command; give its pid and a descriptor that becomes readable when it has ended."""
        answer, handles = self._ask(asked, streams)
        if "problem" in answer:
            raise WarmStartError(answer["problem"])
        (handle,) = handles
        return int(answer["pid"]), handle

    def reap(self, pid: int) -> int:
        """Give the exit code of a command that has ended, and its pid free."""
        answer, _ = self._ask({"reap": pid}, ())
        return int(answer["code"])

    def kill(self) -> None:
        """End it at once, for those who test what happens then."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it; commands that still run go on."""
        self._socket.close()
        self._process.communicate()

    def _ask(self, question: Mapping[str, object], handles: Sequence[int]) -> tuple[Any, list[int]]:
        with self._lock:
            try:
                socket.send_fds(self._socket, [json.dumps(question).encode()], handles)
            except OSError as error:
                raise self._dead() from error
            return self._answer()

    def _answer(self) -> tuple[Any, list[int]]:
        try:
            answer, handles, _, _ = socket.recv_fds(self._socket, warm_server.LARGEST, 1)
        except OSError as error:
            raise self._dead() from error
        if not answer:
            raise self._dead()
        return json.loads(answer), handles

    def _dead(self) -> WarmStartError:
        self._socket.close()
        self._process.kill()
        _, err = self._process.communicate()
        return WarmStartError(
            f"The server that starts commands ended with code {self._process.returncode}:\n{err}"
        )


def base_environment() -> dict[str, str]:
    """Give this process's environment without what configures Mintage, its libraries and terminals."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MINTAGE_", "REPLICATE_", "AWS_", "PREFECT_"))
    } | {"PYTHONPATH": str(Path(__file__).parent.parent)}


@functools.cache
def server() -> WarmServer:
    """Give this process its server."""
    return WarmServer(base_environment())


def close() -> None:
    """End this process's server, if one was asked for."""
    if server.cache_info().currsize:
        server().close()
        server.cache_clear()
