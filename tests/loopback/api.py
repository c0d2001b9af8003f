"""The published HTTP API: paths, headers, bodies and errors, in front of a World."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from loopback.catalog import MODELS, VERSIONS, ModelSpec
from loopback.faults import CREATES_NOTHING, Fault
from loopback.prediction import Prediction, microseconds
from loopback.wire import Cut, Reply, Request
from loopback.world import PageKey, World

_PREFER = re.compile(r"wait(?:=([1-9]|[1-5][0-9]|60))?")
_CANCEL_AFTER = re.compile(r"(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_WAIT_S = 60.0
_SHORTEST_DEADLINE_S = 5
_CREATES_PER_MINUTE = 600
_OPTIONAL_KEYS = {"stream": bool, "webhook": str, "webhook_events_filter": list}
_EVENTS = frozenset({"start", "output", "logs", "completed"})
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


class _RefusedError(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def answered(status: int, shown: object, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A JSON answer."""
    return Reply(status, json.dumps(shown).encode(), headers=headers)


def problem(status: int, title: str | None, detail: str, **more: object) -> Reply:
    """An error body as the API writes it."""
    shown = {"title": title, "detail": detail, "status": status, **more}
    body = {name: value for name, value in shown.items() if value is not None}
    return Reply(status, json.dumps(body).encode(), "application/problem+json")


def _unauthenticated() -> Reply:
    return problem(401, "Unauthenticated", "You did not pass a valid authentication token")


def _not_found() -> Reply:
    return problem(404, "Not found", "The requested resource could not be found.")


def _invalid(detail: str, fields: list[dict[str, str]] | None = None) -> _RefusedError:
    return _RefusedError(problem(422, "Input validation failed", detail, invalid_fields=fields))


def _throttled(seconds: int, *, header: bool = False) -> Reply:
    detail = f"Request was throttled. Your rate limit resets in ~{seconds}s."
    reply = problem(429, None, detail, retry_after=seconds)
    extra = (("retry-after", str(seconds)),) if header else ()
    return Reply(reply.status, reply.body, reply.content_type, extra)


class Api:
    """Answers for everything under /v1/."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: Request) -> Reply | Cut:
        """Route a request and answer it."""
        token = request.headers.get("authorization", "").partition("Bearer ")[2]
        if token != self._world.settings.token:
            return _unauthenticated()
        try:
            return await self._routed(request, request.path.rstrip("/").split("/")[2:])
        except _RefusedError as refused:
            return refused.reply

    async def _routed(self, request: Request, parts: list[str]) -> Reply | Cut:
        match request.method, parts:
            case "GET", ["account"]:
                return answered(200, _ACCOUNT)
            case "GET", ["hardware"]:
                return answered(200, [{"name": name, "sku": sku} for name, sku in _HARDWARE])
            case "GET", ["models", owner, name]:
                return answered(200, _model(_spec(f"{owner}/{name}"), self._world))
            case "GET", ["models", owner, name, "versions", version]:
                return answered(200, _version(_spec(f"{owner}/{name}"), version))
            case "GET", ["predictions"]:
                return self._list(request)
            case "GET", ["predictions", prediction_id]:
                return self._get(prediction_id)
            case "POST", ["predictions", prediction_id, "cancel"]:
                return self._cancel(prediction_id)
            case "POST", ["models", owner, name, "predictions"]:
                return await self._create(request, _official(f"{owner}/{name}"))
            case "POST", ["predictions"]:
                return await self._create(request, None)
            case _:
                return self._unrouted(parts)

    def _unrouted(self, parts: list[str]) -> Reply:
        known = {"account": 1, "hardware": 1, "predictions": 3, "models": 5}
        if parts and len(parts) <= known.get(parts[0], 0):
            return problem(405, "Method not allowed", "Method not allowed for this resource.")
        return _not_found()

    async def _create(self, request: Request, spec: ModelSpec | None) -> Reply | Cut:
        world = self._world
        arrival = world.counts["posts"]
        world.counts["posts"] += 1
        world.posts.count()
        body = _body(request.body, needs_version=spec is None)
        version = "hidden"
        if spec is None:
            spec, version = _resolved(body["version"])
        given = body["input"]
        wait_s = _wait_s(request.headers.get("prefer"))
        deadline_s = _deadline_s(request.headers.get("cancel-after"))
        refused_fields = spec.problems(given)
        if refused_fields:
            lines = [f"- {bad['field']}: {bad['description']}\n" for bad in refused_fields]
            raise _invalid("".join(lines), refused_fields)
        limit = world.settings.creates_per_minute
        if limit is not None and world.creates.current() >= limit:
            world.counts["throttled_by_rate"] += 1
            return _throttled(max(1, math.ceil(world.creates.room_in_s())))
        faults = tuple(world.faults.drawn_for_create(arrival, spec.slug, given))
        first = faults[0] if faults else None
        if first is not None and first.kind in CREATES_NOTHING:
            return _answer_without_creating(first)
        prediction = world.create(
            spec, given, version=version, deadline_s=deadline_s, faults=faults
        )
        if first is not None:
            spoiled = await _spoiled(first)
            if spoiled is not None:
                return spoiled
        return await self._created(prediction, wait_s)

    async def _created(self, prediction: Prediction, wait_s: float | None) -> Reply:
        world = self._world
        limit = world.settings.creates_per_minute or _CREATES_PER_MINUTE
        headers = [
            ("location", f"{world.api_url}/v1/predictions/{prediction.id}"),
            ("ratelimit-remaining", str(max(0, limit - world.creates.current()))),
            ("ratelimit-reset", str(math.ceil(world.creates.room_in_s()))),
        ]
        if wait_s is None:
            # A microsecond before its creation everything is still `starting`, however fast it is.
            shown = world.view(prediction, prediction.created_us - 1)
            return answered(201, shown, tuple(headers))
        await world.wait_for_answer(prediction, wait_s)
        headers.append(("preference-applied", f"wait={wait_s:g}"))
        shown = world.view(prediction)
        complete = shown["output"] is not None or prediction.is_terminal(world.now_us())
        return answered(201 if complete else 202, shown, tuple(headers))

    def _get(self, prediction_id: str) -> Reply:
        self._world.counts["gets"] += 1
        prediction = self._found(prediction_id)
        if prediction.bad_gets_left:
            prediction.bad_gets_left -= 1
            return _unavailable()
        return answered(200, self._world.view(prediction))

    def _cancel(self, prediction_id: str) -> Reply:
        self._world.counts["cancels"] += 1
        prediction = self._found(prediction_id)
        self._world.cancel(prediction)
        return answered(200, self._world.view(prediction))

    def _found(self, prediction_id: str) -> Prediction:
        prediction = self._world.find(prediction_id)
        if prediction is None:
            raise _RefusedError(_not_found())
        return prediction

    def _list(self, request: Request) -> Reply:
        world = self._world
        arrival = world.counts["lists"]
        world.counts["lists"] += 1
        key = _page_key(request.query)
        if world.faults.drawn_for_list(arrival) is not None:
            return _unavailable()
        page, has_newer, has_older = world.page(key)
        last = page[-1].number if page else 0
        first = page[0].number if page else 0
        shown = {
            "next": self._page_url(key, below=last) if has_older and page else None,
            "previous": self._page_url(key, above=first) if has_newer and page else None,
            "results": [world.view(prediction) for prediction in page],
        }
        return answered(200, shown)

    def _page_url(self, key: PageKey, *, below: int | None = None, above: int | None = None) -> str:
        fields = {**asdict(key), "below": below, "above": above}
        cursor = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
        return f"{self._world.api_url}/v1/predictions?cursor={cursor}"


_ACCOUNT = {
    "type": "organization",
    "username": "acme",
    "name": "Acme Corp, Inc.",
    "github_url": "https://github.com/acme",
    "avatar_url": "https://github.com/acme.png",
}


def _unavailable() -> Reply:
    return problem(503, "Service unavailable", "The service is temporarily unavailable.")


def _spec(slug: str) -> ModelSpec:
    spec = MODELS.get(slug)
    if spec is None:
        raise _RefusedError(_not_found())
    return spec


def _official(slug: str) -> ModelSpec:
    spec = _spec(slug)
    if not spec.is_official:
        raise _RefusedError(_not_found())
    return spec


def _resolved(named: str) -> tuple[ModelSpec, str]:
    """The model and version that `version` names, in any of its three spellings."""
    slug, _, version = named.rpartition(":")
    if not slug and named in MODELS and MODELS[named].is_official:
        return MODELS[named], "hidden"
    spec = VERSIONS.get(version)
    if spec is None or slug not in {"", spec.slug}:
        detail = "The specified version does not exist (or perhaps you don't have permission?)"
        raise _RefusedError(problem(422, "Invalid version or not permitted", detail))
    return spec, version


def _body(raw: bytes, *, needs_version: bool) -> dict[str, Any]:
    """The request's body, checked against the published request schema."""
    try:
        body = json.loads(raw)
    except ValueError as error:
        refusal = problem(400, "Bad request", f"JSON parse error - {error}")
        raise _RefusedError(refusal) from None
    if not isinstance(body, dict):
        raise _invalid("- (root): Invalid type. Expected: object\n")
    expected = {"input": dict, **({"version": str} if needs_version else {})}
    found = [f"- {name}: {name} is required" for name in expected if name not in body]
    for name, value in body.items():
        kind = {**expected, **_OPTIONAL_KEYS}.get(name)
        if kind is None:
            found.append(f"- (root): Additional property {name} is not allowed")
        elif not isinstance(value, kind):
            found.append(f"- {name}: Invalid type. Expected: {kind.__name__}")
        elif name == "webhook_events_filter" and not all(event in _EVENTS for event in value):
            found.append(f"- {name}: must be one of {', '.join(sorted(_EVENTS))}")
    if found:
        raise _invalid("".join(f"{line}\n" for line in found))
    return body


def _wait_s(prefer: str | None) -> float | None:
    if prefer is None:
        return None
    found = _PREFER.fullmatch(prefer)
    if found is None:
        raise _invalid("- Prefer: must be wait or wait=n with n from 1 to 60\n")
    return float(found[1]) if found[1] else _WAIT_S


def _deadline_s(cancel_after: str | None) -> float | None:
    if cancel_after is None:
        return None
    found = _CANCEL_AFTER.fullmatch(cancel_after)
    if found is None:
        raise _invalid("- Cancel-After: must be a duration such as 30s, 5m or 1h30m45s\n")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total_s = hours * 3600 + minutes * 60 + seconds
    if total_s < _SHORTEST_DEADLINE_S:
        raise _invalid("- Cancel-After: must be at least 5 seconds\n")
    return float(total_s)


def _page_key(query: Mapping[str, str]) -> PageKey:
    try:
        if "cursor" in query:
            padded = query["cursor"] + "=" * (-len(query["cursor"]) % 4)
            return PageKey(**json.loads(base64.urlsafe_b64decode(padded)))
        after, before = query.get("created_after"), query.get("created_before")
        source = query.get("source")
        if source not in {None, "web"}:
            raise _invalid("- source: must be web\n")
        return PageKey(
            after_us=None if after is None else microseconds(after),
            before_us=None if before is None else microseconds(before),
            source=source,
        )
    except (ValueError, TypeError, binascii.Error) as error:
        raise _invalid(f"- query: {error}\n") from None


def _answer_without_creating(fault: Fault) -> Reply | Cut:
    match fault.kind:
        case "throttle":
            seconds = 5 if fault.seconds is None else math.ceil(fault.seconds)
            return _throttled(seconds, header=fault.header)
        case "no_credit":
            detail = (
                "You have insufficient credit to run this model. Purchase credit, "
                "then please wait a few minutes before trying again."
            )
            return problem(402, "Insufficient credit", detail)
        case "unauthorized":
            return _unauthenticated()
        case "cut_before_create":
            return Cut(reset=fault.reset)
        case _:
            return problem(500, "Internal server error", "An unexpected error occurred.")


async def _spoiled(fault: Fault) -> Reply | Cut | None:
    """What an answer fault makes of a create that did create, or nothing."""
    match fault.kind:
        case "cut_after_create":
            await asyncio.sleep(fault.seconds or 0)
            return Cut(reset=fault.reset)
        case "server_error_after_create":
            return problem(500, "Internal server error", "An unexpected error occurred.")
        case "slow_answer":
            await asyncio.sleep(2.0 if fault.seconds is None else fault.seconds)
            return None
        case _:
            return None


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
        raise _RefusedError(_not_found())
    return {
        "id": version,
        "created_at": _MADE_AT,
        "cog_version": "0.9.0",
        "openapi_schema": spec.openapi_schema(),
    }
