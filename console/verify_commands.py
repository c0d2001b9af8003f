"""`mintage assets verify`: the store against the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from console.arguments import Json, open_house

if TYPE_CHECKING:
    from assets import AuditReport, Store

DIFFERENCES = {
    "missing": "is missing",
    "changed": "was changed",
    "receipt_missing": "is missing",
    "receipt_changed": "was changed",
    "only_in_store": "does not belong there",
    "withdrawn_shown": "still shows what is withdrawn",
    "manifest_changed": "is not as the books say",
}
"""In what way a file of the store is not as the books say."""


def verify(
    order_id: Annotated[
        str | None, Parameter(help="An order of the books; all of released/ without it.")
    ] = None,
    *,
    deep: Annotated[
        bool, Parameter(negative="", help="Read every file and take its SHA-256 anew.")
    ] = False,
    json: Json = False,
) -> int:
    """Check the store against the books; exit 1 where they differ."""
    from console.output import print_json, say
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
                "withdrawn": report.withdrawn,
                "unfinished": list(report.unfinished),
                "behind": list(report.behind),
                "deep": report.deep,
                "problems": list(report.problems),
            }
        )
        return 1 if report.problems else 0
    _print(report, store)
    for problem in report.problems:
        say(f"mintage: {problem.where} {DIFFERENCES[problem.kind]}: {problem.detail}.")
    return 1 if report.problems else 0


def _print(report: AuditReport, store: Store) -> None:
    from console.output import screen

    out = screen()
    if not report.problems:
        out.print(
            f"{report.checked:,} released assets are as the books say: {store.url}", soft_wrap=True
        )
        if report.withdrawn == 1:
            out.print("1 of them is withdrawn, and nothing shows it.")
        elif report.withdrawn:
            out.print(f"{report.withdrawn:,} of them are withdrawn, and nothing shows them.")
    if report.unfinished:
        count = len(report.unfinished)
        out.print(
            f"{count:,} more file{'s' if count != 1 else ''} of releases that were cut off: approved "
            "as they are; `mintage resume` completes them.",
            soft_wrap=True,
        )
    for key in report.behind:
        out.print(
            f"{store.locate(key)} does not name the last releases yet; the next run of an order of "
            "its campaign writes it.",
            soft_wrap=True,
        )
