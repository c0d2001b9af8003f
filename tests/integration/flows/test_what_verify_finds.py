"""What verify finds in a store that somebody had their hands in, and what it lets pass."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from books_parts import SteppingClock
from ledger_urls import lay_blank_books
from shown_parts import CAMPAIGN, SMALL, Wish, picture, put_and_publish

from assets import AuditReport, DirectoryStore, edition_prefix
from flows.auditing import audit_store
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
