"""Tells lines of totals from lines of runs and fees: booked, a total doubles the bill."""

from __future__ import annotations

import re
from typing import Final

WANTED: Final = (
    "lines of runs and fees; leave it out and say the sum with --total (a fee that is called so "
    "needs another name)"
)
WANTED_NO_SUM: Final = (
    "no line of totals; leave it out and say the sum with --total (a fee that comes to just that "
    "goes to the top of the file)"
)

_CHARS_MAX: Final = 80
_CENT_NANO: Final = 10_000_000
_SUM_MIN_NANO: Final = 10 * _CENT_NANO

_TOTAL_TEXT: Final = (
    "total totals subtotal subtotals sum summe gesamt gesamtsumme gesamtbetrag gesamtkosten "
    "zwischensumme endsumme endbetrag rechnungsbetrag totaal subtotaal totale subtotale totaux somme "
    "suma saldo solde balance due payable totalt итого 合計 小計 总计 合计 小计 총계 합계"
)
_TOTAL: Final = frozenset(_TOTAL_TEXT.split())
_BESIDE_TEXT: Final = (
    "a amount amt and to the of for in all be is pay paid this sub grand net gross final overall new "
    "current previous prior opening closing carried brought forward last month monthly period "
    "invoice invoiced bill billed billing cost costs charge charges charged price value payment "
    "usage usd us dollar dollars lines items rechnung general generale général montant importe "
    "betrag january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep oct nov dec"
)
_BESIDE: Final = frozenset(_BESIDE_TEXT.split())
_TAXED_TEXT: Final = "incl including inclusive excl excluding exclusive before after with"
_TAXED: Final = frozenset(_TAXED_TEXT.split())
_TAX_TEXT: Final = "tax taxes vat gst"
_TAX: Final = frozenset(_TAX_TEXT.split())
_DATE: Final = re.compile(r"\b(?:19|20)\d{2}(?:[-/.]\d{1,2}){0,2}\b")


def names_totals(text: str) -> bool:
    """Whether a cell says that its line is a sum of others, such as `Total due`, and nothing else."""
    if len(text) > _CHARS_MAX:
        return False
    undated = _DATE.sub(" ", text.casefold())
    if re.search(r"\d", undated):
        return False
    words = set(re.findall(r"[^\W_]+", undated))
    allowed = _TOTAL | _BESIDE | _TAXED | (_TAX if words & _TAXED else frozenset())
    is_invoice = {"invoice", "amount"} <= words
    return words <= allowed and (bool(words & _TOTAL) or is_invoice)


class RunningSum:
    """The sum of a statement's lines so far, to know a line that only says it again."""

    def __init__(self) -> None:
        self._nano = 0
        self._count = 0

    def is_said_by(self, amount_nano: int) -> bool:
        """Whether an amount of no run is what all lines so far come to, exactly or in whole cents."""
        if not self._count or not amount_nano:
            return False
        apart_nano = abs(amount_nano - self._nano)
        in_cents = not amount_nano % _CENT_NANO and abs(self._nano) >= _SUM_MIN_NANO
        return apart_nano == 0 or (in_cents and 2 * apart_nano <= _CENT_NANO)

    def add(self, amount_nano: int) -> None:
        """Count a line."""
        self._nano += amount_nano
        self._count += 1
