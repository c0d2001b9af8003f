"""The command that measures released pictures which nobody has measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from console.arguments import Json, open_house

if TYPE_CHECKING:
    from flows import Measured

SHOWN = 20
"""Pictures that could not be measured, in the table; `--json` has them all."""


def register(ledger: App) -> None:
    """Add the command."""
    ledger.command(fingerprints)


def fingerprints(
    *,
    limit: Annotated[
        int | None,
        Parameter(help="Measure at most so many now; all without it.", validator=Number(gte=1)),
    ] = None,
    json: Json = False,
) -> int:
    """Measure released pictures that no rule measured, so that new ones are compared with them.

    May be ended at any time and begun again. Exit 1 when a file is gone or changed.
    """
    import asyncio
    import contextlib

    from console.output import print_json, screen
    from flows import measure_released

    house = open_house()
    with house.books() as books, contextlib.closing(house.inspectors()) as inspectors:
        done = asyncio.run(measure_released(books, house.store(), inspectors, limit=limit))
        unmeasured = books.unmeasured_count()
    if json:
        left = [{"job": job_id, "reason": why} for job_id, why in done.left]
        print_json({"measured": done.measured, "unmeasured": unmeasured, "left": left})
    else:
        screen().print(
            f"Released pictures measured now: {done.measured}; not measured yet: {unmeasured}.",
            soft_wrap=True,
        )
        _print_left(done)
    return 1 if done.left else 0


def _print_left(done: Measured) -> None:
    from console.output import screen

    out = screen()
    for job_id, why in done.left[:SHOWN]:
        out.print(f"  {job_id}: {why}", soft_wrap=True, markup=False)
    if len(done.left) > SHOWN:
        out.print(f"  and {len(done.left) - SHOWN} more; --json lists them all", soft_wrap=True)
