"""Small orders that are drawn on this machine, and what every refusal has in common."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mint_runs import Desk, Finished

REPOSITORY = Path(__file__).parent.parent


def cards_order(*words: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  an order is data
    """Make an order of small studio cards, one for each word; `changes` replace whole fields."""
    order: dict[str, Any] = {
        "order": "cards",
        "title": "Small cards",
        "owner": "brand-team@acme.example",
        "cost_center": "cc-4100",
        "campaign": "small",
        "budget": {"cap": "0.50", "per_job": "0.003", "attempts": 3},
        "generator": {
            "provider": "studio",
            "model": "cards",
            "params": {"headline": "Hello {word}"},
        },
        "brief": {"prompt": "Hello {word}"},
        "matrix": {"word": list(words or ("one", "two"))},
        "output": {"width": 128, "height": 128, "format": "png", "name": "{word}"},
        "done": [{"dimensions": {"width": 128, "height": 128}}, {"format": {"is": "png"}}],
        "concurrency": 4,
    }
    order.update(changes)
    return order


def assert_one_sentence(done: Finished, code: int, *marks: str) -> None:
    """Check that a command ended with one clear sentence on standard error and nothing else."""
    assert "Traceback" not in done.err
    assert "A defect in Mintage" not in done.err
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("mintage: ")
    assert lines[0].endswith((".", "?")), lines[0]
    for mark in marks:
        assert mark in lines[0]
    assert done.code == code, done.err


def files_below(folder: Path) -> set[str]:
    """List every file below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def run_with(
    desk: Desk,
    *arguments: str,
    stdout: Any = subprocess.PIPE,  # noqa: ANN401  Popen's own
    prefix: tuple[str, ...] = (),
    **more: Any,  # noqa: ANN401  Popen's own
) -> Finished:
    """Run a command with streams, a prefix or limits of one's own."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "console", *arguments],
        cwd=desk.folder,
        env={**desk.environment, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
        **more,
    )
    return Finished(done.returncode, done.stdout or "", done.stderr)


def without_root_powers() -> tuple[str, ...]:
    """Give the prefix under which file modes count for root too; nothing is needed for others."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root ignores file modes, and setpriv is not installed")
    return (setpriv, "--bounding-set=-dac_override,-dac_read_search")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Callable[[str], None]]:
    """Mount a disk of its own size on a folder; what is given resizes it. Skips where that is forbidden."""
    folder.mkdir(exist_ok=True)
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk; the tests with RLIMIT_FSIZE stand in")
    command = [mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let a small disk be mounted")

    def resize(new_size: str) -> None:
        subprocess.run(
            [mount, "-o", f"remount,size={new_size}", str(folder)], capture_output=True, check=True
        )

    try:
        yield resize
    finally:
        subprocess.run(["umount", str(folder)], capture_output=True, check=True)


def wait_until(what: Callable[[], bool], timeout_s: float = 60) -> None:
    """Wait for something that another process brings about."""
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def one_object(done: Finished) -> dict[str, Any]:
    """Read standard output as exactly one JSON object."""
    read = json.loads(done.out)
    assert isinstance(read, dict)
    return read
