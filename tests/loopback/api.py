"""The published HTTP API: paths and what each answers, in front of a World."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from loopback.answers import (
    RefusedError,
    answered,
    invalid,
    not_found,
    problem,
    unauthenticated,
    unavailable,
)
from loopback.catalog import MODELS, ModelSpec
from loopback.intake import Intake
from loopback.prediction import Prediction, microseconds
from loopback.wire import Cut, Reply, Request
from loopback.world import PageKey, World

_MADE_AT = "2024-08-01T12:00:00.000000Z"
_HARDWARE = (
    ("CPU", "cpu"),
    ("Nvidia T4 GPU", "gpu-t4"),
    ("Nvidia L40S GPU", "gpu-l40s"),
    ("2x Nvidia L40S GPU", "gpu-l40s-2x"),
    ("Nvidia A100 (80GB) GPU", "gpu-a100-large"),
    ("2x Nvidia A100 (80GB) GPU", "gpu-a100-large-2x"),
    ("Nvidia H100 GPU", "gpu-h100"),
)


_ACCOUNT = {
    "type": "organization",
    "username": "acme",
    "name": "Acme Corp, Inc.",
    "github_url": "https://github.com/acme",
    "avatar_url": "https://github.com/acme.png",
}
_DEEPEST = {"account": 1, "hardware": 1, "predictions": 3, "models": 5}


class Api:
    """Answers for everything under /v1/."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._intake = Intake(world)

    async def answer(self, request: Request) -> Reply | Cut:
        """Check the token, route the request and answer it."""
        token = request.headers.get("authorization", "").partition("Bearer ")[2]
        if token != self._world.settings.token:
            return unauthenticated()
        parts = request.path.strip("/").split("/")
        if parts[0] != "v1":
            return not_found()
        try:
            if request.method == "GET":
                return self._read(request, parts[1:])
            if request.method == "POST":
                return await self._write(request, parts[1:])
        except RefusedError as refused:
            return refused.reply
        return _unrouted(parts[1:])

    def _read(self, request: Request, parts: list[str]) -> Reply:
        match parts:
            case ["account"]:
                shown: object = _ACCOUNT
            case ["hardware"]:
                shown = [{"name": name, "sku": sku} for name, sku in _HARDWARE]
            case ["models", owner, name]:
                shown = _model(_spec(f"{owner}/{name}"), self._world)
            case ["models", owner, name, "versions", version]:
                shown = _version(_spec(f"{owner}/{name}"), version)
            case ["predictions"]:
                shown = self._page(request)
            case ["predictions", prediction_id]:
                shown = self._get(prediction_id)
            case _:
                return _unrouted(parts)
        return answered(200, shown)

    async def _write(self, request: Request, parts: list[str]) -> Reply | Cut:
        match parts:
            case ["models", owner, name, "predictions"]:
                return await self._intake.create(request, _official(f"{owner}/{name}"))
            case ["predictions"]:
                return await self._intake.create(request, None)
            case ["predictions", prediction_id, "cancel"]:
                return self._cancel(prediction_id)
            case _:
                return _unrouted(parts)

    def _get(self, prediction_id: str) -> dict[str, Any]:
        self._world.counts["gets"] += 1
        prediction = self._found(prediction_id)
        if prediction.bad_gets_left:
            prediction.bad_gets_left -= 1
            raise RefusedError(unavailable())
        return self._world.view(prediction)

    def _cancel(self, prediction_id: str) -> Reply:
        self._world.counts["cancels"] += 1
        prediction = self._found(prediction_id)
        self._world.cancel(prediction)
        return answered(200, self._world.view(prediction))

    def _found(self, prediction_id: str) -> Prediction:
        prediction = self._world.find(prediction_id)
        if prediction is None:
            raise RefusedError(not_found())
        return prediction

    def _page(self, request: Request) -> dict[str, Any]:
        world = self._world
        arrival = world.counts["lists"]
        world.counts["lists"] += 1
        key = _page_key(request.query)
        if world.faults.drawn_for_list(arrival) is not None:
            raise RefusedError(unavailable())
        page, has_newer, has_older = world.page(key)
        older = {"below": page[-1].number} if has_older and page else None
        if older is not None and world.settings.page_by_offset:
            older = {"skip": (key.skip or 0) + len(page)}
        newer = {"above": page[0].number} if has_newer and page else None
        return {
            "next": self._page_url(key, older),
            "previous": self._page_url(key, newer),
            "results": [world.view(prediction) for prediction in page],
        }

    def _page_url(self, key: PageKey, start: dict[str, int] | None) -> str | None:
        if start is None:
            return None
        fields = {**asdict(key), "below": None, "above": None, "skip": None, **start}
        cursor = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
        return f"{self._world.api_url}/v1/predictions?cursor={cursor}"


def _unrouted(parts: list[str]) -> Reply:
    if parts and len(parts) <= _DEEPEST.get(parts[0], 0):
        return problem(405, "Method not allowed", "This method is not allowed here.")
    return not_found()


def _spec(slug: str) -> ModelSpec:
    spec = MODELS.get(slug)
    if spec is None:
        raise RefusedError(not_found())
    return spec


def _official(slug: str) -> ModelSpec:
    spec = _spec(slug)
    if not spec.is_official:
        raise RefusedError(not_found())
    return spec


def _page_key(query: Mapping[str, str]) -> PageKey:
    try:
        if "cursor" in query:
            padded = query["cursor"] + "=" * (-len(query["cursor"]) % 4)
            return PageKey(**json.loads(base64.urlsafe_b64decode(padded)))
        after, before = query.get("created_after"), query.get("created_before")
        source = query.get("source")
        if source not in {None, "web"}:
            raise invalid("- source: must be web\n")
        return PageKey(
            after_us=None if after is None else microseconds(after),
            before_us=None if before is None else microseconds(before),
            source=source,
        )
    except (ValueError, TypeError, binascii.Error) as error:
        raise invalid(f"- query: {error}\n") from None


def _model(spec: ModelSpec, world: World) -> dict[str, Any]:
    return {
        "url": f"https://replicate.com/{spec.slug}",
        "owner": spec.owner,
        "name": spec.name,
        "description": spec.description,
        "visibility": "public",
        "is_official": spec.is_official,
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": sum(prediction.spec is spec for prediction in world.predictions),
        "cover_image_url": None,
        "default_example": None,
        "latest_version": _version(spec, (*spec.versions, "hidden")[0]),
    }


def _version(spec: ModelSpec, version: str) -> dict[str, Any]:
    if version not in (spec.versions or ("hidden",)):
        raise RefusedError(not_found())
    return {
        "id": version,
        "created_at": _MADE_AT,
        "cog_version": "0.9.0",
        "openapi_schema": spec.openapi_schema(),
    }
