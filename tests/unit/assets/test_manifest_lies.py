"""Manifests that lie: each is refused in a sentence that names the manifest, the asset and the field."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from warehouse_parts import ACCEPTED_AT, make_form, make_row

from assets import (
    ManifestError,
    ManifestHeader,
    ManifestRow,
    MemoryStore,
    Withdrawn,
    manifest,
    read_manifest,
    row_fields,
    write_manifest,
)

FORM = make_form(b"x")
ROW = make_row(FORM, FORM.key, FORM.receipt_key, ACCEPTED_AT)
FLAT_BYTES = 12 << 20

LIES: tuple[tuple[str, object], ...] = (
    ("released_at", "2026-11-22T10:00:00"),
    ("released_at", "9999-12-31T23:59:59-12:00"),
    ("released_at", "0001-01-01T00:00:00+14:00"),
    ("released_at", "1969-12-31T23:59:59Z"),
    ("released_at", 10**30),
    ("cost_usd", "1e999999"),
    ("cost_usd", "1e-999999"),
    ("cost_usd", "1e40"),
    ("cost_usd", "-5"),
    ("cost_usd", "NaN"),
    ("cost_usd", "0.0000000001"),
    ("bytes", 10**40),
    ("bytes", -1),
    ("width", 10**400),
    ("width", 0),
    ("height", 1 << 21),
    ("seed", 10**40),
    ("sha256", "a"),
    ("sha256", "z" * 64),
    ("name", "x" * 3_000),
    ("alt", "x" * 30_000),
    ("title", None),
    ("prompt", "x" * 600_000),
    ("tags", ["x" * 3_000]),
    ("tags", "hero"),
    ("verdicts", [1] * 20),
    ("texts", {"alt": {"de": 5}}),
    ("texts", {"alt": {"x" * 3_000: ""}}),
)
"""A field, and what it cannot be."""


def told(opening: str, *lines: str) -> MemoryStore:
    """Lay down a manifest as somebody else may have written it."""
    store = MemoryStore()
    whole = "".join((opening, ',\n "assets": [\n', ",\n".join(lines), "\n]}\n"))
    store.replace("manifest.json", whole.encode(), media_type="application/json")
    return store


def refused(store: MemoryStore) -> str:
    with pytest.raises(ManifestError) as error:
        list(read_manifest(store, "manifest.json")[1])
    return str(error.value)


@pytest.mark.parametrize(("name", "lie"), LIES)
def test_a_field_that_cannot_be_is_refused_with_its_asset(name: str, lie: object) -> None:
    line = json.dumps(row_fields(ROW) | {name: lie})
    said = refused(told('{\n "mintage": 1', json.dumps(row_fields(ROW)), line))
    assert "memory:manifest.json, asset 2 ('" in said
    assert f"has a bad {name}" in said
    assert len(said) < 500


def test_every_field_is_bounded() -> None:
    assert {name for name, _ in LIES} >= {"released_at", "cost_usd", "bytes", "width", "height"}
    longest = {
        one.name: "x" * (1 << 19) for one in fields(ManifestRow) if isinstance(one.type, str)
    }
    for name, text in longest.items():
        line = json.dumps(row_fields(ROW) | {name: text})
        assert f"has a bad {name}" in refused(told('{\n "mintage": 1', line))


def test_what_stands_at_the_bounds_is_read() -> None:
    ends = {
        "released_at": "9990-12-30T23:59:59.999999+14:00",
        "cost_usd": "999999999.999999999",
        "bytes": 1 << 50,
        "width": 1 << 20,
        "seed": -(1 << 63),
    }
    store = told('{\n "mintage": 1', json.dumps(row_fields(ROW) | ends))
    (row,) = read_manifest(store, "manifest.json")[1]
    assert row.cost_usd == Decimal("999999999.999999999")
    assert row.released_at.astimezone(UTC) + timedelta(days=1) > datetime(9990, 12, 30, tzinfo=UTC)


def test_a_cost_of_nothing_is_written_short() -> None:
    store = told('{\n "mintage": 1', json.dumps(row_fields(ROW) | {"cost_usd": "0e999999"}))
    (row,) = read_manifest(store, "manifest.json")[1]
    assert row_fields(row)["cost_usd"] == "0.00"


@pytest.mark.parametrize(
    ("opening", "said"),
    [
        ("[" * 900_000, "does not start"),
        ('{\n "mintage": 1,\n "charged_usd": "1e999999"', "bad charged_usd"),
        ('{\n "mintage": 1,\n "campaign": 5', "bad campaign"),
        ('{\n "mintage": 1,\n "withdrawn": [{"key": "x"}]', "bad withdrawn.0.sha256"),
        ('{\n "mintage": 1,\n "withdrawn": [\n  {\n   "key": "x"\n  }\n ]', "asset 1, has a bad"),
        ('{\n "mintage": 1,\n "withdrawn": [\n  {\n   "key": "x"', "ends in the middle"),
        ('{\n "mintage": 1,\n "withdrawn": [\n' + "[" * 900_000 + "\n}\n]", "asset 1, "),
    ],
)
def test_a_header_that_lies_is_refused(opening: str, said: str) -> None:
    assert said in refused(told(opening, json.dumps(row_fields(ROW))))


def test_a_withdrawal_at_a_time_without_a_zone_is_refused() -> None:
    store = MemoryStore()
    gone = Withdrawn("released/a/b/1/c.png", "0" * 64, "b@1#c", ACCEPTED_AT, "old logo")
    write_manifest(store, "", ManifestHeader(withdrawn=(gone, gone)), [ROW])
    text = store.get("manifest.json").decode()
    assert read_manifest(store, "manifest.json")[0].withdrawn == (gone, gone)
    store.replace(
        "manifest.json",
        text.replace("2026-10-01T12:00:00.000000Z", "2026-10-01T12:00:00").encode(),
        media_type="application/json",
    )
    assert "withdrawn asset 1, has a bad at" in refused(store)


def test_a_hundred_thousand_withdrawals_are_read_and_more_than_can_be_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore()
    gone = Withdrawn(FORM.key, "0" * 64, "b@1#c", ACCEPTED_AT, "The label has the wrong year.")
    write_manifest(store, "", ManifestHeader(withdrawn=(gone,) * 10_000), [ROW])
    # Ten times as many fit still.
    assert len(store.get("manifest.json")) * 10 < manifest.WITHDRAWN_BYTES_MAX
    assert len(read_manifest(store, "manifest.json")[0].withdrawn) == 10_000
    monkeypatch.setattr(manifest, "WITHDRAWN_BYTES_MAX", 2_000_000)
    assert "more that was withdrawn than can be" in refused(store)


class Endless(MemoryStore):
    """A store whose manifest begins, goes on with one line for ever, and counts what was asked for."""

    def __init__(self, opening: bytes, line: bytes) -> None:
        super().__init__()
        self.opening, self.line, self.sent = opening, line, 0

    def chunks(self, key: str) -> Iterator[bytes]:
        """Give chunks of 1 MB, 600 at most."""
        assert key == "manifest.json"
        yield self.opening
        chunk = self.line * (1_000_000 // len(self.line))
        for _ in range(600):
            self.sent += len(chunk)
            yield chunk


@pytest.mark.parametrize(
    ("opening", "line"),
    [(b'{\n "mintage": 1,\n', b"x" * 199), (b' "withdrawn": [\n', b"x" * 199)],
)
def test_a_header_without_an_end_is_given_up_soon(opening: bytes, line: bytes) -> None:
    store = Endless(opening, line + b"\n")
    tracemalloc.start()
    try:
        assert "write it again" in refused(store)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert store.sent < 4 << 20
    assert peak < FLAT_BYTES
