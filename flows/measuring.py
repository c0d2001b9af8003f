"""What released pictures look like that no criterion measured, found out from their files.

They were released before there was an index, or by orders that do not ask `not_seen_before`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from assets import Missing, Store
from flows.sameness import phash_of
from ledger import Books, Unmeasured
from validators import Inspectors, NotSeenBefore

PAGE = 100
"""Files in memory at a time, and pictures written in one transaction."""

_RULE = NotSeenBefore(against=())


@dataclass(slots=True)
class Measured:
    """How many released pictures were measured, and which could not be: job and why."""

    measured: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)


async def measure_released(
    books: Books,
    store: Store,
    inspectors: Inspectors,
    *,
    limit: int | None = None,
    told: Callable[[Measured], None] = lambda _: None,
) -> Measured:
    """Measure released pictures, at most `limit` of them, and write what they look like.

    What is written stays, so it may be ended at any time and begun again. `told` hears after every
    hundred. A file that is gone, changed or in another store is left out.

    Raises:
        StoreUnavailable, BooksUnavailable, InspectorsUnavailable: a part cannot be used.
        BrokenPromise: somebody else measured the same pictures at the same time; go on again.
    """
    done = Measured()
    after = ""
    left = limit
    while left is None or left > 0:
        page = books.unmeasured(after, PAGE if left is None else min(PAGE, left))
        if not page:
            break
        found = await asyncio.gather(*(_measure(store, inspectors, one) for one in page))
        hashes: dict[str, int] = {}
        for one, hash_ in zip(page, found, strict=True):
            if isinstance(hash_, int):
                hashes[one.attempt_id] = hash_
            else:
                done.left.append((one.job_id, hash_))
        with books.transaction() as desk:
            desk.measured(hashes)
        done.measured += len(hashes)
        told(done)
        after = page[-1].attempt_id
        left = None if left is None else left - len(page)
    return done


async def _measure(store: Store, inspectors: Inspectors, one: Unmeasured) -> int | str:
    """Give a picture's hash, or say why there is none."""
    if one.store_url != store.url:
        return f"it is in the store {one.store_url}"
    try:
        data = await asyncio.to_thread(store.get, one.release_key)
    except Missing as error:
        return str(error)
    if hashlib.sha256(data).hexdigest() != one.sha256:
        return f"{store.locate(one.release_key)} is not the file that was released"
    verdicts = await inspectors.inspect_async(data, [_RULE], sha256=one.sha256)
    phash = phash_of(verdicts)
    return int(phash, 16) if phash is not None else str(verdicts[0].reason)
