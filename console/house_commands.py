"""What is configured, whether it works, and what the models cost."""

from __future__ import annotations

from cyclopts import App

from console.arguments import Json, open_house


def register(app: App) -> None:
    """Add the commands."""
    app.command(models)
    app.command(doctor)


def models(*, json: Json = False) -> int:
    """List the models with a card: every price, its source and its dates."""
    from datetime import datetime

    from console.output import indented, json_value, print_json, screen
    from generators import load_cards

    # A price is in force on a calendar day where the house stands.
    today = datetime.now().astimezone().date()
    rows = load_cards().listing(today=today)
    if json:
        print_json(
            {
                "models": [
                    {
                        **json_value(row),
                        "read_on": row.read_on.isoformat(),
                        "effective_from": row.effective_from.isoformat(),
                    }
                    for row in rows
                ]
            }
        )
        return 0
    out = screen()
    shown = ""
    for row in rows:
        if shown != f"{row.provider} {row.model}":
            shown = f"{row.provider} {row.model}"
            out.print(f"{shown}  {row.title}", style="bold")
        price = f"${row.unit_price_usd:f} per {row.unit} ({row.metric})"
        out.print(indented(f"{price}, in force from {row.effective_from}", 2))
        out.print(indented(f"read {row.read_on}: {row.source}", 4), style="dim")
    out.print("Prices of one model add up.")
    return 0


def doctor(*, json: Json = False) -> int:
    """Say what is configured and whether it works; exit 1 when something does not."""
    from console.output import print_json, screen, table
    from flows import examine

    checks = examine(open_house())
    if json:
        print_json({"ok": all(check.ok for check in checks), "checks": list(checks)})
    else:
        out = screen()
        out.print(
            table(
                ("", "what", "finding"),
                [("ok" if check.ok else "NO", check.subject, check.finding) for check in checks],
            )
        )
    return 0 if all(check.ok for check in checks) else 1
