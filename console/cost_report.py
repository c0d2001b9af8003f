"""Writes the cost report to a file or to standard output."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from console.output import say
from flows import BadSettings
from ledger import Books, write_csv


def write_report(books: Books, form: str, out: Path | None) -> int:
    """Write one row for each charge; a file appears whole or not at all."""
    assert form == "csv"  # noqa: S101  the command line takes no other yet
    if out is None:
        write_csv(books.charges(), sys.stdout)
        return 0
    if out.is_dir():
        raise BadSettings(f"{out} is a folder; name a file for the cost report.")
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            count = write_csv(books.charges(), file)
        # mkstemp makes files for their owner only; a report is for whoever may read the folder.
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    say(f"{count:,} charge{'s' if count != 1 else ''} written to {out}")
    return 0
