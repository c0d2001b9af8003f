"""The delivery server: output files at /files/{prediction}/{name}, without any authorization."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from loopback.faults import Fault
from loopback.pictures import MEDIA_TYPES, PictureOrder, encoded, stamped
from loopback.prediction import Prediction
from loopback.wire import Cut, Reply, Request
from loopback.world import World

_HTML = (
    b"<!doctype html><html><head><title>Just a moment...</title></head>"
    b"<body><h1>The file is on its way</h1></body></html>"
)


class Delivery:
    """Answers for output files. Drawing and encoding run on `executor`, off the event loop."""

    def __init__(self, world: World, executor: Executor) -> None:
        self._world = world
        self._executor = executor

    async def answer(self, request: Request) -> Reply | Cut:
        """The file, or what its fault makes of it."""
        found = self._found(request.path)
        if request.method not in {"GET", "HEAD"}:
            return Reply(405, b"Method Not Allowed", "text/plain", (("allow", "GET, HEAD"),))
        if found is None:
            return Reply(404, b"Not Found", "text/plain")
        prediction, name = found
        fault = next((f for f in prediction.faults if f.kind in _BEHAVIOURS), None)
        fetch = prediction.fetches.get(name, 0)
        prediction.fetches[name] = fetch + 1
        order = self._order(prediction, name)
        media_type = MEDIA_TYPES[order.extension]
        if fault is not None:
            bad = _BEHAVIOURS[fault.kind](fault, fetch, media_type)
            if bad is not None:
                return bad
        if prediction.shelved is None:
            data = await self._picture(order, f"{prediction.id}/{name}")
        else:
            loop = asyncio.get_running_loop()
            data = await loop.run_in_executor(self._executor, prediction.shelved.read_bytes)
        self._world.counts["bytes_delivered"] += len(data)
        if fault is not None and fault.kind == "cut_bytes":
            return Reply(200, data[: len(data) // 2], media_type)
        cut_within = fault is not None and fault.kind == "cut_transfer" and fetch < fault.count
        return Reply(200, data, media_type, send_only=len(data) // 2 if cut_within else None)

    def _found(self, path: str) -> tuple[Prediction, str] | None:
        parts = path.strip("/").split("/")
        if len(parts) != 3 or parts[0] != "files":
            return None
        prediction = self._world.find(parts[1])
        if prediction is None or parts[2] not in prediction.files:
            return None
        ended_well = prediction.ending()[1] == "succeeded"
        out = self._world.now_us() >= prediction.files_us
        if not ended_well or not out or self._world.is_removed(prediction):
            return None
        return prediction, parts[2]

    def _order(self, prediction: Prediction, name: str) -> PictureOrder:
        width, height = self._world.settings.picture_size or prediction.size
        fault = next((f for f in prediction.faults if f.kind in {"wrong_size", "blank"}), None)
        if fault is not None and fault.kind == "wrong_size":
            width, height = fault.size or (max(1, width // 2), max(1, height // 2))
        completed = prediction.completed_input
        return PictureOrder(
            width=width,
            height=height,
            extension=name.rpartition(".")[2],
            quality=completed.get("output_quality", 80),
            subject=f"{prediction.spec.slug}/{completed.get('prompt')}/{prediction.seed}/{name}",
            blank=fault is not None and fault.kind == "blank",
        )

    async def _picture(self, order: PictureOrder, name: str) -> bytes:
        pictures = self._world.pictures
        canonical = pictures.canonical(order)
        data = pictures.kept(canonical)
        if data is None:
            loop = asyncio.get_running_loop()
            data = await loop.run_in_executor(self._executor, encoded, canonical)
            pictures.keep(canonical, data)
        return stamped(data, name)


def _html(fault: Fault, fetch: int, media_type: str) -> Reply | None:
    del fetch
    return Reply(200, _HTML, fault.content_type or media_type)


def _unavailable(fault: Fault, fetch: int, media_type: str) -> Reply | None:
    del media_type
    return Reply(503, b"Service Unavailable", "text/plain") if fetch < fault.count else None


def _gone(fault: Fault, fetch: int, media_type: str) -> Reply | None:
    del fault, fetch, media_type
    return Reply(404, b"Not Found", "text/plain")


def _nothing(fault: Fault, fetch: int, media_type: str) -> Reply | None:
    del fault, fetch, media_type
    return None


_BEHAVIOURS: dict[str, Callable[[Fault, int, str], Reply | None]] = {
    "html": _html,
    "output_503": _unavailable,
    "output_gone": _gone,
    "cut_bytes": _nothing,
    "cut_transfer": _nothing,
}
