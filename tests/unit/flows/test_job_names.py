"""Names of jobs: safe below any folder on any store, and no two of them the same file anywhere."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from unit.flows.order_parts import only, order

from assets import MemoryStore, receipt_key, release_key, store
from flows import job_names
from flows.job_names import NAME_BYTES_MAX, name_fault, name_key


@pytest.mark.parametrize(
    "name",
    [
        "mug",
        "mug/oak-1",
        "a.b/c.d",
        ".hidden",
        "Größe 10 %",
        "a#b",
        "コーヒー/一",
        "mug.webp",
        "null/consol",
        "com¹a",
        "COM4²",
        "in$",
        "x" * NAME_BYTES_MAX,
    ],
)
def test_plain_names_are_good(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../mug",
        "a/../b",
        "a/..",
        "/mug",
        "a//b",
        "a/",
        "./a",
        "a\\..\\b",
        "C:/mug",
        "a\nb",
        "a\tb",
        "a\0b",
        "a\x7fb",
        "a\u202eb",
        "a\u200bb",
        "a\ud800b",
        "a?b",
        'a"b',
        "a|b",
        "<a>",
        "a*",
        " a",
        "a ",
        "a/ b",
        "a.",
        "a./b",
        "\u00a0a",
        "con",
        "a/NUL",
        "com1.x",
        "LPT9/a",
        "COM¹",
        "lpt²",
        "a/LPT³.x",
        "CONIN$",
        "conout$.x",
        "a\u2028b",
        "a\u2029b",
        "a\u2066b",
        "a\ufeffb",
        "manifest.json/a",
        "receipts/a.JSON/b",
        "a.webp/b",
        "a.jpg/b",
        "é" * (NAME_BYTES_MAX // 2 + 1),
    ],
)
def test_names_that_could_escape_or_clash_are_refused(name: str) -> None:
    assert name_fault(name)


def test_a_name_that_the_store_keeps_for_itself_is_refused_before_anything_is_paid() -> None:
    assert job_names.INCOMING == store.INCOMING
    for name in (".incoming", ".incoming/mug", ".INCOMING"):
        assert "keeps for itself" in str(name_fault(name))
    assert name_fault("mugs/.incoming") is None


@given(st.text(max_size=40))
@example(".incoming")
@example("a\u2028b")
def test_a_name_that_is_good_is_good_for_every_store(name: str) -> None:
    if name_fault(name) is None:
        key = release_key("autumn", "mugs@1", name, "image/webp")
        assert key == f"released/autumn/mugs/1/{name}.webp"
        receipt_key("autumn", "mugs@1", name)
        assert MemoryStore().locate(key)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mug", "mug"),
        ("Straße", "STRASSE"),
        ("caf\u00e9", "cafe\u0301"),
        ("\u1e9b\u0323", "\u1e9b\u0323".upper()),
        ("A\u030a", "\u00e5"),
    ],
)
def test_names_that_some_file_system_takes_for_one_are_one(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@given(st.text(max_size=12))
def test_a_names_key_is_its_own_key_in_every_normal_form(name: str) -> None:
    for form in ("NFC", "NFD"):
        assert name_key(unicodedata.normalize(form, name)) == name_key(name)
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.parametrize("products", [["Mug", "mug"], ["caf\u00e9", "cafe\u0301"], ["a", "a"]])
def test_two_jobs_with_one_name_are_refused(tmp_path: Path, products: list[str]) -> None:
    field, found, wanted = only(tmp_path, order(matrix={"product": products, "surface": ["oak"]}))
    assert field == "output.name"
    assert "for two jobs" in found
    assert "{variant}" in wanted
