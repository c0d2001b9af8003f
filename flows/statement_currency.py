"""Whether a statement is in USD: by the headers that name a currency, and by those that should not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

WANTED_USD: Final = "USD, in which the books are kept"

_USD: Final = frozenset({"USD", "US$", "$", "US DOLLAR", "US DOLLARS", "U.S. DOLLARS"})
_CALLED: Final = re.compile(
    r"currency|currencies|w(?:ä|ae)hrung|devise|moneda|divisa|valuta|moeda|通貨|货币|\b(?:ccy|curr)\b"
)
_SIGNS: Final = re.compile(r"[€£¥₹₩₽₺₴₫₪₿]|\b(?!US)[A-Z]{1,3}\$")
_WORDS: Final = frozenset({"euro", "euros", "sterling", "yen", "yuan", "rupee", "rupees"})
# ISO 4217 but for USD, and but for two that are words of every header: ALL and TOP.
_CODES_TEXT: Final = (
    "aed afn amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd btn bwp byn bzd "
    "cad cdf chf clp cny cop crc cup cve czk djf dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs gip "
    "gmd gnf gtq gyd hkd hnl htg huf idr ils inr iqd irr isk jmd jod jpy kes kgs khr kmf kpw krw kwd "
    "kyd kzt lak lbp lkr lrd lsl lyd mad mdl mga mkd mmk mnt mop mru mur mvr mwk mxn myr mzn nad ngn "
    "nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sdg sek sgd shp "
    "sle sos srd ssp stn svc syp szl thb tjs tmt tnd try ttd twd tzs uah ugx uyu uzs ved ves vnd vuv "
    "wst xaf xcd xof xpf yer zar zmw zwg btc eth rmb"
)
_CODES: Final = frozenset(_CODES_TEXT.split())
_DEPTH_MAX: Final = 6


def is_usd(text: str) -> bool:
    """Whether a cell of a currency column says USD."""
    return text.strip().upper() in _USD


def names_currency(header: str) -> bool:
    """Whether a column says which currency another one is in."""
    return _CALLED.search(header.casefold().replace("_", " ")) is not None


def currency_columns(headers: Sequence[str]) -> list[int]:
    """Where the columns are that say a currency.

    FOCUS has the currency of list prices beside that of the bill (`PricingCurrency`); where it has
    both, that of the bill counts.
    """
    found = [place for place, header in enumerate(headers) if names_currency(header)]
    plain = {place: re.sub("[^a-z]", "", headers[place].casefold()) for place in found}
    if "billingcurrency" in plain.values():
        found = [place for place in found if not plain[place].startswith("pricingcurrency")]
    return found


def other_currency(header: str) -> str | None:
    """The currency but USD that a header of amounts names, or None."""
    sign = _SIGNS.search(header)
    if sign is not None:
        return sign.group()
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", header)
    for word in re.findall(r"[^\W\d_]+", spaced):
        if word.casefold() in _CODES | _WORDS:
            return str(word)
    return None


def odd_currency(value: Any, depth: int = 0) -> str | None:  # noqa: ANN401 - JSON is whatever it is
    """The first thing but USD that JSON says under a name of a currency, however deep; or None."""
    if depth > _DEPTH_MAX:
        return None
    if isinstance(value, list):
        return next(filter(None, (odd_currency(one, depth + 1) for one in value)), None)
    if not isinstance(value, dict):
        return None
    for name, inner in value.items():
        if isinstance(inner, (dict, list)):
            odd = odd_currency(inner, depth + 1)
            if odd is not None:
                return odd
        elif names_currency(name) and inner is not None and not is_usd(str(inner)):
            return str(inner)
    return None
