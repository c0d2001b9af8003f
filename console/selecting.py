"""How every report and export is told which entries it is about: days, a month, filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from ledger.selection import Selection

Period = Annotated[str | None, Parameter(name="--period", help="One month, such as 2026-11 (UTC).")]
From = Annotated[
    str | None, Parameter(name="--from", help="The first day, such as 2026-11-01 (UTC).")
]
To = Annotated[
    str | None, Parameter(name="--to", help="The last day, which counts too, such as 2026-11-30.")
]
Where = Annotated[
    list[str] | None,
    Parameter(
        name="--where",
        negative="",
        help="Only entries of a value, such as cost_center=cc-4100; several may be given. The same "
        "dimension twice means either; others must all hold.",
    ),
]


def read_selection(
    period: str | None, first: str | None, last: str | None, where: Sequence[str] | None
) -> Selection:
    """Read the four arguments.

    Raises:
        BadSettings: a month or a day that is none, both a month and days, a filter not written as
            DIMENSION=VALUE, or one by something that entries have not.
    """
    from console.arguments import parse_day
    from flows import BadSettings
    from ledger.errors import SelectionRefused
    from ledger.selection import Selection, days_of_period

    if period is not None and (first is not None or last is not None):
        raise BadSettings("Say either --period or --from and --to.")
    try:
        if period is not None:
            first_day, last_day = days_of_period(period)
            return Selection(first_day, last_day, _filters(where or ()))
        return Selection(
            None if first is None else parse_day(first),
            None if last is None else parse_day(last),
            _filters(where or ()),
        )
    except SelectionRefused as error:
        raise BadSettings(f"{error}.") from error


def _filters(where: Sequence[str]) -> tuple[tuple[str, frozenset[str]], ...]:
    from flows import BadSettings

    values: dict[str, set[str]] = {}
    for one in where:
        name, equals, value = one.partition("=")
        if not equals or not value:
            raise BadSettings(f"{one!r} is no filter; write it as cost_center=cc-4100.")
        values.setdefault(name.strip().replace("-", "_"), set()).add(value)
    return tuple((name, frozenset(found)) for name, found in values.items())
