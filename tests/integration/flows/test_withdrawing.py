"""Withdrawals: cut off at every step and completed, found by verify in between; what verify sees."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import postgres_server
import pytest
from books_parts import SteppingClock
from ledger_urls import lay_blank_books, migrated
from shown_parts import (
    CAMPAIGN,
    SMALL,
    Wish,
    in_latest,
    in_manifest,
    picture,
    put_and_publish,
    put_files,
    put_order,
)

from assets import AuditReport, DirectoryStore, MemoryStore, edition_prefix
from assets.layout import latest_key
from flows.auditing import audit_store
from flows.errors import BadSettings, UnknownJobId
from flows.withdrawing import withdraw
from ledger import Books, JobMove, JobState, NotReleased, WithdrawalRefused

BY = "maria@acme.example"
BECAUSE = "the maker's lawyers object"
WISH = Wish(jobs=3, renditions=True)
WRITES = 7
"""Two receipts, manifest and index in two files each, contact sheet."""


class Cut(Exception):
    """The process ended here."""


class MortalStore(MemoryStore):
    """A store whose user dies before its nth write."""

    def __init__(self) -> None:
        super().__init__()
        self.left = -1

    def replace(
        self,
        key: str,
        source: BinaryIO | bytes,
        *,
        media_type: str,
        cache_control: str = "no-cache",
    ) -> None:
        """Write, or die."""
        if self.left == 0:
            raise Cut
        self.left -= 1
        super().replace(key, source, media_type=media_type, cache_control=cache_control)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    path = tmp_path / "ledger.db"
    lay_blank_books(path)
    with Books.open(f"sqlite:///{path}", clock=SteppingClock()) as opened:
        yield opened


@pytest.fixture
def store(books: Books) -> MortalStore:
    made = MortalStore()
    put_and_publish(books, made, WISH)
    return made


def kinds(report: AuditReport) -> set[str]:
    return {one.kind.value for one in report.problems}


@pytest.mark.parametrize("step", range(WRITES))
def test_a_withdrawal_that_is_cut_off_is_found_and_completed_by_the_same_command(
    books: Books, store: MortalStore, step: int
) -> None:
    job_id = WISH.job_id(1)
    before = {head.key for head in store.walk("released/")}
    store.left = step
    with pytest.raises(Cut):
        withdraw(books, store, job_id, by=BY, because=BECAUSE)
    store.left = -1
    found = audit_store(books, store, None, deep=False)
    assert kinds(found) == {"withdrawn_shown"}
    command = shlex.join(
        ["mintage", "assets", "withdraw", job_id, "--by", BY, "--because", BECAUSE]
    )
    assert all(one.detail.endswith(f"; `{command}` completes it") for one in found.problems)
    assert {one.key for one in found.problems} <= {WISH.key(1), WISH.key(1, SMALL)}

    done = withdraw(books, store, job_id, by="otto@acme.example", because="again")
    assert (done.before, done.by, done.because) == (True, BY, BECAUSE)
    assert done.marked == max(0, 2 - step)
    ended = audit_store(books, store, None, deep=True)
    assert (ended.problems, ended.checked, ended.withdrawn) == ((), 6, 2)
    left = [WISH.key(n, suffix) for n in (0, 2) for suffix in ("", SMALL)]
    assert in_manifest(store, WISH) == in_latest(store) == left
    assert before == {head.key for head in store.walk("released/")}
    for suffix in ("", SMALL):
        receipt = json.loads(store.get(WISH.receipt(1, suffix)))
        assert receipt["withdrawn"]["by"] == BY
        assert receipt["asset"]["key"] == WISH.key(1, suffix)


def test_it_takes_exactly_so_many_writes(books: Books, store: MortalStore) -> None:
    store.left = WRITES
    assert not withdraw(books, store, WISH.job_id(1), by=BY, because=BECAUSE).before
    assert store.left == 0


def test_what_is_meant_can_be_said_in_many_ways(books: Books, store: MortalStore) -> None:
    for target in (
        WISH.job_id(0),
        "cards#card-0",
        f"{WISH.order_id}#card-0{SMALL}",
        f"cards#card-0{SMALL}",
        WISH.key(0),
        WISH.key(0, SMALL),
        store.locate(WISH.key(0)),
    ):
        assert withdraw(books, store, target, by=BY, because=BECAUSE).job_id == WISH.job_id(0)
    put_and_publish(books, store, Wish("cards@two", first=50))
    with pytest.raises(BadSettings, match="2 editions have released cards#card-0; name one: "):
        withdraw(books, store, "cards#card-0", by=BY, because=BECAUSE)
    for unknown in ("cards", "cards#", "cards#no", "released/x", f"{WISH.key(0)}x", "no@1#card-0"):
        with pytest.raises(UnknownJobId):
            withdraw(books, store, unknown, by=BY, because=BECAUSE)


def test_what_is_not_released_cannot_be_withdrawn_and_somebody_must_have_a_reason(
    books: Books, store: MortalStore, tmp_path: Path
) -> None:
    wish = Wish("cards@two", jobs=1, first=50)
    put_order(books, store, wish, until=0)
    with pytest.raises(NotReleased):
        withdraw(books, store, wish.job_id(0), by=BY, because=BECAUSE)
    for by, because in (("", BECAUSE), (BY, " ")):
        with pytest.raises(WithdrawalRefused):
            withdraw(books, store, WISH.job_id(0), by=by, because=because)
    assert books.withdrawal(WISH.job_id(0)) is None
    with pytest.raises(BadSettings, match="MINTAGE_STORE_URL"):
        withdraw(
            books, DirectoryStore(tmp_path / "elsewhere"), WISH.job_id(0), by=BY, because=BECAUSE
        )
    assert books.withdrawal(WISH.job_id(0)) is None


def test_a_receipt_that_is_gone_or_broken_is_told_and_all_else_is_done(
    books: Books, store: MortalStore
) -> None:
    store.replace(WISH.receipt(0), b"no receipt", media_type="application/json")
    done = withdraw(books, store, WISH.job_id(0), by=BY, because=BECAUSE)
    assert (done.marked, len(done.problems)) == (1, 1)
    assert "is no receipt any more" in done.problems[0]
    assert WISH.key(0) not in in_manifest(store, WISH)
    assert kinds(audit_store(books, store, None, deep=False)) == {"withdrawn_shown"}


def test_a_manifest_that_nobody_can_read_may_show_what_is_withdrawn(
    books: Books, store: MortalStore
) -> None:
    withdraw(books, store, WISH.job_id(0), by=BY, because=BECAUSE)
    store.replace(latest_key(CAMPAIGN), b"{}", media_type="application/json")
    assert kinds(audit_store(books, store, None, deep=False)) == {"manifest_changed"}


def test_a_store_from_before_there_was_an_index_is_whole(books: Books) -> None:
    store = MemoryStore()
    put_order(books, store, WISH)
    assert audit_store(books, store, None, deep=True).problems == ()


def test_a_release_that_was_cut_off_is_unfinished_and_anything_else_ungated(books: Books) -> None:
    store = MemoryStore()
    put_and_publish(books, store, WISH)
    wish = Wish("cards@two", jobs=4, first=50, renditions=True)
    put_order(books, store, wish, until=0)
    # All of one, a rendition of another, and only a receipt, as kills leave them.
    put_files(store, wish, 0, picture(50, 4), SMALL)
    put_files(store, wish, 0, picture(50))
    put_files(store, wish, 1, picture(51, 4), SMALL)
    report = audit_store(books, store, None, deep=False)
    assert report.problems == ()
    assert report.unfinished == tuple(
        sorted(
            f(n, suffix)
            for n, suffix in ((0, SMALL), (0, ""), (1, SMALL))
            for f in (wish.key, wish.receipt)
        )
    )
    # Other bytes than those approved, a job that was given up, and a file of nobody.
    put_files(store, wish, 2, picture(99))
    put_files(store, wish, 3, picture(53))
    with books.transaction() as desk:
        desk.move([JobMove(wish.job_id(3), JobState.APPROVED, JobState.REJECTED, "seen before")])
    for key in (
        f"{edition_prefix(CAMPAIGN, wish.order_id)}planted.png",
        "released/manifest.json",
        "released/nobody/knows/it/manifest.json",
        f"{edition_prefix(CAMPAIGN, wish.order_id)}deep/manifest.json",
    ):
        store.put_once(key, b"x", sha256=hashlib.sha256(b"x").hexdigest(), media_type="image/png")
    report = audit_store(books, store, None, deep=False)
    assert len(report.unfinished) == 6
    assert kinds(report) == {"only_in_store"}
    assert all("has not passed every gate" in one.detail for one in report.problems)
    told = {one.key: one.detail for one in report.problems}
    assert len(told) == 8
    assert "other bytes" in told[wish.key(2)]
    assert f"{wish.job_id(3)} as rejected" in told[wish.key(3)]
    assert f"{wish.job_id(3)} as rejected" in told[wish.receipt(3)]
    # One order's own folder only.
    assert len(audit_store(books, store, wish.order_id, deep=False).problems) == 6
    assert audit_store(books, store, WISH.order_id, deep=False).problems == ()


def test_renditions_and_their_receipts_are_looked_at_and_read_deeply(
    books: Books, store: MortalStore
) -> None:
    whole = store.get(WISH.key(2, SMALL))
    store.replace(WISH.key(2, SMALL), whole[::-1], media_type="image/png")
    store.replace(WISH.receipt(1, SMALL), b"{}", media_type="application/json")
    deep = audit_store(books, store, None, deep=True)
    assert [(one.kind.value, one.key) for one in deep.problems] == [
        ("receipt_changed", WISH.receipt(1, SMALL)),
        ("changed", WISH.key(2, SMALL)),
    ]
    assert deep.checked == 6


@pytest.mark.postgres
def test_all_of_it_is_the_same_on_postgresql(request: pytest.FixtureRequest) -> None:
    server = postgres_server.session_server(request.config)
    url = server.fresh_database()
    migrated(url)
    store = MortalStore()
    with Books.open(url, clock=SteppingClock()) as opened:
        put_and_publish(opened, store, WISH)
        put_and_publish(opened, store, Wish("cards@two", jobs=2, first=50))
        put_order(opened, store, third := Wish("cards@three", jobs=1, first=90), until=0)
        put_files(store, third, 0, picture(90))
        store.left = 3
        with pytest.raises(Cut):
            withdraw(opened, store, WISH.job_id(2), by=BY, because=BECAUSE)
        store.left = -1
        found = audit_store(opened, store, None, deep=False)
        assert kinds(found) == {"withdrawn_shown"}
        assert found.unfinished == (third.key(0), third.receipt(0))
        assert withdraw(opened, store, WISH.key(2), by=BY, because=BECAUSE).before
        assert audit_store(opened, store, None, deep=True).problems == ()
        newest = Wish("cards@two")
        assert in_latest(store) == [newest.key(0), newest.key(1)]
    server.drop_database(url)
