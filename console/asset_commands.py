"""Marketing's commands for released assets; of these only verify and withdraw need the books."""

from __future__ import annotations

from cyclopts import App

from console.arguments import Json
from console.asset_choice import EVERYTHING, Choice, open_assets
from console.link_commands import link
from console.prove_commands import prove
from console.pull_commands import pull
from console.sheet_commands import sheet
from console.verify_commands import verify
from console.withdraw_commands import withdraw


def register(app: App) -> None:
    """Add the commands."""
    assets = App(name="assets", help="Find, fetch and check released assets.")
    assets.command(show, name="list")
    assets.command(pull)
    assets.command(link)
    assets.command(sheet)
    assets.command(verify)
    assets.command(prove)
    assets.command(withdraw)
    app.command(assets)


def show(*, choice: Choice = EVERYTHING, json: Json = False) -> int:
    """List released assets, from the manifests in the store."""
    from assets import listing
    from console.asset_rows import print_rows, print_rows_json
    from console.output import screen

    wanted = choice.filter()
    store = open_assets()
    rows = list(listing(store, wanted))
    if json:
        print_rows_json(store.url, rows)
        return 0
    out = screen()
    if not rows:
        nothing = "Nothing that fits is released" if wanted.narrows else "Nothing is released yet"
        out.print(f"{nothing} in {store.url}", soft_wrap=True)
        return 0
    print_rows(rows)
    out.print(f"{len(rows):,} asset{'s' if len(rows) != 1 else ''} in {store.url}", soft_wrap=True)
    return 0
