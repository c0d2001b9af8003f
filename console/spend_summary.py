"""What was spent, held and lost sight of, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from console.output import age, amounts, screen, table, usd_text
from console.report_formats.long_table import LONG, print_long
from ledger import Books, SpendRow, SummaryRow, Totals, format_usd
from ledger.selection import EVERYTHING

if TYPE_CHECKING:
    from ledger.reports.spending import SpendSummary


def summary_json(told: SpendSummary, oldest_s: int | None) -> dict[str, Any]:
    """Give the object of `mintage ledger summary --json`; money as decimal strings in USD.

    Where attempts have no answer yet, the oldest has waited for `oldest_s` seconds.
    """
    selection, made_of = told.selection, told.provenance
    made = _sums(told.totals) | {
        "unknown_attempts": told.lost_count,
        "unknown_oldest_s": oldest_s,
        "from": None if selection.first_day is None else selection.first_day.isoformat(),
        "to": None if selection.last_day is None else selection.last_day.isoformat(),
        "where": {name: sorted(values) for name, values in selection.where},
        "first_entry": made_of.first_entry_id,
        "last_entry": made_of.last_entry_id,
        "seal_sha256": made_of.seal_sha256,
        "sealed": made_of.sealed,
    }
    if told.by:
        made["by"] = ",".join(told.by)
        made["rows"] = [_row(told.by, row) for row in told.rows]
    return made | spend_json(told.spend) if told.by == ("criterion",) else made


def _row(by: Sequence[str], row: SummaryRow) -> dict[str, Any]:
    keys = dict(zip(by, row.keys, strict=True))
    key = row.keys[0] if len(row.keys) == 1 else list(row.keys)
    return keys | {"key": key, **_sums(row), "released": row.released}


def _sums(of: Totals | SummaryRow) -> dict[str, Any]:
    return {
        "charged_usd": usd_text(of.charged_nano),
        "held_usd": usd_text(of.held_nano),
        "unknown_usd": usd_text(of.unknown_nano),
        "overrun_usd": usd_text(of.overrun_nano),
        "adjusted_usd": usd_text(of.adjusted_nano),
        "entries": of.entry_count,
    }


def print_summary(told: SpendSummary, oldest_s: int | None) -> None:
    """Print the sums with their amounts in line."""
    out = screen()
    totals, rows = told.totals, told.rows
    if not totals.entry_count:
        _print_nothing(told)
        return
    if told.selection != EVERYTHING:
        out.print(f"Spend: {told.selection.in_words}")
    charged = amounts([*(row.charged_nano for row in rows), totals.charged_nano])
    held = amounts([*(row.held_nano for row in rows), totals.held_nano])
    released = [f"{row.released:,}" for row in rows]
    if told.by:
        names = [name.replace("_", " ") for name in told.by]
        head = (*names, "released", "charged", "held")
        keys = [["not attributed" if key is None else key for key in row.keys] for row in rows]
        lines = [
            *((*key, *rest) for key, *rest in zip(keys, released, charged, held, strict=False)),
            (
                "in all",
                *("" for _ in names[1:]),
                f"{sum(row.released for row in rows):,}",
                charged[-1],
                held[-1],
            ),
        ]
    else:
        head = ("", "", "charged", "held")
        lines = [("in all", "", charged[-1], held[-1])]
    numbers = frozenset({"released", "charged", "held"})
    if len(lines) > LONG:
        print_long(out, head, lines, frozenset(at for at, one in enumerate(head) if one in numbers))
    else:
        out.print(table(head, lines, right=numbers))
    for sentence in _sentences(told, oldest_s):
        out.print(sentence)


def _sentences(told: SpendSummary, oldest_s: int | None) -> Iterator[str]:
    """Give what belongs below the table."""
    totals = told.totals
    if told.lost_count:
        count = "1 lost answer" if told.lost_count == 1 else f"{told.lost_count:,} lost answers"
        yield (
            f"Of what is held, {format_usd(totals.unknown_nano)} waits for {count}, the oldest "
            f"{age(timedelta(seconds=oldest_s or 0))} old; `mintage status` shows each of an order's."
        )
    if totals.overrun_nano:
        yield f"Of what was charged, {format_usd(totals.overrun_nano)} was above its hold."
    if totals.adjusted_nano:
        yield (
            f"Of what was charged, {format_usd(totals.adjusted_nano)} is adjustments to providers' "
            "statements."
        )
    yield told.provenance.in_words


def _print_nothing(told: SpendSummary) -> None:
    if told.selection == EVERYTHING:
        screen().print("The books have no entries yet; `mintage run ORDER` makes the first.")
    else:
        screen().print(f"The books have no entries of {told.selection.in_words}.")


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


def print_spend(told: SpendSummary) -> None:
    """Print what became of the money: what was released first, then rejects, the dearest first."""
    out = screen()
    rows, totals = told.spend, told.totals
    if not rows:
        if told.selection == EVERYTHING:
            out.print("No attempt has been made yet; `mintage run ORDER` makes the first.")
        else:
            out.print(f"No attempt ended in {told.selection.in_words}.")
        return
    if told.selection != EVERYTHING:
        out.print(f"Spend: {told.selection.in_words}")
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
    out.print(told.provenance.in_words)


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
