"""Money: integers of 1e-9 USD inside, `Decimal` at every edge, floats nowhere.

Rounding happens in one function only. A hold rounds up, so that it always covers what it was
asked to cover; a charge rounds once, half-even, from the exact sum of its price lines; a report
rounds when it prints.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import (
    ROUND_CEILING,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

from ledger.errors import MoneyError
from ledger.records import PriceLine

NANO = 10**9
"""Nano-dollars in one dollar."""

NANO_MAX = 2**63 - 1
"""The largest amount that the books can keep: what a BIGINT holds, about 9.2 billion USD."""

DECIMALS_MAX = 9

# 400 digits hold the exact product of any two prices that a person or a provider would write;
# whatever does not fit raises instead of losing a digit.
_EXACT = Context(prec=400, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])
_ROUNDING = Context(prec=400, traps=[InvalidOperation, DivisionByZero, Overflow])
_ONE = Decimal(1)
_USD = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,9})?", re.ASCII)
_PLACES_MIN = 2


def _to_nano(amount_usd: Decimal, rounding: str) -> int:
    """Round an exact amount in USD to whole nano-dollars: the one place where money is rounded."""
    if not isinstance(amount_usd, Decimal):
        raise MoneyError(
            f"money must be a Decimal, not {type(amount_usd).__name__} ({amount_usd!r})"
        )
    if not amount_usd.is_finite() or amount_usd < 0:
        raise MoneyError(f"an amount of money must be finite and not negative, not {amount_usd}")
    try:
        scaled = _EXACT.multiply(amount_usd, Decimal(NANO))
        nano = int(scaled.quantize(_ONE, rounding=rounding, context=_ROUNDING))
    except (InvalidOperation, Overflow, Inexact):
        raise MoneyError(f"the amount {amount_usd} USD is out of the books' range") from None
    if nano > NANO_MAX:
        raise MoneyError(
            f"the amount {amount_usd} USD is more than the {plain(usd(NANO_MAX))} USD "
            "that the books can keep"
        )
    return nano


def hold_nano(amount_usd: Decimal) -> int:
    """Nano-dollars to hold for a cost of at most `amount_usd`: rounded up, never short.

    Raises:
        MoneyError: for anything but a finite, non-negative Decimal within the books' range.
    """
    return _to_nano(amount_usd, ROUND_CEILING)


def charge_nano(lines: Iterable[PriceLine]) -> int:
    """Nano-dollars to charge for price lines: the exact sum of quantity x unit price, rounded once.

    Half-even, so that the rounding of many charges does not lean to either side.

    Raises:
        MoneyError: if a quantity or a price is not a finite, non-negative Decimal.
    """
    total = Decimal(0)
    try:
        for line in lines:
            _check_line(line)
            total = _EXACT.add(total, _EXACT.multiply(line.quantity, line.unit_price_usd))
    except (InvalidOperation, Overflow, Inexact):
        raise MoneyError("a charge has more digits than can be summed exactly") from None
    return _to_nano(total, ROUND_HALF_EVEN)


def _check_line(line: PriceLine) -> None:
    for value in (line.quantity, line.unit_price_usd):
        if not isinstance(value, Decimal) or not value.is_finite() or value < 0:
            raise MoneyError(
                f"a price line of {line.metric} needs finite, non-negative Decimals, not {value!r}"
            )


def usd(nano: int) -> Decimal:
    """Exactly `nano` nano-dollars in USD, with nine decimals."""
    if isinstance(nano, bool) or not isinstance(nano, int):
        raise MoneyError(f"nano-dollars must be an int, not {type(nano).__name__} ({nano!r})")
    digits = tuple(int(digit) for digit in str(abs(nano)))
    return Decimal((1 if nano < 0 else 0, digits, -DECIMALS_MAX))


def parse_usd(text: str) -> Decimal:
    """Read an amount in USD as a person writes it: digits, at most one point, at most 9 decimals.

    Raises:
        MoneyError: for a float, a sign, an exponent, NaN, spaces, or too many decimals.
    """
    if not isinstance(text, str):
        raise MoneyError(
            f'an amount in USD must be a quoted decimal such as "5.00", '
            f"not {type(text).__name__} {text!r}"
        )
    if _USD.fullmatch(text) is None:
        raise MoneyError(
            f'{text[:40]!r} is not an amount in USD: write it like "5.00", with at most '
            f"{DECIMALS_MAX} decimals, no sign and no exponent"
        )
    amount_usd = Decimal(text)
    hold_nano(amount_usd)
    return amount_usd


def format_usd(nano: int, places: int | None = None) -> str:
    """Print nano-dollars: "$1,234.50", "-$0.003".

    Without `places` it is exact, with two decimals or as many as it takes; with `places` it is
    rounded half-even to that many.
    """
    amount_usd = usd(abs(nano))
    if places is None:
        _, _, decimals = plain(amount_usd).partition(".")
        places = max(_PLACES_MIN, len(decimals))
    shown = amount_usd.quantize(_ONE.scaleb(-places), rounding=ROUND_HALF_EVEN, context=_ROUNDING)
    return f"{'-' if nano < 0 else ''}${shown:,f}"


def plain(number: Decimal) -> str:
    """A number's exact digits without exponent and without trailing zeros: "0.003", "12"."""
    digits = format(number, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return digits


def share(number: Decimal, part: int, whole: int) -> Decimal:
    """`number * part / whole`, to nine decimals beyond the number's own, half-even.

    For splitting a charge's quantity between the part under its hold and the part above: the
    caller takes the other part as the rest, so that both add up exactly.
    """
    if part == whole:
        return number
    _, _, exponent = number.as_tuple()
    step = _ONE.scaleb(min(int(exponent), 0) - DECIMALS_MAX, context=_ROUNDING)
    exact = _ROUNDING.divide(_EXACT.multiply(number, Decimal(part)), Decimal(whole))
    return exact.quantize(step, rounding=ROUND_HALF_EVEN, context=_ROUNDING)
