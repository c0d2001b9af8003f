"""Answers that are a round trip away, asked for a few at a time and given in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


def in_order(
    ask: Callable[[_Item], _Answer], items: Iterable[_Item], *, workers: int, ahead: int = 2
) -> Iterator[_Answer]:
    """Ask about each item in some threads; give the answers in the order of the items.

    Args:
        ask: called in the threads; what it raises is raised when its answer's turn comes.
        items: read as the work goes on.
        workers: how many threads.
        ahead: how many items are asked about before the reader wants them, for each thread.
    """
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[Future[_Answer]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(ask, item))
                if len(waiting) >= workers * ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # After an error, or when the reader has enough, only what is under way is finished.
            pool.shutdown(wait=False, cancel_futures=True)
