"""`mintage assets withdraw`: takes a released asset back. Needs books and store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from console.arguments import Json, open_house

if TYPE_CHECKING:
    from flows.withdrawing import Withdrawal


def withdraw(
    job: Annotated[
        str,
        Parameter(
            name="JOB",
            help="A job's id; an order, # and a name; or a key below released/ in the store.",
        ),
    ],
    /,
    *,
    because: Annotated[str, Parameter(name="--because", help="Why; everybody who looks is told.")],
    by: Annotated[str, Parameter(name="--by", help="Who does it, such as maria@acme.example.")],
    json: Json = False,
) -> int:
    """Take a released asset out of manifest, index and contact sheet; its bytes and its cost stay.

    Done again, it completes what was cut off.
    """
    from console.output import print_json, say, screen
    from flows.withdrawing import withdraw as take_back

    house = open_house()
    store = house.store()
    with house.books() as books:
        done = take_back(books, store, job, by=by, because=because)
    if json:
        print_json(_as_json(done))
    else:
        out = screen()
        for line in _lines(done):
            out.print(line, soft_wrap=True)
    for problem in done.problems:
        say(f"mintage: {problem}")
    return 1 if done.problems else 0


def _lines(done: Withdrawal) -> list[str]:
    from console.escaping import shown

    count = len(done.keys) - 1
    what, were, them = done.job_id, "was", "it"
    if count:
        what += f" and {count} rendition{'s' if count != 1 else ''} of it"
        were, them = "were", "them"
    stays = "The bytes and the books stay; whoever has pulled it is told by the next pull."
    if not done.before:
        return [
            f"{what} {'are' if count else 'is'} withdrawn.",
            f"No manifest, index or contact sheet shows {them} any more.",
            stays,
        ]
    when = f"on {done.at:%Y-%m-%d} by {shown(done.by)}: {shown(done.because)}"
    return [
        f"{what} {were} withdrawn before, {when}",
        f"What that had left undone is done: nothing shows {them} any more.",
        stays,
    ]


def _as_json(done: Withdrawal) -> dict[str, Any]:
    return {
        "job_id": done.job_id,
        "campaign": done.campaign,
        "keys": list(done.keys),
        "by": done.by,
        "because": done.because,
        "at": done.at,
        "withdrawn_before": done.before,
        "receipts_marked": done.marked,
        "manifest": done.manifest,
        "latest": done.latest,
        "problems": list(done.problems),
    }
