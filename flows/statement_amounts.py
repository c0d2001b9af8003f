"""Reads amounts of money as statements write them: exact, signed, never a float, never a guess."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Final

from ledger import usd

AMOUNT_MAX_NANO: Final = 10**17
"""The largest amount of one line: 100 million USD, far beyond any run's price."""

_ROUNDING: Final = Context(prec=80, traps=[InvalidOperation])
_NANO: Final = Decimal(10**9)
_ONE: Final = Decimal(1)

_CHARACTERS_MAX: Final = 60
_MINUS: Final = str.maketrans({"\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2013": "-"})
_SPACES: Final = str.maketrans(dict.fromkeys(" \u00a0\u2009\u202f", " "))
_CURRENCY: Final = re.compile(r"US\$|\$|USD", re.IGNORECASE)
_GROUPED: Final = re.compile(
    r"[0-9]{1,3}(?:(?P<mark>[,' ])[0-9]{3})(?:(?P=mark)[0-9]{3})*(?:\.[0-9]*)?"
)
_PLAIN: Final = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")


class NoAmount(ValueError):
    """A text that is no amount of money; says what was wanted."""


def read_amount(text: str, *, comma_is_decimal: bool = False) -> tuple[int, bool]:
    """Read an amount in USD as nano-USD; tells too whether it had to be rounded.

    Takes `$`, `US$` and `USD`, marks between thousands, exponents, and for what is below zero a
    minus on either side or parentheses. More than nine decimals are rounded once, half-even. In a
    file that separates columns by semicolons a comma may be either, so none is taken there
    (`comma_is_decimal`).

    Raises:
        NoAmount: it cannot be read, or not without guessing.
    """
    if len(text) > _CHARACTERS_MAX:
        raise NoAmount('an amount in USD such as "0.003"')
    digits = text.translate(_MINUS).translate(_SPACES).strip().removeprefix("'").strip()
    digits, is_negative = _sign(digits)
    if "," in digits and comma_is_decimal:
        raise NoAmount("a point before the decimals and no comma, which could be either here")
    if _GROUPED.fullmatch(digits) and not digits.startswith("0"):
        digits = re.sub("[,' ]", "", digits)
    if _PLAIN.fullmatch(digits) is None:
        comma = "," in digits
        raise NoAmount(
            'a point before the decimals, such as "0.003"'
            if comma
            else 'an amount in USD such as "0.003"'
        )
    amount = Decimal(digits)
    return nano_of(-amount if is_negative else amount)


def _sign(digits: str) -> tuple[str, bool]:
    """Take sign, parentheses and currency off."""
    is_negative = False
    if digits.startswith("(") and digits.endswith(")"):
        digits, is_negative = digits[1:-1].strip(), True
    bare = _CURRENCY.sub("", digits, count=1).strip()
    for sign in ("-", "+"):
        for taken in (bare.removeprefix(sign), bare.removesuffix(sign)):
            if taken != bare:
                return taken.strip(), is_negative or sign == "-"
    return bare, is_negative


def nano_of(amount_usd: Decimal) -> tuple[int, bool]:
    """Turn a signed amount in USD into nano-USD; tells too whether it had to be rounded.

    Raises:
        NoAmount: it is no number, or larger than any line of a bill.
    """
    if not amount_usd.is_finite():
        raise NoAmount("an amount in USD")
    try:
        scaled = _ROUNDING.multiply(amount_usd, _NANO)
        whole = scaled.quantize(_ONE, rounding=ROUND_HALF_EVEN, context=_ROUNDING)
    except InvalidOperation:
        raise NoAmount(_TOO_MUCH) from None
    nano = int(whole)
    if abs(nano) > AMOUNT_MAX_NANO:
        raise NoAmount(_TOO_MUCH)
    return nano, whole != scaled


_TOO_MUCH: Final = f"an amount of at most {usd(AMOUNT_MAX_NANO).to_integral_value():,} USD"
