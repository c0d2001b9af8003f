"""Marketing's commands: list, pull and verify released assets. List and pull need no books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from console.arguments import Json, a_path, open_house, parse_day

if TYPE_CHECKING:
    from assets import ManifestRow, Store

Campaign = Annotated[str | None, Parameter(help="Only this campaign.")]
OrderName = Annotated[str | None, Parameter(help="Only this order: its slug, or its whole id.")]
Since = Annotated[str | None, Parameter(help="Only what was released on this day (UTC) or later.")]
Until = Annotated[str | None, Parameter(help="Only what was released on this day (UTC) or before.")]

DIFFERENCES = {
    "missing": "is missing",
    "changed": "was changed",
    "receipt_missing": "is missing",
    "receipt_changed": "was changed",
    "only_in_store": "is not in the books",
}
"""In what way a file of the store is not as the books say."""


def register(app: App) -> None:
    """Add the commands."""
    assets = App(name="assets", help="Find, fetch and check released assets.")
    assets.command(show, name="list")
    assets.command(pull)
    assets.command(verify)
    app.command(assets)


def _midnight(text: str | None, *, after: bool) -> datetime | None:
    if text is None:
        return None
    day = parse_day(text)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1 if after else 0)


def _listed(
    store: Store, campaign: str | None, order: str | None, since: str | None, until: str | None
) -> Iterator[ManifestRow]:
    from assets import AssetFilter, listing

    wanted = AssetFilter(
        campaign=campaign,
        order=order,
        since=_midnight(since, after=False),
        until=_midnight(until, after=True),
    )
    return listing(store, wanted)


def show(
    *,
    campaign: Campaign = None,
    order: OrderName = None,
    since: Since = None,
    until: Until = None,
    json: Json = False,
) -> int:
    """List released assets, from the manifests in the store."""
    from console.asset_rows import row_json
    from console.output import amounts, print_json, screen, table
    from ledger import hold_nano

    store = open_house().store()
    rows = list(_listed(store, campaign, order, since, until))
    if json:
        print_json({"store": store.url, "assets": [row_json(row) for row in rows]})
        return 0
    out = screen()
    shown = [
        (
            row.order_id,
            row.name,
            f"{row.width}x{row.height}",
            f"{row.bytes / 1000:,.0f} kB",
            cost,
        )
        for row, cost in zip(rows, amounts([hold_nano(row.cost_usd) for row in rows]), strict=True)
    ]
    if not shown:
        narrowed = any((campaign, order, since, until))
        nothing = "Nothing that fits is released" if narrowed else "Nothing is released yet"
        out.print(f"{nothing} in {store.url}", soft_wrap=True)
        return 0
    out.print(
        table(
            ("order", "name", "size", "file", "cost"),
            shown,
            right=frozenset({"size", "file", "cost"}),
        )
    )
    out.print(
        f"{len(shown):,} asset{'s' if len(shown) != 1 else ''} in {store.url}", soft_wrap=True
    )
    return 0


def pull(
    dest: Annotated[Path, a_path("The folder to copy to; made when it is not there.")],
    *,
    campaign: Campaign = None,
    order: OrderName = None,
    since: Since = None,
    until: Until = None,
    json: Json = False,
) -> int:
    """Copy released assets to a folder, checked; what is there already is left alone."""
    from assets import pull as pull_assets
    from console.output import print_json, say, screen

    store = open_house().store()
    rows = _listed(store, campaign, order, since, until)
    report = pull_assets(store, rows, dest)
    if json:
        print_json(
            {
                "dest": str(dest),
                "copied": report.copied,
                "skipped": report.skipped,
                "mended": report.mended,
                "bytes": report.bytes,
                "problems": report.problems,
            }
        )
    else:
        mended = f", {report.mended:,} mended" if report.mended else ""
        screen().print(
            f"{dest}: {report.copied:,} copied{mended} ({report.bytes / 1_000_000:,.1f} MB), "
            f"{report.skipped:,} there already",
            soft_wrap=True,
        )
    for problem in report.problems:
        say(f"mintage: {problem}")
    return 1 if report.problems else 0


def verify(
    order_id: Annotated[
        str | None, Parameter(help="An order of the books; all of them without it.")
    ] = None,
    *,
    deep: Annotated[
        bool, Parameter(negative="", help="Read every file and take its SHA-256 anew.")
    ] = False,
    json: Json = False,
) -> int:
    """Check the store against the books; exit 1 where they differ."""
    from console.output import print_json, say, screen
    from flows import audit_store

    house = open_house()
    store = house.store()
    with house.books() as books:
        report = audit_store(books, store, order_id, deep=deep)
    if json:
        print_json(
            {
                "ok": not report.problems,
                "store": store.url,
                "checked": report.checked,
                "deep": report.deep,
                "problems": list(report.problems),
            }
        )
    elif not report.problems:
        screen().print(
            f"{report.checked:,} released assets are as the books say: {store.url}", soft_wrap=True
        )
    for problem in () if json else report.problems:
        say(f"mintage: {problem.where} {DIFFERENCES[problem.kind]}: {problem.detail}.")
    return 1 if report.problems else 0
