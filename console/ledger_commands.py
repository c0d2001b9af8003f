"""Finance's commands: what was spent, the cost report, the proof, and migrations."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from console import (
    budget_commands,
    close_commands,
    export_commands,
    fingerprint_commands,
    forecast_commands,
    gl_commands,
    reconcile_commands,
    report_commands,
)
from console.arguments import Json, open_house


def register(app: App) -> None:
    """Add the commands."""
    ledger = App(name="ledger", help="The books: spend, cost reports, proof.")
    report_commands.register(ledger)
    export_commands.register(ledger)
    gl_commands.register(ledger)
    reconcile_commands.register(ledger)
    ledger.command(verify)
    ledger.command(migrate)
    ledger.command(roles)
    forecast_commands.register(ledger)
    budget_commands.register(ledger)
    close_commands.register(ledger)
    fingerprint_commands.register(ledger)
    app.command(ledger)


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
        if missing := books.tables_without_rights():
            say(
                f"The roles have no rights to {', '.join(missing)} yet: "
                "run `mintage ledger roles --apply`."
            )
    return 0


def roles(
    *,
    apply: Annotated[
        bool,
        Parameter(name="--apply", negative="", help="Run it, as the user of MINTAGE_DATABASE_URL."),
    ] = False,
) -> int:
    """Print the SQL that gives each role its rights in the books on PostgreSQL, or run it."""
    from console.output import say
    from console.streams import write_out
    from flows import utc_now
    from ledger import Books

    url = open_house().settings.database_url
    script = Books.role_script(url)
    if not apply:
        write_out(script)
        return 0
    with Books.open(url, clock=utc_now) as books:
        books.apply_roles()
        say(f"The roles are in force for the books at {books.url}.")
    return 0
