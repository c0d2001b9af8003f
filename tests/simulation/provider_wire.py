"""The way from one simulated process to the simulated provider, in place of HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from simulation.mortal import SimProcess
from simulation.pictures import picture
from simulation.provider_world import ProviderWorld, Run

from generators.contract import MaySend
from generators.replicate_wire import (
    Answer,
    Fetched,
    Forbidden,
    Gone,
    NoAnswer,
    NotSent,
    Withheld,
)

BASE_URL = "https://api.replicate.com"
_REFUSALS = {"throttled": (429, 3.0), "no_credit": (402, None)}

LATE_MAX_S = 20.0
"""How long a request may be on its way after its sender has given up."""


class SimWire:
    """Does for one process what `ReplicateWire` does; the world keeps what was sent, whoever dies."""

    base_url = BASE_URL
    token_mark = "simulated"

    def __init__(self, world: ProviderWorld, process: SimProcess) -> None:
        self._world = world
        self._process = process

    async def post(
        self,
        path: str,
        body: Mapping[str, object],
        headers: Mapping[str, str],
        read_timeout_s: float,
        may_send: MaySend,
    ) -> Answer | NotSent | NoAnswer | Withheld:
        """Send one POST, once, if it may be sent."""
        del path, read_timeout_s
        world = self._world
        await world.sleep(0.05)
        self._process.moment()
        if not await may_send():
            return Withheld()
        route = world.draw_route()
        refused = _REFUSALS.get(route)
        if refused is not None:
            status, retry_after_s = refused
            return self._answer(status, None, retry_after_s=retry_after_s)
        if route == "not_sent":
            return NotSent("refused the connection")
        if route == "cut_before":
            await world.sleep(5)
            return NoAnswer("cut the connection")
        return await self._sent(route, body, float(headers["Prefer"].removeprefix("wait=")))

    async def _sent(
        self, route: str, body: Mapping[str, object], wait_s: float
    ) -> Answer | NoAnswer:
        """Send what will arrive, whatever becomes of who sent it."""
        world = self._world
        arrived: asyncio.Future[Run] = asyncio.get_running_loop().create_future()

        def arrive() -> None:
            run = world.create(str(body.get("version", "")), _input(body))
            if not arrived.done():
                arrived.set_result(run)

        world.later(world.rng.random() * (LATE_MAX_S if route == "late" else 0.1), arrive)
        self._process.moment()
        if route == "late":
            await world.sleep(1)
            return NoAnswer("did not answer in time")
        run = await arrived
        if route == "cut_after":
            await world.sleep(3)
            return NoAnswer("cut the connection")
        if route == "error_after":
            return self._answer(502, None)
        await asyncio.sleep(max(0.0, min(run.ends_s - world.now_s(), wait_s)))
        return self._answer(201, world.shown(run))

    async def get(self, url: str) -> Answer | NotSent | NoAnswer:
        """Send one GET."""
        world = self._world
        await world.sleep(0.2)
        self._process.moment()
        if world.storm and world.rng.random() < 0.05:
            return world.rng.choice(
                (NoAnswer("cut the connection"), self._answer(503, None), NotSent("refused"))
            )
        parts = urlsplit(url)
        ref = parts.path.removeprefix("/v1/predictions").strip("/")
        if ref:
            run = world.runs.get(ref)
            return self._answer(404, None) if run is None else self._answer(200, world.shown(run))
        return self._answer(200, self._page(parse_qs(parts.query)))

    def _page(self, query: Mapping[str, list[str]]) -> dict[str, object]:
        created_after = datetime.fromisoformat(query["created_after"][0])
        start = int(query.get("start", ["-1"])[0])
        results, following = self._world.listed(created_after, start)
        after = created_after.isoformat().replace("+", "%2B")
        url = f"{BASE_URL}/v1/predictions?created_after={after}&start={following}"
        return {"results": results, "next": None if following is None else url}

    async def fetch(self, url: str, *, bytes_max: int) -> Fetched | Gone | Forbidden | NoAnswer:
        """Fetch an output once."""
        del bytes_max
        world = self._world
        await world.sleep(0.3)
        self._process.moment()
        run = world.runs[url.split("/")[3]]
        if world.now_s() > run.ends_s + 3600:
            return Gone("the output was removed")
        if world.now_s() < run.output_back_s:
            return NoAnswer("HTTP 503")
        return Fetched(picture(run), "image/png")

    def is_api(self, url: str) -> bool:
        """Whether a URL is the API's."""
        return url.startswith(f"{BASE_URL}/")

    def clean(self, text: str) -> str:
        """Leave a text as it is: the simulation has no secrets."""
        return text

    async def aclose(self) -> None:
        """Nothing to let go of."""

    def _answer(self, status: int, body: object, *, retry_after_s: float | None = None) -> Answer:
        # A Date header has whole seconds.
        now = self._world.moment(self._world.now_s())
        whole = now - timedelta(microseconds=now.microsecond)
        return Answer(status, body, retry_after_s, "", date=whole)


def _input(body: Mapping[str, object]) -> Mapping[str, object]:
    given = body["input"]
    assert isinstance(given, dict)
    return given
