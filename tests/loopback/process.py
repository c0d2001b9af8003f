"""The provider as a process of its own, for clients that are killed and for benchmarks."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from loopback.control import Controls
from loopback.errors import LoopbackCrashedError, LoopbackError, LoopbackStartError
from loopback.settings import Settings

_SCRIPT = Path(__file__).with_name("serve.py")
_ASK_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 20.0


class LoopbackProcess(Controls):
    """Starts the server in a new process and stops it at the end of the block.

    Takes the fields of Settings as keywords. The server ends by itself when this process is gone,
    because it watches its standard input. Leaving the block raises LoopbackCrashedError if the
    server's own code failed at any time. Nothing can be asked after the block.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        delivery_port: int = 0,
        **settings: Any,  # noqa: ANN401 - see Settings
    ) -> None:
        self._settings = Settings(**settings)
        self._ports = (port, delivery_port)
        self._process: subprocess.Popen[str] | None = None
        self._base_url = ""
        self._delivery_url = ""

    @property
    def base_url(self) -> str:
        """The API's address without /v1."""
        return self._base_url

    @property
    def delivery_url(self) -> str:
        """The address in front of /files/."""
        return self._delivery_url

    @property
    def token(self) -> str:
        """The API token that is accepted."""
        return self._settings.token

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._running().pid

    def __enter__(self) -> Self:
        port, delivery_port = (str(number) for number in self._ports)
        process = subprocess.Popen(
            [
                *(sys.executable, str(_SCRIPT), "--until-stdin-closes"),
                *("--port", port, "--delivery-port", delivery_port),
                *("--settings", json.dumps(self._settings.as_json())),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._process = process
        if process.stdout is not None:
            self._base_url = process.stdout.readline().strip()
            self._delivery_url = process.stdout.readline().strip()
        if not self._delivery_url:
            self._stop()
            code = process.returncode
            raise LoopbackStartError(
                f"The loopback process ended with code {code} before it served."
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        code = self._running().poll()
        if code is not None:
            self._stop()
            message = f"The loopback process ended with code {code} before it was asked to."
            raise LoopbackStartError(message) from error
        crashes = self._ask("crashes")
        self._stop()
        if crashes:
            raise LoopbackCrashedError("\n".join(crashes)) from error

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise LoopbackError("The loopback process is not running; use it inside its block.")
        return self._process

    def _stop(self) -> None:
        process, self._process = self._running(), None
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _ask(self, command: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        self._running()
        connection = http.client.HTTPConnection(
            urlsplit(self._base_url).netloc, timeout=_ASK_TIMEOUT_S
        )
        try:
            connection.request("POST", f"/_control/{command}", json.dumps(arguments))
            answer = connection.getresponse()
            shown = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != http.client.OK:
            raise LoopbackError(str(shown["detail"]))
        return shown["result"]
