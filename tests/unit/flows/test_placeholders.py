"""Placeholders: one alone keeps its type, others become text, and nothing else is a placeholder."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.order_text import NumberText
from flows.placeholders import Unbound, fill, fill_text, fill_words, has_placeholder, slug_of

Values = st.SearchStrategy[object]


def nested(values: Values) -> Values:
    """Put values into lists and mappings.

    Hypothesis reads the source of this, and warns where it finds no use of `values`: in a lambda
    further down it looked at another line when the file was saved while its tests ran.
    """
    return st.lists(values) | st.dictionaries(st.text(), values)


ROW = {
    "product": "mug",
    "size": {"width": 512, "label": "small"},
    "sku": "007",
    "count": 3,
    "ratio": NumberText("1.50"),
    "flag": True,
    "none": None,
    "list": [1, 2],
    "variant": 2,
    "long": 12345,
    "german": "Größe: Äffchen/STRAẞE",
    "decomposed": "U\u0308ber -- Cafe\u0301 ",
    "brand": "Acme's Crème\u00a0Brûlée №2 Øre, Łódź",
    "kana": "コーヒー",
    "below": -5,
}

STRANGE = ", which is not understood; only :slug and zeros such as :03 are"


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{count}", 3),
        ("{size.width}", 512),
        ("{size}", {"width": 512, "label": "small"}),
        ("{list}", [1, 2]),
        ("{flag}", True),
        ("{none}", None),
        ("{sku}", "007"),
        ("{product}", "mug"),
    ],
)
def test_a_placeholder_alone_keeps_its_type(template: str, value: object) -> None:
    filled = fill_text(template, ROW)
    assert filled == value
    assert type(filled) is type(value)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("no placeholder", "no placeholder"),
        ("A {product}", "A mug"),
        ("{product}{variant}", "mug2"),
        ("{product}-{size.label}-{size.width}", "mug-small-512"),
        ("{sku}.", "007."),
        ("{ratio}x", "1.50x"),
        ("is {flag}", "is true"),
        ("[{none}]", "[]"),
        ("{{product}}", "{product}"),
        ("{{{product}}}", "{mug}"),
        ("100 % {product}", "100 % mug"),
        ("{product:}", "mug"),
        ("{variant:03}", "002"),
        ("{count:01}", "3"),
        ("{sku:05}", "00007"),
        ("{long:03}", "12345"),
        ("{product:slug}-{variant:02}", "mug-02"),
        ("{size.label:slug}", "small"),
        ("{german:slug}", "groesse-aeffchen-strasse"),
        ("{decomposed:slug}", "ueber-cafe"),
        ("{brand:slug}", "acmes-creme-brulee-no2-ore-lodz"),
    ],
)
def test_anything_else_becomes_text(template: str, text: str) -> None:
    assert fill_text(template, ROW) == text
    assert fill_words(template, ROW) == text


@pytest.mark.parametrize(
    ("template", "text"), [("{count}", "3"), ("{ratio}", "1.50"), ("{none}", "")]
)
def test_words_stay_words_even_where_one_placeholder_is_all(template: str, text: str) -> None:
    assert fill_words(template, ROW) == text


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{other}", "{other}, which nothing binds"),
        ("{size.depth}", "{size.depth}, which nothing binds"),
        ("{product.length}", "{product.length}, which nothing binds"),
        ("{}", "{}, which is no placeholder"),
        ("{0}", "{0}, which is no placeholder"),
        ("{list[0]}", "{list[0]}, which is no placeholder"),
        ("{ product }", "{ product }, which is no placeholder"),
        ("{product.}", "{product.}, which is no placeholder"),
        ("{__class__}", "{__class__}, which nothing binds"),
        ("{product.__class__}", "{product.__class__}, which nothing binds"),
        ("{size[width]}", "{size[width]}, which is no placeholder"),
        ("{count:05d}", "{count} with a format" + STRANGE),
        ("{product!r}", "{product} with a format" + STRANGE),
        ("{product:{count}}", "{product} with a format" + STRANGE),
        ("{product:Slug}", "{product} with a format" + STRANGE),
        ("{count:3}", "{count} with a format" + STRANGE),
        ("{count:00}", "{count} with a format" + STRANGE),
        ("{count:021}", "{count} with a format" + STRANGE),
        ("{count!s:03}", "{count} with a format" + STRANGE),
        ("{product:03}", "{product:03} of 'mug', which is no whole number"),
        ("{ratio:03}", "{ratio:03} of '1.50', which is no whole number"),
        ("{flag:03}", "{flag:03} of 'true', which is no whole number"),
        ("{below:03}", "{below:03} of '-5', which is no whole number"),
        ("{kana:slug}", "{kana:slug} of 'コーヒー', which leaves nothing"),
        ("{none:slug}", "{none:slug} of '', which leaves nothing"),
        ("{size:slug}", "{size}, which is not one value"),
        ("{brand:slug}{x:slug}", "{x}, which nothing binds"),
        ("{product", "'{product', whose braces do not match"),
        ("product}", "'product}', whose braces do not match"),
        ("a {list}", "{list}, which is not one value"),
        ("a {size}", "{size}, which is not one value"),
    ],
)
def test_what_is_no_placeholder_is_refused_and_named(template: str, found: str) -> None:
    with pytest.raises(Unbound) as raised:
        fill_text(template, ROW)
    assert raised.value.faults == (((), found),)


def test_every_fault_inside_a_value_is_named_with_its_place() -> None:
    value = {"a": ["{product}", "{x}"], "b": {"c": "{y} {z} {y}"}, "d": 5}
    with pytest.raises(Unbound) as raised:
        fill(value, ROW)
    assert raised.value.faults == (
        (("a", 1), "{x}, which nothing binds"),
        (("b", "c"), "{y}, which nothing binds and {z}, which nothing binds"),
    )


def test_a_value_is_filled_to_its_depth_and_left_as_it_was() -> None:
    value = {"{product}": ["{count}", {"w": "{size.width}"}], "n": None, "k": 7}
    assert fill(value, ROW) == {"{product}": [3, {"w": 512}], "n": None, "k": 7}
    assert value["{product}"] == ["{count}", {"w": "{size.width}"}]


@given(st.recursive(st.none() | st.integers() | st.text(), nested))
def test_what_has_no_placeholder_is_left_alone(value: object) -> None:
    if not has_placeholder(value):
        assert fill(value, {}) == value


@given(st.text(max_size=50))
def test_a_slug_is_plain_wherever_it_stands_and_its_own_slug(text: str) -> None:
    try:
        slug = fill_words("{text:slug}", {"text": text})
    except Unbound:
        return
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert slug_of(slug) == slug
    assert slug_of(unicodedata.normalize("NFD", text)) == slug


@given(st.text())
def test_doubled_braces_give_any_text_back(text: str) -> None:
    assert fill_words(text.replace("{", "{{").replace("}", "}}"), {}) == text
