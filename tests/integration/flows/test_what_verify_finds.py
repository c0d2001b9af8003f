"""What verify finds in a store that somebody had their hands in, and what it lets pass."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from books_parts import SteppingClock
from ledger_urls import lay_blank_books
from shown_parts import (
    CAMPAIGN,
    SMALL,
    Wish,
    picture,
    put_and_publish,
    put_files,
    put_order,
    release_now,
)

from assets import AuditReport, DirectoryStore, ManifestRow, edition_prefix
from assets.layout import latest_key
from flows.auditing import audit_store
from flows.publishing import publish, put_manifest
from flows.withdrawing import withdraw
from ledger import Books

WISH = Wish(jobs=3, renditions=True)
FOLDER = edition_prefix(CAMPAIGN, WISH.order_id)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    path = tmp_path / "ledger.db"
    lay_blank_books(path)
    with Books.open(f"sqlite:///{path}", clock=SteppingClock()) as opened:
        yield opened


@pytest.fixture
def store(books: Books, tmp_path: Path) -> DirectoryStore:
    made = DirectoryStore(tmp_path / "store")
    put_and_publish(books, made, WISH)
    return made


def told(report: AuditReport) -> set[tuple[str, str]]:
    return {(one.kind.value, one.key) for one in report.problems}


@pytest.mark.parametrize("deep", [False, True])
def test_links_pipes_and_whatever_lies_beside_an_index_are_told(
    books: Books, store: DirectoryStore, deep: bool
) -> None:
    assert audit_store(books, store, None, deep=deep).problems == ()
    root = store.root
    folder = root / FOLDER
    (root / "staging").mkdir()
    (root / "staging/rejected").write_bytes(picture(99))
    (folder / "hidden.png").symlink_to(root / "staging/rejected")
    (root / "released/linked").symlink_to("/etc")
    os.mkfifo(folder / "pipe.png")
    (folder / "index.html").unlink()
    (folder / "index.html").symlink_to("/etc/passwd")
    (folder / "empty").mkdir()
    for name in ("evil.png", "index.html"):
        (root / f"latest/{CAMPAIGN}" / name).write_bytes(b"x")
    (root / "latest/nobody").mkdir()
    (root / "latest/nobody/index.json").write_bytes(b"{}")
    assert told(audit_store(books, store, None, deep=deep)) == {
        ("only_in_store", key)
        for key in (
            f"{FOLDER}hidden.png",
            f"{FOLDER}pipe.png",
            f"{FOLDER}index.html",
            "released/linked",
            f"latest/{CAMPAIGN}/evil.png",
            f"latest/{CAMPAIGN}/index.html",
            "latest/nobody/index.json",
        )
    }
    of_order = told(audit_store(books, store, WISH.order_id, deep=deep))
    assert {key for _, key in of_order} == {
        f"{FOLDER}{name}" for name in ("hidden.png", "pipe.png", "index.html")
    }


@pytest.mark.parametrize(("deep", "kind"), [(False, "missing"), (True, "changed")])
def test_an_asset_that_became_a_link_to_its_own_bytes_is_told(
    books: Books, store: DirectoryStore, deep: bool, kind: str
) -> None:
    path = store.root / WISH.key(1)
    (store.root / "elsewhere.png").write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(store.root / "elsewhere.png")
    assert told(audit_store(books, store, None, deep=deep)) == {
        (kind, WISH.key(1)),
        ("only_in_store", WISH.key(1)),
    }


@pytest.mark.parametrize("deep", [False, True])
def test_a_whole_campaign_behind_a_link_is_told(
    books: Books, store: DirectoryStore, deep: bool
) -> None:
    campaign = store.root / "released" / CAMPAIGN
    campaign.rename(store.root / "moved")
    campaign.symlink_to(store.root / "moved")
    found = told(audit_store(books, store, None, deep=deep))
    assert ("only_in_store", f"released/{CAMPAIGN}") in found
    assert ("changed", WISH.key(0, SMALL)) in found


def test_whatever_a_forged_receipt_says_otherwise_is_told_by_a_deep_audit(
    books: Books, store: DirectoryStore
) -> None:
    whole = json.loads(store.get(WISH.receipt(0)))
    forgeries: list[tuple[str, object]] = [
        ("cost", {"amount": "99.00", "currency": "USD"}),
        ("cost", {}),
        ("approved_by", "nobody@acme.example"),
        ("verified_by", []),
        ("verified_by", [{**whole["verified_by"][0], "version": 9}, *whole["verified_by"][1:]]),
        ("job", {**whole["job"], "id": "other"}),
        ("order", {**whole["order"], "owner": "otto@acme.example"}),
        ("brief", {**whole["brief"], "prompt": "Another"}),
        ("label", {**whole["label"], "credit": "Another"}),
        ("withdrawn", {"by": "a", "because": "b", "at": "c"}),
        ("another", 1),
    ]
    for name, value in forgeries:
        forged = json.dumps({**whole, name: value}).encode()
        store.replace(WISH.receipt(0), forged, media_type="application/json")
        (found,) = audit_store(books, store, None, deep=True).problems
        assert (found.kind.value, found.key) == ("receipt_changed", WISH.receipt(0))
        assert found.detail == f"the books say otherwise of {name}"
    short = json.dumps({"asset": whole["asset"], "job": whole["job"]}).encode()
    store.replace(WISH.receipt(0), short, media_type="application/json")
    (found,) = audit_store(books, store, None, deep=True).problems
    assert "of accepted_at, approved_at, approved_by, cost, made_by" in found.detail
    # What earlier Mintages wrote said less.
    older = {name: value for name, value in whole.items() if name not in {"label", "mended"}}
    older["mintage_version"] = "0.1"
    del older["brief"]["changed"]
    store.replace(WISH.receipt(0), json.dumps(older).encode(), media_type="application/json")
    assert audit_store(books, store, None, deep=True).problems == ()


def test_a_withdrawals_mark_in_a_receipt_must_be_the_books_own(
    books: Books, store: DirectoryStore
) -> None:
    withdraw(books, store, WISH.job_id(0), by="maria@acme.example", because="the maker objects")
    assert audit_store(books, store, None, deep=True).problems == ()
    receipt = json.loads(store.get(WISH.receipt(0, SMALL)))
    receipt["withdrawn"]["by"] = "otto@acme.example"
    forged = json.dumps(receipt).encode()
    store.replace(WISH.receipt(0, SMALL), forged, media_type="application/json")
    (found,) = audit_store(books, store, None, deep=True).problems
    assert (found.key, found.detail) == (
        WISH.receipt(0, SMALL),
        "the books say otherwise of withdrawn",
    )


@pytest.mark.parametrize("place", ["manifest", "index"])
def test_whatever_is_forged_in_a_manifest_or_an_index_is_told(
    books: Books, store: DirectoryStore, place: str
) -> None:
    key = f"{FOLDER}manifest.json" if place == "manifest" else latest_key(CAMPAIGN)
    table = key.removesuffix("json") + "csv"
    whole = store.get(key).decode()
    first = next(line for line in whole.splitlines() if line.startswith('{"name"'))
    row = json.loads(first.removesuffix(","))

    def forged(**changed: object) -> str:
        line = json.dumps({**row, **changed}, ensure_ascii=False)
        return whole.replace(first.removesuffix(","), line)

    header = f'"campaign": "{CAMPAIGN}"'
    gone = {"key": WISH.key(1), "sha256": "0" * 64, "job_id": "x", "because": "y"}
    lie = json.dumps([{**gone, "at": "2026-01-01T00:00:00Z"}])
    for content, detail in (
        ('{"evil":1}', "is no manifest that Mintage wrote"),
        ("garbage", "is no manifest that Mintage wrote"),
        ("", "is no manifest that Mintage wrote"),
        (whole[: whole.index("]}")], "it ends in the middle"),
        (forged(cost_usd="99.00"), f"of {row['key']} it says otherwise than the books"),
        (forged(sha256="0" * 64), "otherwise than the books"),
        (forged(alt="Another", approved_by="otto@acme.example"), "otherwise than the books"),
        (forged(name="evil", key="staging/00/00"), "the books have no staging/00/00 as released"),
        (whole.replace(first, f"{first}\n{first}"), f"it names {row['key']} twice"),
        (whole.replace(f"{first}\n", ""), f"it does not name {row['key']}"),
        (whole.replace(header, '"campaign": "other"'), "another order's or campaign's"),
        (whole.replace(header, f'{header}, "withdrawn": {lie}'), f"{WISH.key(1)} is withdrawn"),
    ):
        assert content != whole
        store.replace(key, content.encode(), media_type="application/json")
        found = audit_store(books, store, None, deep=False)
        assert {(one.kind.value, one.key) for one in found.problems} == {("manifest_changed", key)}
        assert any(detail in one.detail for one in found.problems)
        command = f"`mintage resume {WISH.order_id}` writes it anew"
        assert all(one.detail.endswith(command) for one in found.problems)
    store.replace(key, whole.encode(), media_type="application/json")
    right = store.get(table)
    store.replace(table, right.replace(b"0.003", b"0.004"), media_type="text/csv")
    assert told(audit_store(books, store, None, deep=False)) == {("manifest_changed", table)}
    publish(books, store, WISH.order_id)
    assert audit_store(books, store, None, deep=True).problems == ()


def test_what_is_behind_because_a_run_was_cut_off_is_not_wrong(
    books: Books, store: DirectoryStore
) -> None:
    late = Wish("cards@two", jobs=3, first=50)
    put_order(books, store, late, until=1)
    publish(books, store, late.order_id)
    assert audit_store(books, store, None, deep=False).behind == ()
    for n in (1, 2):
        put_files(store, late, n, picture(late.first + n))
        release_now(books, late, n)
    with books.transaction() as desk:
        desk.finish_order(late.order_id)
    report = audit_store(books, store, None, deep=False)
    manifest = f"{edition_prefix(CAMPAIGN, late.order_id)}manifest.json"
    assert (report.problems, report.behind) == ((), (manifest, latest_key(CAMPAIGN)))
    # Something else that it does not name was released before what it names.
    put_manifest(books, store, late.order_id)
    whole = store.get(manifest).splitlines(keepends=True)
    left = b"".join(line for line in whole if late.key(1).encode() not in line)
    store.replace(manifest, left, media_type="application/json")
    assert ("manifest_changed", manifest) in told(audit_store(books, store, None, deep=False))
    publish(books, store, late.order_id)
    report = audit_store(books, store, None, deep=False)
    assert (report.problems, report.behind) == ((), ())
    assert audit_store(books, store, late.order_id, deep=False).problems == ()


def test_a_manifest_of_an_earlier_mintage_is_compared_in_what_it_has(
    books: Books, store: DirectoryStore
) -> None:
    key = f"{FOLDER}manifest.json"
    lines = store.get(key).decode().splitlines()
    early = [one.name for one in fields(ManifestRow) if one.default is MISSING][:17]
    rows = [json.loads(one.removesuffix(",")) for one in lines if one.startswith('{"name"')]
    kept = [json.dumps({name: row[name] for name in early}) for row in rows]
    start = lines.index(' "assets": [') + 1
    text = "\n".join([*lines[:start], ",\n".join(kept), "]}", ""])
    store.replace(key, text.encode(), media_type="application/json")
    assert audit_store(books, store, None, deep=False).problems == ()
    dearer = text.replace('"0.003"', '"99.00"', 1)
    assert dearer != text
    store.replace(key, dearer.encode(), media_type="application/json")
    assert told(audit_store(books, store, None, deep=False)) == {("manifest_changed", key)}
