"""Standard input, output and error as they may be: closed, full, or read by somebody who had enough."""

from __future__ import annotations

import os
import sys

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


def hush() -> None:
    """Send what is still to come on standard output to nothing: its reader has gone, or its disk is full."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def write_out(text: str) -> None:
    """Write to standard output at once; a reader who has gone is no error."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
