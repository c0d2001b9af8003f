"""The process that draws what inspectors found: it opens files as they do, under the same limits.

It writes what it drew into memory that the asking process made, and nowhere else.
"""

from __future__ import annotations

import os
import resource
import signal
import socket

from pydantic import BaseModel, ConfigDict

from validators.annotation import annotate, load_font
from validators.criterion import Mark
from validators.inspector_wire import Nonsense, receive, send
from validators.seclusion import seclude

_SAID_MAX = 200


class Wanted(BaseModel):
    """What is to be drawn on the file of so many bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    byte_count: int
    marks: tuple[Mark, ...]


class Drawn(BaseModel):
    """How many bytes the drawing has, or why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    byte_count: int = 0
    fault: str | None = None


def serve(
    descriptor: int, shelf: int, canvas: int, memory_bytes: int, drawn_bytes: int, alarm_s: int
) -> None:
    """Answer requests on the channel until its other end is closed.

    Files lie on the shelf, drawings are put on the canvas; `alarm_s` is above what is waited for.
    """
    from PIL import AvifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401 - loaded before memory is bounded

    load_font()
    for kind, bound in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, drawn_bytes),
        (resource.RLIMIT_AS, memory_bytes),
    ):
        _hold_to(kind, bound)
    # A file over the limit is an error to be told, not the end of the process.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    seclude()
    with socket.socket(fileno=descriptor) as channel:
        send(channel, Drawn())
        try:
            while True:
                wanted = Wanted.model_validate_json(receive(channel))
                signal.alarm(alarm_s)
                send(channel, _drawn(wanted, shelf, canvas))
                signal.alarm(0)
        except (Nonsense, ConnectionError):
            # Nobody is there to draw for any more.
            return


def _hold_to(kind: int, bound: int) -> None:
    # Who started this may already be held to less, which nobody can raise.
    hard = resource.getrlimit(kind)[1]
    allowed = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
    resource.setrlimit(kind, (allowed, allowed))


def _drawn(wanted: Wanted, shelf: int, canvas: int) -> Drawn:
    try:
        picture = annotate(os.pread(shelf, wanted.byte_count, 0), wanted.marks)
        if picture is None:
            return Drawn(fault="it cannot be opened")
        at = 0
        while at < len(picture):
            at += os.pwrite(canvas, memoryview(picture)[at:], at)
    except Exception as error:  # noqa: BLE001 - the bytes, and marks about them, can drive Pillow to any error
        return Drawn(fault=f"{type(error).__name__}: {error}"[:_SAID_MAX])
    return Drawn(byte_count=len(picture))
