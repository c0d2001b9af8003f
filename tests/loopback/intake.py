"""Create requests: what is refused, what is created, and what the answer looks like."""

from __future__ import annotations

import asyncio
import json
import math
import re
from typing import Any

from loopback.answers import (
    RefusedError,
    answered,
    invalid,
    no_credit,
    problem,
    server_error,
    throttled,
    unauthenticated,
)
from loopback.catalog import MODELS, VERSIONS, ModelSpec
from loopback.faults import CREATES_NOTHING, Fault
from loopback.prediction import Prediction
from loopback.wire import Cut, Reply, Request
from loopback.world import World

_PREFER = re.compile(r"wait(?:=([1-9]|[1-5][0-9]|60))?")
_CANCEL_AFTER = re.compile(r"(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
_WAIT_S = 60.0
_SHORTEST_DEADLINE_S = 5
_CREATES_PER_MINUTE = 600
_OPTIONAL_KEYS: dict[str, type] = {"stream": bool, "webhook": str, "webhook_events_filter": list}
_EVENTS = ["start", "output", "logs", "completed"]


class Intake:
    """Takes create requests, for a named official model or for the version in the body."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def create(self, request: Request, spec: ModelSpec | None) -> Reply | Cut:
        """Answer a create request; with no `spec`, the body names the version."""
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
            raise invalid("".join(lines), refused_fields)
        limit = world.settings.creates_per_minute
        if limit is not None and world.creates.current() >= limit:
            world.counts["throttled_by_rate"] += 1
            return throttled(max(1, math.ceil(world.creates.room_in_s())))
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
        now_us = world.now_us()
        shown = world.view(prediction, now_us)
        complete = shown["output"] is not None or prediction.is_terminal(now_us)
        return answered(201 if complete else 202, shown, tuple(headers))


def _resolved(named: str) -> tuple[ModelSpec, str]:
    """The model and version that `version` names, in any of its three spellings."""
    slug, _, version = named.rpartition(":")
    if not slug and named in MODELS and MODELS[named].is_official:
        return MODELS[named], "hidden"
    spec = VERSIONS.get(version)
    if spec is None or slug not in {"", spec.slug}:
        detail = "The specified version does not exist (or perhaps you don't have permission?)"
        raise RefusedError(problem(422, "Invalid version or not permitted", detail))
    return spec, version


def _body(raw: bytes, *, needs_version: bool) -> dict[str, Any]:
    """The request's body, checked against the published request schema."""
    try:
        body = json.loads(raw)
    except ValueError as error:
        refusal = problem(400, "Bad request", f"JSON parse error - {error}")
        raise RefusedError(refusal) from None
    if not isinstance(body, dict):
        raise invalid("- (root): Invalid type. Expected: object\n")
    expected = {"input": dict, **({"version": str} if needs_version else {})}
    found = [f"- {name}: {name} is required" for name in expected if name not in body]
    for name, value in body.items():
        kind = {**expected, **_OPTIONAL_KEYS}.get(name)
        if kind is None:
            found.append(f"- (root): Additional property {name} is not allowed")
        elif not isinstance(value, kind):
            found.append(f"- {name}: Invalid type. Expected: {kind.__name__}")
        elif isinstance(value, list) and not all(event in _EVENTS for event in value):
            found.append(f"- {name}: must be one of {', '.join(_EVENTS)}")
    if found:
        raise invalid("".join(f"{line}\n" for line in found))
    return body


def _wait_s(prefer: str | None) -> float | None:
    if prefer is None:
        return None
    found = _PREFER.fullmatch(prefer)
    if found is None:
        raise invalid("- Prefer: must be wait or wait=n with n from 1 to 60\n")
    return float(found[1]) if found[1] else _WAIT_S


def _deadline_s(cancel_after: str | None) -> float | None:
    if cancel_after is None:
        return None
    found = _CANCEL_AFTER.fullmatch(cancel_after)
    if found is None:
        raise invalid("- Cancel-After: must be a duration such as 30s, 5m or 1h30m45s\n")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total_s = hours * 3600 + minutes * 60 + seconds
    if total_s < _SHORTEST_DEADLINE_S:
        raise invalid("- Cancel-After: must be at least 5 seconds\n")
    return float(total_s)


def _answer_without_creating(fault: Fault) -> Reply | Cut:
    match fault.kind:
        case "throttle":
            seconds = 5 if fault.seconds is None else math.ceil(fault.seconds)
            return throttled(seconds, header=fault.header)
        case "no_credit":
            return no_credit()
        case "unauthorized":
            return unauthenticated()
        case "cut_before_create":
            return Cut(reset=fault.reset)
        case _:
            return server_error()


async def _spoiled(fault: Fault) -> Reply | Cut | None:
    """What an answer fault makes of a create that did create, or nothing."""
    match fault.kind:
        case "cut_after_create":
            await asyncio.sleep(fault.seconds or 0)
            return Cut(reset=fault.reset)
        case "server_error_after_create":
            return server_error()
        case "slow_answer":
            await asyncio.sleep(2.0 if fault.seconds is None else fault.seconds)
            return None
        case _:
            return None
