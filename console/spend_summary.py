"""What was spent, held and lost sight of, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from console.output import amounts, screen, table, usd_text
from ledger import SummaryRow, Totals, format_usd


def summary_json(
    totals: Totals,
    by: str | None,
    rows: Sequence[SummaryRow],
    lost_count: int,
    oldest_s: int | None,
) -> dict[str, Any]:
    """Give the object of `mintage ledger summary --json`; money as decimal strings in USD.

    `lost_count` attempts have no answer yet, the oldest for `oldest_s` seconds.
    """
    made = _sums(totals) | {"unknown_attempts": lost_count, "unknown_oldest_s": oldest_s}
    if by:
        made["by"] = by
        made["rows"] = [
            {by: row.key, "key": row.key, **_sums(row), "released": row.released} for row in rows
        ]
    return made


def _sums(of: Totals | SummaryRow) -> dict[str, Any]:
    return {
        "charged_usd": usd_text(of.charged_nano),
        "held_usd": usd_text(of.held_nano),
        "unknown_usd": usd_text(of.unknown_nano),
        "overrun_usd": usd_text(of.overrun_nano),
        "entries": of.entry_count,
    }


def print_summary(
    totals: Totals,
    by: str | None,
    rows: Sequence[SummaryRow],
    lost_count: int,
    oldest_s: int | None,
) -> None:
    """Print the sums with their amounts in line."""
    out = screen()
    if not totals.entry_count:
        out.print("The books have no entries yet; `mintage run ORDER` makes the first.")
        return
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
    if lost_count:
        count = "1 lost answer" if lost_count == 1 else f"{lost_count:,} lost answers"
        out.print(
            f"Of what is held, {format_usd(totals.unknown_nano)} waits for {count}, the oldest "
            f"{oldest_s:,} s old; `mintage status` shows each of an order's."
        )
    if totals.overrun_nano:
        out.print(f"Of what was charged, {format_usd(totals.overrun_nano)} was above its hold.")
    out.print(f"From {totals.entry_count:,} entries.")
