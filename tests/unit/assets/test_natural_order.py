"""Names in the order that people expect: numbers by value, folders together, capitals apart last."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from assets.natural_order import natural_key

EXPECTED = [
    "1",
    "2",
    "10",
    "a/2/x-1",
    "a/10/x-1",
    "a/10/x-2",
    "a1b2",
    "a1b10",
    "a-1",
    "Lamp",
    "lamp",
    "lamp-0",
    "lamp-01",
    "lamp-01/b",
    "lamp-01/c",
    "lamp-1",
    "lamp-1/a",
    "lamp-2-10",
    "lamp-10-2",
    "oak",
    "oak-2",
    "Oak-9",
    "oak-10",
    "oak-99999999999999999999",
    "oak-100000000000000000000",
    "Z\u00fcrich-2",
    "z\u00fcrich-10",
]


def test_names_are_sorted_as_people_expect() -> None:
    for mixed in (EXPECTED[::-1], sorted(EXPECTED), EXPECTED[1::2] + EXPECTED[::2]):
        assert sorted(mixed, key=natural_key) == EXPECTED


def test_a_name_stands_in_one_place_in_either_normal_form() -> None:
    names = [unicodedata.normalize("NFD", name) for name in EXPECTED]
    found = [unicodedata.normalize("NFC", name) for name in sorted(names, key=natural_key)]
    assert found == EXPECTED


@given(st.text(max_size=20), st.text(max_size=20))
def test_only_a_name_itself_has_its_key(one: str, other: str) -> None:
    assert (natural_key(one) == natural_key(other)) == (one == other)


@given(st.text(alphabet="ab-/", max_size=6), st.integers(0, 10**30), st.integers(0, 10**30))
def test_a_number_counts_by_its_value(prefix: str, low: int, high: int) -> None:
    keys = [natural_key(f"{prefix}{number}") for number in (low, high)]
    assert (keys[0] < keys[1]) == (low < high)
