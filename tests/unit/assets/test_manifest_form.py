"""What a manifest looks like, and what a tampered one cannot do."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal

import pytest
from warehouse_parts import ACCEPTED_AT, make_form, make_row

from assets import (
    DirectoryStore,
    ManifestError,
    ManifestHeader,
    ManifestRow,
    MemoryStore,
    Missing,
    read_manifest,
    write_manifest,
)
from assets.manifest import COLUMNS

FORM = make_form(b"x")
ROW = make_row(FORM, FORM.key, FORM.receipt_key, ACCEPTED_AT)
HEADER = ManifestHeader("product-photos@0123abcdef", "autumn-2026", "0123abcdef", Decimal("1.5"))
ROWS = 20_000
FLAT_BYTES = 8 << 20


def written(*rows: ManifestRow) -> MemoryStore:
    store = MemoryStore()
    write_manifest(store, "", HEADER, rows)
    return store


def test_the_json_is_one_plain_object() -> None:
    store = written(ROW, ROW)
    whole = json.loads(store.get("manifest.json"))
    assert list(whole) == [
        "mintage",
        "order",
        "campaign",
        "edition",
        "released",
        "charged_usd",
        "assets",
    ]
    assert (whole["mintage"], whole["released"], whole["charged_usd"]) == (1, 2, "1.50")
    asset = whole["assets"][0]
    assert tuple(asset) == COLUMNS
    assert (asset["cost_usd"], asset["bytes"], asset["released_at"]) == (
        "0.006",
        1,
        "2026-10-01T12:00:00.000000Z",
    )


def test_the_csv_has_the_same_columns_and_survives_commas_quotes_and_line_breaks() -> None:
    prompt = 'A "mug",\r\non oak\n猫'
    table = written(dataclasses.replace(ROW, prompt=prompt)).get("manifest.csv").decode()
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["prompt"] == prompt
    assert rows[0]["cost_usd"] == "0.006"
    assert table.startswith("name,key,sha256,")
    assert table.count("\r\n") == 3


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_takes_no_prompt_for_a_formula(start: str) -> None:
    row = dataclasses.replace(ROW, prompt=f"{start}cmd|' /C calc'!A0", seed=-5)
    store = written(row)
    (cells,) = csv.DictReader(io.StringIO(store.get("manifest.csv").decode(), newline=""))
    assert cells["prompt"] == f"'{row.prompt}"
    assert cells["seed"] == "-5"
    assert next(read_manifest(store, "manifest.json")[1]).prompt == row.prompt


def test_header_and_rows_read_back() -> None:
    odd = dataclasses.replace(ROW, prompt='"assets": [\n]}', seed=2**63, cost_usd=Decimal("1E-9"))
    header, rows = read_manifest(written(ROW, odd), "manifest.json")
    assert header == HEADER
    assert list(rows) == [ROW, odd]


def test_a_manifest_of_nothing_reads_back() -> None:
    store = MemoryStore()
    manifest = write_manifest(store, "a/b/", ManifestHeader(), [])
    assert (manifest.key, manifest.count, manifest.url) == (
        "a/b/manifest.json",
        0,
        "memory:a/b/manifest.json",
    )
    header, rows = read_manifest(store, manifest.key)
    assert header == ManifestHeader()
    assert list(rows) == []


def test_no_manifest_is_missing() -> None:
    with pytest.raises(Missing):
        read_manifest(MemoryStore(), "manifest.json")


def tampered(old: str, new: str) -> MemoryStore:
    store = written(ROW)
    text = store.get("manifest.json").decode()
    assert old in text
    store.replace(
        "manifest.json",
        text.replace(old, new).encode(errors="surrogateescape"),
        media_type="application/json",
    )
    return store


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\n]}", "", "ends in the middle"),
        ('"bytes": 1', '"bytes": "many"', "bad bytes"),
        ('"bytes": 1, ', "", "bad bytes"),
        ('{"name"', '{name"', "no asset"),
        ('{"name"', "[" * 100_000 + '{"name"', "no asset"),
        ("released/autumn-2026/product", "released/../../product", "names an asset"),
        ('"mintage": 1', '"mintage": 2', "version 1"),
        ('"mintage": 1', '"mintage": ', "does not start"),
        ('"assets": [', '"other": [', "no manifest"),
        ("0.006", "much", "bad cost_usd"),
        ("A mug on oak", "A mug on \udcff", "UTF-8"),
        ("A mug on oak", "x" * 2_000_000, "line"),
    ],
)
def test_a_manifest_that_was_tampered_with_is_refused(old: str, new: str, said: str) -> None:
    store = tampered(old, new)
    with pytest.raises(ManifestError, match=said):
        list(read_manifest(store, "manifest.json")[1])


def test_fields_that_a_later_mintage_adds_do_no_harm() -> None:
    store = tampered('{"name"', '{"colour": "red", "name"')
    assert list(read_manifest(store, "manifest.json")[1]) == [ROW]


def test_a_long_manifest_takes_no_more_memory_than_a_short_one(tmp_path: object) -> None:
    store = DirectoryStore(str(tmp_path))
    tracemalloc.start()
    try:
        rows: Iterator[ManifestRow] = (dataclasses.replace(ROW, seed=n) for n in range(ROWS))
        write_manifest(store, "", HEADER, rows)
        assert sum(1 for _ in read_manifest(store, "manifest.json")[1]) == ROWS
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    head = store.head("manifest.json")
    assert head is not None
    assert head.byte_count > 10_000_000
    assert peak < FLAT_BYTES
