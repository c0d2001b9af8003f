"""The progress bar of a run: jobs that came to an end, and money spent and held against the cap."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from flows import OrderRun, Watcher
from ledger import Books, JobState, format_usd

REFRESH_S = 0.25
ENDS = (
    JobState.RELEASED,
    JobState.REJECTED,
    JobState.REFUSED,
    JobState.FAILED,
    JobState.IN_REVIEW,
)


def progress_watcher() -> Watcher | None:
    """Make a watcher that draws on standard error, or None where nobody looks at a terminal."""
    if not sys.stderr.isatty():
        return None
    return _watch


async def _watch(run: OrderRun) -> None:
    progress = Progress(
        TextColumn("{task.completed}/{task.total} jobs"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[money]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True, highlight=False, markup=False),
        transient=True,
        # Else what goes to standard output meanwhile would come out on standard error.
        redirect_stdout=False,
    )
    with progress:
        cap = format_usd(run.record.cap_nano)
        nothing = f"spent {format_usd(0, 4)}, held {format_usd(0, 4)} of {cap}"
        bar = progress.add_task("jobs", total=run.record.job_count, money=nothing)

        def look(books: Books) -> tuple[int, int, int, int]:
            counts = books.job_counts(run.order_id)
            order = books.order(run.order_id)
            assert order is not None  # noqa: S101  it is being run
            ended = sum(counts.get(state, 0) for state in ENDS)
            return ended, order.spent_nano + order.overrun_nano, order.held_nano, order.cap_nano

        while True:
            ended, spent, held, cap_nano = await run.keeper.run(look)
            cap = format_usd(cap_nano)
            money = f"spent {format_usd(spent, 4)}, held {format_usd(held, 4)} of {cap}"
            progress.update(bar, completed=ended, money=money)
            await run.sleep(REFRESH_S)
