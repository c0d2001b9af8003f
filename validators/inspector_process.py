"""One inspector's process: opens and judges the files that it is sent, under hard limits.

It is started with a bare environment and one end of a channel. What a hostile file can do here is
to end this process, which the pool tells as a verdict on that file.
"""

from __future__ import annotations

import functools
import json
import math
import os
import resource
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import ValidationError

from validators.containers import Defect
from validators.criterion import Criterion, Verdict
from validators.errors import BrokenCriterion, InspectionFailed
from validators.inspection import judged, refusal
from validators.inspector_wire import Answer, Fault, Nonsense, Request, judged_from, receive, send
from validators.picture import Limits, open_picture, sha256_of
from validators.registry import registered
from validators.seclusion import seclude


def serve(
    descriptor: int,
    shelf: int,
    memory_bytes: int,
    open_cpu_s: int,
    judge_cpu_s: int,
    alarm_s: int,
) -> None:
    """Answer requests on the channel until its other end is closed; files lie on the shelf.

    `alarm_s` is above what the pool waits: it ends a file that hangs when the pool is gone.
    """
    from PIL import AvifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401 - loaded before the first file, and before memory is bounded

    registered()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    _confine(memory_bytes)
    seclusion = seclude()
    with socket.socket(fileno=descriptor) as channel:
        send(channel, Answer(filtered=seclusion.filtered, fence=seclusion.fence))
        _fall_silent(nowhere)
        try:
            while _serve_one(channel, shelf, open_cpu_s, judge_cpu_s, alarm_s):
                signal.alarm(0)
        except (Nonsense, ConnectionError):
            # The pool is gone, and so is the reason to be here.
            return


def _serve_one(
    channel: socket.socket, shelf: int, open_cpu_s: int, judge_cpu_s: int, alarm_s: int
) -> bool:
    try:
        request = Request.model_validate_json(receive(channel))
        signal.alarm(alarm_s)
        data = os.pread(shelf, request.byte_count, 0)
        answer = _answer(request, data, open_cpu_s, judge_cpu_s)
    except MemoryError:
        answer = Answer(out_of_memory=True)
    send(channel, answer)
    return not answer.out_of_memory


def _answer(request: Request, data: bytes, open_cpu_s: int, judge_cpu_s: int) -> Answer:
    try:
        criteria = tuple(_criterion(name, text) for name, text in request.criteria)
        verdicts = _inspect(request, data, criteria, open_cpu_s, judge_cpu_s)
    except InspectionFailed as error:
        if isinstance(error.__cause__, MemoryError):
            return Answer(out_of_memory=True)
        return Answer(fault=Fault(kind="raised", criterion=error.criterion, text=error.cause))
    except BrokenCriterion as error:
        return Answer(fault=Fault(kind="broken", criterion=error.criterion, text=error.fault))
    return Answer(verdicts=tuple(judged_from(verdict) for verdict in verdicts))


def _inspect(
    request: Request,
    data: bytes,
    criteria: Sequence[Criterion],
    open_cpu_s: int,
    judge_cpu_s: int,
) -> tuple[Verdict, ...]:
    sha256 = request.sha256 or sha256_of(data)
    limits = Limits(max_bytes=request.max_bytes, max_pixels=request.max_pixels)
    with _cpu_limit(open_cpu_s):
        picture = open_picture(data, sha256, request.claimed_media_type, limits)
    if isinstance(picture, Defect):
        if picture.detail.startswith(MemoryError.__name__):
            raise MemoryError
        return (refusal(data, sha256, picture),)
    with _cpu_limit(judge_cpu_s):
        return judged(picture, criteria, report_all=request.report_all)


@functools.lru_cache(maxsize=256)
def _criterion(name: str, text: str) -> Criterion:
    form = registered().get(name)
    if form is None:
        raise BrokenCriterion(name, "a process of its own cannot find it in validators/criteria/")
    try:
        return form.model_validate(json.loads(text))
    except ValidationError as error:
        fault = f"its own parameters {text} cannot be read back ({error.error_count()} errors)"
        raise BrokenCriterion(name, fault) from error


def _confine(memory_bytes: int) -> None:
    memory_bytes = _no_more_than(memory_bytes, resource.getrlimit(resource.RLIMIT_AS)[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    # A process that only reads has nothing to write, least of all a core with a file's secrets.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _no_more_than(wanted: int, hard: int) -> int:
    """Give the lower one: who started the program may have set a limit that only root can raise."""
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


@contextmanager
def _cpu_limit(allowed_s: int) -> Iterator[None]:
    """Let the kernel end this process with SIGXCPU after so many more seconds of computing."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = _no_more_than(math.ceil(used.ru_utime + used.ru_stime) + allowed_s, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))


def _fall_silent(nowhere: int) -> None:
    """Let go of the pipe that told the pool why a start failed: nobody reads it from here on."""
    os.dup2(nowhere, 2)
    os.close(nowhere)
