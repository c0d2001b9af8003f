"""How far the reading of a provider's own record has come: a count, for whoever looks at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.invoices.statement import StatementLine


@contextmanager
def counting(
    provider: str, take: Callable[[Sequence[StatementLine]], object]
) -> Iterator[Callable[[Sequence[StatementLine]], object]]:
    """Give what takes lines as `take` does, and shows on standard error how many there were.

    A provider does not say how many runs it has, so there is no bar.
    """
    if not sys.stderr.isatty():
        yield take
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    progress = Progress(
        SpinnerColumn(),
        TextColumn(f"Reading {provider}'s own record: {{task.completed:,}} runs"),
        TimeElapsedColumn(),
        console=Console(stderr=True, highlight=False, markup=False),
        transient=True,
        # Standard output is for what the command says, and never rich's.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with progress:
        shown = progress.add_task("runs", total=None)

        def counted(lines: Sequence[StatementLine]) -> None:
            take(lines)
            progress.advance(shown, len(lines))

        yield counted
