"""What passes between the pool and an inspector's process: frames of a length and as much JSON.

A file's bytes lie in memory that both have open, written once and read once. The process that
inspects hostile files may have been taken over by one: everything that it says is checked as any
other text from outside, and the rules in its verdicts are never taken from it.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import socket
import struct
import time
from collections.abc import Mapping, Sequence
from typing import Final, Literal, cast

from pydantic import BaseModel, ConfigDict, JsonValue

from validators.criterion import Criterion, JSONValue, Mark, Remedy, Verdict
from validators.inspection import INTACT_VERSION, rule_of
from validators.registry import INTACT

_LENGTH: Final = struct.Struct(">I")
_MAX_JSON_BYTES: Final = 16_000_000


class Nonsense(Exception):
    """The other side ended, or said what the pool and its processes never say."""


class Judged(BaseModel):
    """One verdict, without the rule: whoever asked knows that."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    criterion: str
    passed: bool
    measured: dict[str, JsonValue]
    reason: str | None
    remedy: Remedy | None = None
    marks: tuple[Mark, ...] = ()


class Fault(BaseModel):
    """A criterion that broke its promise: no verdict on the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["raised", "broken"]
    criterion: str
    text: str


class Answer(BaseModel):
    """What an inspector's process says of one file, and, before the first one, of itself.

    `out_of_memory` announces that it ends itself: it may be in no state to go on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdicts: tuple[Judged, ...] = ()
    fault: Fault | None = None
    out_of_memory: bool = False
    filtered: bool = False
    """Whether the kernel filters its system calls."""
    fence: int = 0
    """The version of Landlock that fences it in; 0 without."""


class Request(BaseModel):
    """What is asked about the file of so many bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    criteria: tuple[tuple[str, str], ...]
    """Each criterion's name and its parameters as JSON."""
    byte_count: int
    sha256: str | None
    claimed_media_type: str | None
    max_bytes: int
    max_pixels: int
    report_all: bool


def send(channel: socket.socket, message: BaseModel) -> None:
    """Send one frame whole; the channel's timeout is for all of it."""
    text = message.model_dump_json().encode()
    channel.sendall(_LENGTH.pack(len(text)) + text)


def receive(channel: socket.socket, deadline_s: float | None = None) -> bytes:
    """Return the JSON of the next frame; `deadline_s` is on the monotonic clock.

    Raises:
        Nonsense: the channel ended, or announces more than may come.
        TimeoutError: the frame was not whole at the deadline.
    """
    (length,) = _LENGTH.unpack(_exactly(channel, _LENGTH.size, deadline_s))
    if length > _MAX_JSON_BYTES:
        raise Nonsense(f"a frame of {length} bytes")
    return _exactly(channel, length, deadline_s)


def _exactly(channel: socket.socket, length: int, deadline_s: float | None) -> bytes:
    arrived = bytearray(length)
    view = memoryview(arrived)
    at = 0
    while at < length:
        if deadline_s is not None:
            # No time left must not become 0, which would mean "do not wait" and raise another error.
            channel.settimeout(max(deadline_s - time.monotonic(), 0.001))
        count = channel.recv_into(view[at:])
        if not count:
            raise Nonsense(f"the channel ended after {at} of {length} bytes")
        at += count
    view.release()
    return bytes(arrived)


def criteria_text(criteria: Sequence[Criterion]) -> tuple[tuple[str, str], ...]:
    """Write each criterion as its name and its parameters in JSON."""
    return tuple(map(_text, criteria))


@functools.lru_cache(maxsize=1024)
def _text(criterion: Criterion) -> tuple[str, str]:
    return criterion.name, json.dumps(criterion.contents(), allow_nan=False)


def judged_from(verdict: Verdict) -> Judged:
    """Take from a verdict what only the inspection could know."""
    # Checking what this program itself has made costs as much as the judgements about a file.
    return Judged.model_construct(
        criterion=verdict.criterion,
        passed=verdict.passed,
        measured=cast("dict[str, JsonValue]", dict(verdict.measured)),
        reason=verdict.reason,
        remedy=verdict.remedy,
        marks=verdict.marks,
    )


def verdicts_from(
    judged: Sequence[Judged],
    criteria: Sequence[Criterion],
    *,
    report_all: bool,
) -> tuple[Verdict, ...]:
    """Join what was judged with the rules that were asked, in the order in which they were.

    Raises:
        Nonsense: these are not the verdicts that the rules call for.
    """
    if not judged or judged[0].criterion != INTACT:
        raise Nonsense("the first verdict is not that of the opening")
    intact = Verdict(INTACT, INTACT_VERSION, {}, passed=True, measured={}, reason=None)
    first = _with_finding(intact, judged[0])
    if not first.passed:
        return (first,)
    verdicts = [first]
    for criterion, one in zip(criteria, judged[1:], strict=False):
        if one.criterion != criterion.name:
            raise Nonsense(f"a verdict of {one.criterion!r} in place of {criterion.name!r}")
        verdicts.append(_with_finding(rule_of(criterion), one))
    stopped = verdicts[-1].blocks and not report_all
    if len(verdicts) != len(judged) or (len(verdicts) <= len(criteria) and not stopped):
        raise Nonsense(f"{len(judged)} verdicts for {len(criteria)} criteria")
    return tuple(verdicts)


def _with_finding(rule: Verdict, judged: Judged) -> Verdict:
    if not judged.passed and not judged.reason:
        raise Nonsense("a refusal without a reason")
    return dataclasses.replace(
        rule,
        passed=judged.passed,
        measured=cast("Mapping[str, JSONValue]", judged.measured),
        reason=judged.reason,
        remedy=judged.remedy,
        marks=judged.marks,
    )
