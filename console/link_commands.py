"""`mintage assets link`: links that fetch assets from S3 for a few days."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter

from console.arguments import Json
from console.asset_choice import EVERYTHING, Choice, open_assets


def link(
    *names: Annotated[
        str, Parameter(help="What an asset is called: its name, its job's id or its key.")
    ],
    choice: Choice = EVERYTHING,
    days: Annotated[float, Parameter(help="For how long the links work; 7 at most.")] = 7,
    json: Json = False,
) -> int:
    """Print links that fetch released assets from S3 without keys, for some days."""
    from assets import NoLink
    from assets.links import make_link, meant_by
    from console.output import print_json, screen
    from console.streams import tell
    from flows.errors import BadSettings

    wanted = choice.filter()
    if not names and not wanted.narrows:
        raise BadSettings(
            "Say which assets: by name, job id or key, or with --campaign and the like."
        )
    if not 0 < days <= 7:  # noqa: PLR2004  as the sentence says
        raise BadSettings("A link lasts at most 7 days, and more than none; S3 signs no longer.")
    store = open_assets()
    rows = meant_by(store, names, wanted)
    if not rows:
        raise NoLink("Nothing that fits is released; `mintage assets list` names what is.")
    links = [make_link(store, row, timedelta(days=days)) for row in rows]
    ends_at = min(one.ends_at for one in links)
    if json:
        made = [
            {
                "name": one.row.name,
                "key": one.row.key,
                "job_id": one.row.job_id,
                "sha256": one.row.sha256,
                "file_name": one.file_name,
                "url": one.url,
                "ends_at": one.ends_at,
            }
            for one in links
        ]
        temporary = any(one.temporary_keys for one in links)
        print_json({"store": store.url, "links": made, "temporary_keys": temporary})
    else:
        out = screen()
        for one in links:
            out.print(one.file_name, soft_wrap=True)
            out.print(one.url, soft_wrap=True)
    tell(
        f"{len(links):,} link{'s' if len(links) != 1 else ''}, until {ends_at:%Y-%m-%d %H:%M} UTC."
    )
    if any(one.temporary_keys for one in links):
        tell(
            "mintage: The keys are temporary: the links end when the keys do, which may be earlier."
        )
    return 0
