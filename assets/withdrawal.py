"""The mark of a withdrawal in a receipt, which everything else of the receipt outlives."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from assets.errors import ManifestError
from assets.media_types import JSON_MEDIA_TYPE
from assets.receipts import timestamp
from assets.store import Store


@dataclass(frozen=True, slots=True)
class WithdrawalMark:
    """Who took an asset back, why, and when; the time is aware."""

    by: str
    because: str
    at: datetime


def mark_receipt(store: Store, receipt_key: str, mark: WithdrawalMark) -> bool:
    """Replace a receipt by itself with `withdrawn` in it; False where it has that mark already.

    Raises:
        Missing: there is no receipt.
        ManifestError: what is there is no receipt; it stays as it is.
    """
    where = store.locate(receipt_key)
    try:
        receipt = json.loads(store.get(receipt_key))
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{where} is no receipt any more, so it cannot be marked.") from error
    if not isinstance(receipt, dict):
        raise ManifestError(f"{where} is no receipt any more, so it cannot be marked.")
    told = {"by": mark.by, "because": mark.because, "at": timestamp(mark.at)}
    if receipt.get("withdrawn") == told:
        return False
    receipt["withdrawn"] = told
    text = json.dumps(receipt, ensure_ascii=False, sort_keys=True, indent=2)
    store.replace(receipt_key, f"{text}\n".encode(), media_type=JSON_MEDIA_TYPE)
    return True
