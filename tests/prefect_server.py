"""A real Prefect server on loopback, started once a test session and shared by its xdist workers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

READY_WITHIN_S = 180.0
STOPPED_WITHIN_S = 20.0
RECORDED_WITHIN_S = 60.0

QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
}
"""Nothing leaves the loopback."""


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class PrefectServer:
    """A server that is up: its API's address, and questions to it."""

    def __init__(self, api_url: str, home: Path) -> None:
        self.api_url = api_url
        self.home = home

    def environment(self) -> dict[str, str]:
        """Give the variables that make a process use this server."""
        return {"PREFECT_API_URL": self.api_url, "PREFECT_HOME": str(self.home), **QUIET}

    def ask(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401  JSON is whatever it is
        """POST a question to the API."""
        request = urllib.request.Request(
            self.api_url + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def until(self, what: Callable[[], bool], timeout_s: float = RECORDED_WITHIN_S) -> None:
        """Wait until the server has recorded something."""
        deadline = time.monotonic() + timeout_s
        while not what():
            if time.monotonic() > deadline:
                raise TimeoutError(f"The Prefect server has not recorded it within {timeout_s} s.")
            time.sleep(0.2)


@contextmanager
def prefect_server() -> Iterator[PrefectServer]:
    """Start one, wait until it answers, stop it in the end."""
    with tempfile.TemporaryDirectory(prefix="prefect-", ignore_cleanup_errors=True) as home:
        port = _free_port()
        environment = {
            **{
                name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")
            },
            **QUIET,
            "PREFECT_HOME": home,
            "PREFECT_SERVER_API_HOST": "127.0.0.1",
        }
        log = Path(home) / "server.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "prefect", "server", "start"),
                    *("--host", "127.0.0.1", "--port", str(port), "--no-ui"),
                ],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        try:
            _wait_until_ready(process, f"http://127.0.0.1:{port}/api/health", log)
            yield PrefectServer(f"http://127.0.0.1:{port}/api", Path(home))
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The Prefect server ended at once:\n{log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"The Prefect server did not answer in {READY_WITHIN_S} s.")
