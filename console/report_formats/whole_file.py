"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows import BadSettings


@contextmanager
def whole_file(out: Path) -> Iterator[Path]:
    """Give the path of a file beside `out` to write to; it takes the place of `out` at the end.

    When the block raises, nothing is left behind and what was at `out` stays. Folders are made.

    Raises:
        BadSettings: `out` is a folder.
    """
    if out.is_dir():
        raise BadSettings(f"{out} is a folder; name a file.")
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    os.close(handle)
    path = Path(name)
    try:
        yield path
        # mkstemp makes files for their owner only; a report is for whoever may read the folder.
        umask = os.umask(0)
        os.umask(umask)
        path.chmod(0o666 & ~umask)
        path.replace(out)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
