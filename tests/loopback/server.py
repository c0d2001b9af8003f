"""A provider on the loopback: a real HTTP server that speaks Replicate's published API.

Everything that Mintage says about money is tested against this server, so it is written from the
published API and price list alone, by reading neither Mintage's adapter nor its model cards. It
runs predictions that cost nothing, keeps its own bill, and fails in every way that the real one is
known to fail, on request.

In the test's process, in a thread of its own:

    faults = (Fault("cut_after_create", probability=0.1),)
    with LoopbackProvider(latency_s=(0.05, 0.2), faults=faults) as provider:
        run_something(base_url=provider.base_url, token=provider.token)
        provider.wait_until_settled()
        assert provider.total() == what_the_books_say

As a process, which outlives a client that is killed (see `loopback.process`):

    with LoopbackProcess(seed=7) as provider:
        subprocess.run([...], env={**os.environ, **provider.environment()})

or by hand; the first line printed is the API's base URL, the second the delivery server's:

    python tests/loopback/serve.py --port 0 --settings '{"latency_s": [0.1, 0.5]}'

Both forms have the methods of `loopback.control.Controls`: bill, total, total_nano, counters,
predictions, requests, fetches, add_faults, clear_faults, configure, advance, create_elsewhere,
statement, set_price, refund, forget and wait_until_settled. What can be set at the start is
`loopback.settings.Settings`; the faults are described in `loopback.faults`.

What it does as the real service does
    - POST /v1/models/{owner}/{name}/predictions (official models), POST /v1/predictions (version),
      GET /v1/predictions[/{id}], POST /v1/predictions/{id}/cancel, GET /v1/account, /v1/hardware,
      /v1/models/{owner}/{name}[/versions/{id}].
    - `Prefer: wait[=n]`: 201 with the final output, or 202 when n seconds were not enough; without
      it 201 and `starting`.
    - `Cancel-After`: `aborted` when the run had not started by then, else `canceled`.
    - Failed and aborted runs are free, succeeded and canceled ones are charged by their metrics.
    - There is no idempotency: two equal POSTs are two predictions and two charges.
    - Output files lie on another origin (another port) that wants no token and records what it got.
    - Input, output, logs and files are removed an hour after the end; id, status, metrics stay.

Where the published API is silent, it decides: a user's cancel before the start ends as `aborted`; a
malformed Prefer or Cancel-After is refused with 422; a canceled official run is charged in full;
a webhook is accepted and never called.
Time can jump (`advance`), so no test has to wait for a deadline or an hour to pass.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from loopback.control import Controls, run_command
from loopback.errors import LoopbackCrashedError, LoopbackStartError
from loopback.settings import Settings
from loopback.station import Station
from loopback.world import World

_START_TIMEOUT_S = 20.0


class LoopbackProvider(Controls):
    """The provider in a thread of this process. A context manager; its counts outlive the server.

    Takes the fields of Settings as keywords. Leaving the block raises LoopbackCrashedError if the
    server's own code failed at any time.
    """

    def __init__(self, *, port: int = 0, delivery_port: int = 0, **settings: Any) -> None:  # noqa: ANN401 - see Settings
        self._settings = Settings(**settings)
        self._ports = (port, delivery_port)
        self._world = World(self._settings)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def base_url(self) -> str:
        """The API's address without /v1."""
        return self._world.api_url

    @property
    def delivery_url(self) -> str:
        """The address in front of /files/."""
        return self._world.files_url

    @property
    def token(self) -> str:
        """The API token that is accepted."""
        return self._settings.token

    def __enter__(self) -> Self:
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(started)), name="loopback", daemon=True
        )
        self._thread.start()
        try:
            started.result(_START_TIMEOUT_S)
        except OSError as error:
            raise LoopbackStartError(f"The loopback provider cannot listen: {error}.") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join()
        self._loop = None
        if self._world.crashes:
            raise LoopbackCrashedError("\n".join(self._world.crashes)) from error

    def _ask(self, command: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
        return self._in_loop(lambda: run_command(self._world, command, arguments))

    def _in_loop(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
        """Run `work` where the world lives: in the server's loop while there is one."""
        loop = self._loop
        if loop is None:
            return work()
        done: Future[Any] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except Exception as error:  # noqa: BLE001 - carried over to the thread that asked
                done.set_exception(error)

        loop.call_soon_threadsafe(run)
        return done.result()

    async def _serve(self, started: Future[None]) -> None:
        station = Station(self._world)
        try:
            await station.open(*self._ports)
        except OSError as error:
            await station.close()
            started.set_exception(error)
            return
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        started.set_result(None)
        await self._stopping.wait()
        await station.close()
