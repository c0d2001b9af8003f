"""The two listeners and the loop that they run in: what both forms of the provider start."""

from __future__ import annotations

import json
import traceback
from concurrent.futures import ThreadPoolExecutor

from loopback.answers import problem
from loopback.api import Api
from loopback.control import run_command
from loopback.delivery import Delivery
from loopback.errors import BadCommandError
from loopback.prediction import SECOND_US
from loopback.wire import Cut, Handler, Listener, Reply, Request
from loopback.world import SeenRequest, World

_CONTROL = "/_control/"
_KEPT_BODY_BYTES = 16_384


class Station:
    """Serves one World on 127.0.0.1. Open and close it inside the loop that shall serve."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._api = Api(world)
        # One thread draws pictures: the loop stays free, and two cores are not taken by a fake.
        self._artist = ThreadPoolExecutor(1, thread_name_prefix="loopback-artist")
        self._delivery = Delivery(world, self._artist)
        self._listeners: list[Listener] = []

    async def open(self, port: int = 0, delivery_port: int = 0) -> None:
        """Listen; the world knows its own addresses afterwards."""
        front = Listener(self._front, self._clock)
        self._listeners.append(front)
        self._world.api_url = f"http://127.0.0.1:{await front.open(port)}"
        self._world.files_url = self._world.api_url
        if self._world.settings.delivery == "separate":
            back = Listener(self._back, self._clock)
            self._listeners.append(back)
            self._world.files_url = f"http://127.0.0.1:{await back.open(delivery_port)}"

    async def close(self) -> None:
        """Drop every connection and stop."""
        for listener in self._listeners:
            await listener.close()
        self._artist.shutdown()

    def _clock(self) -> float:
        return self._world.now_us() / SECOND_US

    async def _front(self, request: Request) -> Reply | Cut:
        if request.path.startswith(_CONTROL):
            return self._control(request)
        if request.path.startswith("/files/"):
            return await self._back(request)
        seen = self._seen(request)
        self._world.requests.append(seen)
        reply = await self._guarded(request, self._api.answer)
        seen.status = reply.status if isinstance(reply, Reply) else 0
        self._world.statuses[seen.status] += 1
        return reply

    async def _back(self, request: Request) -> Reply | Cut:
        seen = self._seen(request)
        self._world.fetches.append(seen)
        self._world.counts["fetches"] += 1
        reply = await self._guarded(request, self._delivery.answer)
        seen.status = reply.status if isinstance(reply, Reply) else 0
        return reply

    async def _guarded(self, request: Request, answer: Handler) -> Reply | Cut:
        try:
            return await answer(request)
        except Exception:  # noqa: BLE001 - a bug of this server must fail the test, not pass as a 500
            self._world.crashes.append(traceback.format_exc())
            return problem(500, "Loopback bug", "The loopback provider's own code failed.")

    def _seen(self, request: Request) -> SeenRequest:
        body = request.body[:_KEPT_BODY_BYTES].decode(errors="replace")
        query, headers = request.query, request.headers
        return SeenRequest(self._world.now_us(), request.method, request.path, query, headers, body)

    def _control(self, request: Request) -> Reply:
        name = request.path.removeprefix(_CONTROL)
        try:
            arguments = json.loads(request.body) if request.body else {}
            result = run_command(self._world, name, arguments)
        except (BadCommandError, ValueError) as error:
            return problem(400, "Bad command", str(error))
        return Reply(200, json.dumps({"result": result}).encode())
