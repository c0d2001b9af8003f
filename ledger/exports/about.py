"""What an export says of itself: which entries it is made of, and what they come to."""

from __future__ import annotations

from typing import Any

from ledger.exports.registry import ExportContext
from ledger.money import plain, usd


def about(context: ExportContext) -> dict[str, Any]:
    """Give it as plain values for JSON, money as exact decimal strings in USD."""
    selection, entries, billed = context.selection, context.provenance, context.billed
    return {
        "period": selection.period,
        "from": None if selection.first_day is None else selection.first_day.isoformat(),
        "to": None if selection.last_day is None else selection.last_day.isoformat(),
        "where": {name: sorted(values) for name, values in selection.where},
        "made_at": context.made_at.isoformat().replace("+00:00", "Z"),
        "charged_usd": plain(usd(billed.charged_nano)),
        "overrun_usd": plain(usd(billed.overrun_nano)),
        "adjusted_usd": plain(usd(billed.adjusted_nano)),
        "entries": {
            "count": entries.entry_count,
            "first": entries.first_entry_id,
            "last": entries.last_entry_id,
            "seal_sha256": entries.seal_sha256,
            "sealed": entries.sealed,
        },
    }
