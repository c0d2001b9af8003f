"""Money is exact: rounded in one place, up for a hold, half-even for a charge."""

from __future__ import annotations

from decimal import Decimal, getcontext, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import (
    NANO,
    LedgerError,
    MoneyError,
    PriceLine,
    charge_nano,
    format_usd,
    hold_nano,
    parse_usd,
    plain,
    usd,
)
from ledger.money import NANO_MAX, share

amounts = st.decimals(
    min_value=0, max_value=10**9, allow_nan=False, allow_infinity=False, places=15
)
quantities = st.decimals(min_value=0, max_value=10**4, allow_nan=False, places=6)
prices = st.decimals(min_value=0, max_value=100, allow_nan=False, places=12)
nanos = st.integers(0, NANO_MAX)


def line(quantity: Decimal | str, price: Decimal | str) -> PriceLine:
    return PriceLine("predict_time", Decimal(quantity), "second", Decimal(price))


lines = st.lists(st.builds(line, quantities, prices), max_size=6)


@given(amounts)
def test_a_hold_covers_its_amount_by_less_than_a_nano_dollar(amount: Decimal) -> None:
    held = Fraction(hold_nano(amount), NANO)
    assert 0 <= held - Fraction(amount) < Fraction(1, NANO)


@given(lines)
def test_a_charge_is_the_nearest_nano_dollar_of_the_exact_sum(priced: list[PriceLine]) -> None:
    exact = sum(
        (Fraction(one.quantity) * Fraction(one.unit_price_usd) for one in priced), Fraction()
    )
    # Python rounds fractions half-even too.
    assert charge_nano(priced) == round(exact * NANO)


@given(lines)
def test_a_hold_for_price_lines_always_covers_their_charge(priced: list[PriceLine]) -> None:
    with localcontext() as context:
        context.prec = 100
        total = sum((one.quantity * one.unit_price_usd for one in priced), Decimal(0))
    assert charge_nano(priced) <= hold_nano(total)


@given(lines)
def test_the_callers_decimal_precision_does_not_matter(priced: list[PriceLine]) -> None:
    expected = charge_nano(priced)
    with localcontext() as context:
        context.prec = 3
        assert charge_nano(priced) == expected


@given(nanos)
def test_usd_is_exact_and_comes_back(nano: int) -> None:
    assert Fraction(usd(nano)) == Fraction(nano, NANO)
    assert hold_nano(usd(nano)) == nano
    assert hold_nano(parse_usd(format(usd(nano), "f"))) == nano
    assert usd(-nano) == usd(nano).copy_negate()


def test_a_tie_goes_to_the_even_nano_dollar() -> None:
    assert charge_nano([line("1", "0.0000000005")]) == 0
    assert charge_nano([line("3", "0.0000000005")]) == 2
    assert charge_nano([line("5", "0.0000000005")]) == 2
    assert hold_nano(Decimal("0.0000000001")) == 1


def test_rounding_happens_after_the_sum() -> None:
    assert charge_nano([line("1", "0.0000000004")] * 5) == 2
    assert charge_nano([]) == 0


def test_a_thousandth_of_a_second_of_the_cheapest_gpu_is_not_lost() -> None:
    assert charge_nano([line("0.001", "0.000225")]) == 225


@pytest.mark.parametrize(
    "bad", [Decimal("NaN"), Decimal("Infinity"), Decimal("-0.01"), 0.1, 1, "1", None]
)
def test_what_is_no_amount_cannot_be_held_or_charged(bad: object) -> None:
    with pytest.raises(MoneyError):
        hold_nano(bad)  # type: ignore[arg-type]
    for quantity, price in ((bad, Decimal(1)), (Decimal(1), bad)):
        wrong = PriceLine("run_count", quantity, "run", price)  # type: ignore[arg-type]
        with pytest.raises(MoneyError):
            charge_nano([wrong])


def test_more_than_the_books_can_keep_is_refused() -> None:
    assert hold_nano(usd(NANO_MAX)) == NANO_MAX
    with pytest.raises(MoneyError, match=r"9223372036\.854775807 USD"):
        hold_nano(usd(NANO_MAX) + Decimal("0.000000001"))
    with pytest.raises(MoneyError):
        hold_nano(Decimal("1e500"))
    with pytest.raises(MoneyError):
        charge_nano([line("1e300", "1e300")])
    with pytest.raises(MoneyError):
        charge_nano([line("1e-300", "1"), line("1e300", "1")])


@pytest.mark.parametrize(("text", "amount"), [("5", "5"), ("5.00", "5"), ("0.000000001", "1e-9")])
def test_an_amount_is_read_as_a_person_writes_it(text: str, amount: str) -> None:
    assert parse_usd(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        "", " 5", "5 ", "+5", "-5", "5.", ".5", "1e3", "NaN", "Infinity", "1_000", "1,000", "$5",
        "0.0000000001", "99999999999", "\u0665", "5\n", "9999999999",
    ],
)  # fmt: skip
def test_what_no_person_would_mean_is_refused(text: str) -> None:
    with pytest.raises(MoneyError):
        parse_usd(text)


@pytest.mark.parametrize("value", [5.0, 5, None, Decimal(5)])
def test_only_text_is_read(value: object) -> None:
    with pytest.raises(MoneyError, match="quoted decimal"):
        parse_usd(value)  # type: ignore[arg-type]


def test_a_money_error_is_a_value_error_and_a_ledger_error() -> None:
    assert issubclass(MoneyError, ValueError)
    assert issubclass(MoneyError, LedgerError)


@pytest.mark.parametrize("value", [1.0, True, "1"])
def test_nano_dollars_are_whole(value: object) -> None:
    with pytest.raises(MoneyError):
        usd(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("nano", "places", "shown"),
    [
        (0, None, "$0.00"),
        (5 * NANO, None, "$5.00"),
        (3_000_000, None, "$0.003"),
        (1, None, "$0.000000001"),
        (1_234_567 * NANO + NANO // 2, None, "$1,234,567.50"),
        (-3_000_000, None, "-$0.003"),
        (5_000_000, 2, "$0.00"),
        (15_000_000, 2, "$0.02"),
        (1_999_999_999, 0, "$2"),
    ],
)
def test_money_is_printed_exactly_or_to_the_places_asked(
    nano: int, places: int | None, shown: str
) -> None:
    assert format_usd(nano, places) == shown


@given(nanos)
def test_printing_without_places_loses_nothing(nano: int) -> None:
    assert parse_usd(format_usd(nano).replace("$", "").replace(",", "")) == usd(nano)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_plain_numbers_keep_every_digit_and_have_no_exponent(number: Decimal) -> None:
    shown = plain(number)
    assert "e" not in shown.lower()
    assert Fraction(shown) == Fraction(number)
    assert not (("." in shown) and shown.endswith(("0", ".")))


@given(quantities, st.integers(0, 10**12), st.integers(1, 10**12))
def test_a_share_and_its_rest_add_up(number: Decimal, part: int, more: int) -> None:
    under = share(number, part, part + more)
    assert 0 <= under <= number
    precision = getcontext().prec
    assert Fraction(under) + Fraction(number - under) == Fraction(number)
    assert getcontext().prec == precision
    exact = Fraction(number) * part / (part + more)
    assert abs(Fraction(under) - exact) <= Fraction(1, 10**9)
