"""Finance's commands: what was spent, the cost report, the proof, and migrations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from console import budget_commands
from console.arguments import Json, a_path, open_house

if TYPE_CHECKING:
    from ledger import SummaryRow, Totals

Dimension = Literal["order", "job", "model", "provider", "cost_center", "campaign", "period", "day"]


def register(app: App) -> None:
    """Add the commands."""
    ledger = App(name="ledger", help="The books: spend, cost reports, proof.")
    ledger.command(summary)
    ledger.command(export)
    ledger.command(verify)
    ledger.command(migrate)
    budget_commands.register(ledger)
    app.command(ledger)


def summary(
    *,
    by: Annotated[Dimension | None, Parameter(help="A row for each value of this.")] = None,
    json: Json = False,
) -> int:
    """Say what was spent, held and lost sight of, in all and by a dimension."""
    from console.output import amounts, print_json, screen, table
    from ledger import AttemptState, format_usd

    with open_house().books() as books:
        totals = books.totals()
        rows = books.summary(by) if by else []
        lost = books.lost(states=(AttemptState.UNKNOWN,))
    oldest_s = max((_age_s(one.held_at) for one in lost), default=None)
    if json:
        print_json(_summary_json(totals, by, rows, len(lost), oldest_s))
        return 0
    out = screen()
    if not totals.entry_count:
        out.print("The books have no entries yet; `mintage run ORDER` makes the first.")
        return 0
    charged = amounts([*(row.charged_nano for row in rows), totals.charged_nano])
    held = amounts([*(row.held_nano for row in rows), totals.held_nano])
    released = [f"{row.released:,}" for row in rows]
    if by:
        head = (by.replace("_", " "), "released", "charged", "held")
        lines = [
            *zip([row.key for row in rows], released, charged, held, strict=False),
            ("in all", f"{sum(row.released for row in rows):,}", charged[-1], held[-1]),
        ]
    else:
        head = ("", "", "charged", "held")
        lines = [("in all", "", charged[-1], held[-1])]
    out.print(table(head, lines, right=frozenset({"released", "charged", "held"})))
    if lost:
        count = "1 lost answer" if len(lost) == 1 else f"{len(lost):,} lost answers"
        out.print(
            f"Of what is held, {format_usd(totals.unknown_nano)} waits for {count}, the oldest "
            f"{oldest_s:,} s old; `mintage status` shows each of an order's."
        )
    if totals.overrun_nano:
        out.print(f"Of what was charged, {format_usd(totals.overrun_nano)} was above its hold.")
    out.print(f"From {totals.entry_count:,} entries.")
    return 0


def _summary_json(
    totals: Totals,
    by: str | None,
    rows: Sequence[SummaryRow],
    lost_count: int,
    oldest_s: int | None,
) -> dict[str, object]:
    from console.output import usd_text

    made: dict[str, object] = {
        "charged_usd": usd_text(totals.charged_nano),
        "held_usd": usd_text(totals.held_nano),
        "unknown_usd": usd_text(totals.unknown_nano),
        "overrun_usd": usd_text(totals.overrun_nano),
        "unknown_attempts": lost_count,
        "unknown_oldest_s": oldest_s,
        "entries": totals.entry_count,
    }
    if by:
        made["by"] = by
        made["rows"] = [
            {
                by: row.key,
                "key": row.key,
                "charged_usd": usd_text(row.charged_nano),
                "held_usd": usd_text(row.held_nano),
                "unknown_usd": usd_text(row.unknown_nano),
                "overrun_usd": usd_text(row.overrun_nano),
                "entries": row.entry_count,
                "released": row.released,
            }
            for row in rows
        ]
    return made


def _age_s(since: datetime) -> int:
    return round((datetime.now(UTC) - since).total_seconds())


def export(
    *,
    format: Annotated[Literal["csv"], Parameter(name="--format", help="csv")] = "csv",  # noqa: A002  the flag's name
    out: Annotated[
        Path | None,
        a_path(
            "A file, written whole or not at all; one that is there is replaced. Standard output "
            "without it.",
            name="--out",
        ),
    ] = None,
) -> int:
    """Write the cost report: one row for each charge."""
    from console.cost_report import write_report

    with open_house().books() as books:
        return write_report(books, format, out)


def verify(*, json: Json = False) -> int:
    """Prove the books: recompute everything; exit 1 with the first thing that does not hold."""
    from console.output import print_json, say, screen
    from console.screen import listed

    with open_house().books() as books:
        proof = books.verify()
    if json:
        print_json(
            {
                "ok": proof.problem is None,
                "problem": proof.problem,
                "entries": proof.entries,
                "attempts": proof.attempts,
                "budgets": proof.budgets,
                "checks": list(proof.checks),
                "seals": proof.blocks,
                "sealed_entries": proof.sealed_entries,
                "seal_sha256": proof.seal_sha256,
            }
        )
    elif proof.problem is None:
        out = screen()
        out.print("Proved from the entries:")
        out.print(listed(proof.checks))
        out.print(
            f"The books hold: {proof.entries:,} entries, {proof.attempts:,} attempts, "
            f"{proof.budgets:,} budgets."
        )
        if proof.seal_sha256 is not None:
            out.print(
                f"{proof.sealed_entries:,} entries are sealed in {proof.blocks:,} "
                f"block{'' if proof.blocks == 1 else 's'}; the newest seal is {proof.seal_sha256}"
            )
    else:
        say(f"mintage: The books do not hold: {proof.problem}")
    return 0 if proof.problem is None else 1


def migrate() -> int:
    """Bring the books' tables to this version."""
    from console.output import say
    from flows import utc_now
    from ledger import Books

    with Books.open(open_house().settings.database_url, clock=utc_now, migrate=True) as books:
        books.check()
        say(f"The books at {books.url} have the tables of this version.")
    return 0
