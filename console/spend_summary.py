"""What was spent, held and lost sight of, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from console.output import amounts, screen, table, usd_text
from ledger import Books, SpendRow, SummaryRow, Totals, format_usd


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


def spend_json(rows: Sequence[SpendRow]) -> dict[str, Any]:
    """Give what `ledger summary --by criterion` adds to the sums: a row for what files came to."""
    return _rejects_sums(rows) | {"rows": _spend_rows(rows)}


def rejects_json(rows: Sequence[SpendRow]) -> dict[str, Any]:
    """Give what an order's attempts cost whose file was not released and never will be."""
    return _rejects_sums(rows) | {"rejects": _spend_rows([row for row in rows if row.is_reject])}


def _rejects_sums(rows: Sequence[SpendRow]) -> dict[str, Any]:
    return {
        "rejects_attempts": sum(row.attempts for row in rows if row.is_reject),
        "rejects_usd": usd_text(rejected_nano(rows)),
    }


def _spend_rows(rows: Sequence[SpendRow]) -> list[dict[str, Any]]:
    return [
        {
            "criterion": row.key,
            "key": row.key,
            "attempts": row.attempts,
            "charged_usd": usd_text(row.charged_nano),
            "is_reject": row.is_reject,
        }
        for row in rows
    ]


def rejected_nano(rows: Iterable[SpendRow]) -> int:
    """Add up what was spent on attempts whose file was not released and never will be."""
    return sum(row.charged_nano for row in rows if row.is_reject)


def print_spend(totals: Totals, rows: Sequence[SpendRow]) -> None:
    """Print what became of the money: what was released first, then rejects, the dearest first."""
    out = screen()
    if not rows:
        out.print("No attempt has been made yet; `mintage run ORDER` makes the first.")
        return
    ordered = sorted(rows, key=lambda row: (row.is_reject, -row.charged_nano, row.key))
    charged = amounts([*(row.charged_nano for row in ordered), totals.charged_nano])
    lines = [
        *_lines(ordered, charged),
        ("in all", f"{sum(row.attempts for row in rows):,}", charged[-1]),
    ]
    out.print(table((*_HEAD[:2], "charged"), lines, right=_NUMBERS))
    if rejected_nano(rows):
        out.print(
            f"{format_usd(rejected_nano(rows))} of {format_usd(totals.charged_nano)} went into "
            f"attempts whose file was not released."
        )


def print_rejects(books: Books, order_id: str) -> None:
    """Print what an order spent on files that were not released, by what was wrong with them."""
    rows = [row for row in books.spend(order_id) if row.is_reject]
    if not rejected_nano(rows):
        return
    out = screen()
    ordered = sorted(rows, key=lambda row: (-row.charged_nano, row.key))
    charged = amounts([*(row.charged_nano for row in ordered), rejected_nano(rows)])
    count = sum(row.attempts for row in rows)
    out.print(
        f"Of what was spent, {charged[-1]} went into {count:,} attempt{'' if count == 1 else 's'} "
        f"whose file was not released:"
    )
    out.print(table(_HEAD, _lines(ordered, charged), right=_NUMBERS))


_HEAD = ("what became of the file", "attempts", "cost")
_NUMBERS = frozenset({"attempts", "charged", "cost"})


def _lines(rows: Sequence[SpendRow], charged: Sequence[str]) -> list[tuple[str, str, str]]:
    return [
        (_what_became(row), f"{row.attempts:,}", amount)
        for row, amount in zip(rows, charged, strict=False)
    ]


def _what_became(row: SpendRow) -> str:
    if row.key == SpendRow.REVIEW:
        return "rejected by a person"
    return f"rejected by {row.key}" if row.is_rule else row.key
