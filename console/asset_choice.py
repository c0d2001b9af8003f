"""How `assets list`, `pull`, `link` and `sheet` are told which assets are meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from console.arguments import parse_day

if TYPE_CHECKING:
    from assets import AssetFilter, Store


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Choice:
    """The arguments; all of them together narrow what is meant."""

    campaign: Annotated[str | None, Parameter(help="Only this campaign.")] = None
    order: Annotated[str | None, Parameter(help="Only this order: its slug, or its whole id.")] = (
        None
    )
    since: Annotated[
        str | None, Parameter(help="Only what was released on this day (UTC) or later.")
    ] = None
    until: Annotated[
        str | None, Parameter(help="Only what was released on this day (UTC) or before.")
    ] = None
    where: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="Only assets with this in the manifest, in quotes: 'size=1024x1024', "
            "'width>=1024', 'format=webp', 'name=mug/*'; several may be given. The same column "
            "twice with = means either; others must all hold.",
        ),
    ] = None
    tag: Annotated[
        list[str] | None,
        Parameter(negative="", help="Only assets with this tag; with several, all of them."),
    ] = None
    latest: Annotated[
        bool, Parameter(negative="", help="Only the newest release of each name of a campaign.")
    ] = False

    def filter(self) -> AssetFilter:
        """Read the arguments.

        Raises:
            BadSettings: a day that is none, a name that nothing can have, or a condition that
                cannot be asked.
        """
        from assets import AssetFilter, BadFilter, read_condition
        from assets.asset_filter import check_named

        try:
            check_named(self.campaign, self.order)
            where = tuple(map(read_condition, self.where or ()))
        except BadFilter as error:
            from flows.errors import BadSettings

            raise BadSettings(str(error)) from error
        return AssetFilter(
            campaign=self.campaign,
            order=self.order,
            since=_midnight(self.since, after=False),
            until=_midnight(self.until, after=True),
            where=where,
            tags=tuple(self.tag or ()),
            latest=self.latest,
        )


EVERYTHING = Choice()


def open_assets() -> Store:
    """Open the store alone; whoever fetches assets needs no books, nor the libraries for them."""
    from assets import open_store
    from flows.settings import read_settings

    return open_store(read_settings().store_url)


def _midnight(text: str | None, *, after: bool) -> datetime | None:
    if text is None:
        return None
    day = parse_day(text)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if not after:
        return midnight
    try:
        return midnight + timedelta(days=1)
    except OverflowError:
        # The calendar's last day: people write it for "without an end".
        return datetime.max.replace(tzinfo=UTC)
