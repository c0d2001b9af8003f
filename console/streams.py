"""Standard input, output and error as they may be: closed, full, or read by somebody who had enough."""

from __future__ import annotations

import io
import os
import sys

from console.escaping import shown

STANDARD_STREAMS = 3


def fill_closed_streams() -> None:
    """Open what the caller closed (`>&-`) on nothing, so that no database gets to be stdout's number."""
    while (handle := os.open(os.devnull, os.O_RDWR)) < STANDARD_STREAMS:
        pass
    os.close(handle)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # It stays open for as long as the process lives, as the stream that it stands for would.
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115  as the line above says
            setattr(sys, name, stream)


def bear_any_text() -> None:
    """Let streams escape what their encoding lacks, such as PYTHONIOENCODING=ascii, and not give up."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def hush() -> None:
    """Send what is still to come on standard output to nothing: its reader has gone, or its disk is full."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def tell(text: str) -> None:
    """Write one line that is meant for a person to standard error; what is from outside stays in it."""
    sys.stderr.write(f"{shown(text)}\n")


def write_out(text: str) -> None:
    """Write to standard output at once; a reader who has gone is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
