"""The progress bar of a pull: files that are there, and bytes that were copied."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assets import PullReport, PullStep


@contextmanager
def pulling(total: int, so_far: PullReport) -> Iterator[Callable[[PullStep], None]]:
    """Give what is told of each file: it counts them, and draws a bar where somebody looks."""
    if not sys.stderr.isatty():
        yield so_far.count
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    progress = Progress(
        TextColumn("{task.completed:,.0f}/{task.total:,.0f} files"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[megabytes]:,.1f} MB copied"),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False, markup=False),
        transient=True,
        # Standard output is for what the command says, and never rich's.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with progress:
        bar = progress.add_task("files", total=total, megabytes=0.0)

        def count(step: PullStep) -> None:
            so_far.count(step)
            progress.update(bar, advance=1, megabytes=so_far.bytes / 1_000_000)

        yield count
