"""What a run publishes: manifest, campaign index and contact sheet, whoever else writes them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from books_parts import SteppingClock
from ledger_urls import lay_blank_books
from shown_parts import (
    CAMPAIGN,
    CRITERIA,
    SMALL,
    Wish,
    in_latest,
    in_manifest,
    put_and_publish,
    put_order,
    release_now,
)

from assets import MemoryStore, edition_prefix, read_manifest
from assets.layout import latest_key
from assets.sheet import read_thumbnails
from flows import publishing
from flows.publishing import publish, put_latest, put_manifest
from ledger import Books

WHO = "maria@acme.example"


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    path = tmp_path / "ledger.db"
    lay_blank_books(path)
    with Books.open(f"sqlite:///{path}", clock=SteppingClock()) as opened:
        yield opened


def take_back(books: Books, job_id: str) -> None:
    with books.transaction() as desk:
        assert desk.withdraw(job_id, by=WHO, because="the maker objects")


def test_rows_say_what_the_books_have_and_stand_in_the_order_that_people_expect(
    books: Books,
) -> None:
    store = MemoryStore()
    wish = Wish(jobs=12, renditions=True)
    put_and_publish(books, store, wish)
    expected = [key for n in range(12) for key in (wish.key(n), wish.key(n, SMALL))]
    assert in_manifest(store, wish) == in_latest(store) == expected
    header, rows = read_manifest(store, edition_prefix(CAMPAIGN, wish.order_id) + "manifest.json")
    master, rendition = itertools.islice(rows, 20, 22)
    assert (header.order, header.campaign, header.edition) == (wish.order_id, CAMPAIGN, "one")
    assert (master.name, master.format, master.language) == ("card-10", "png", "en")
    assert (master.title, master.alt) == ("Card 10", "A card with the number 10")
    assert (master.rights, master.credit, master.tags) == ("Acme", "Acme", ("autumn", "n10"))
    assert (master.verdicts, master.source_type) == (CRITERIA, "algorithmicMedia")
    # Who wrote the rights did not say in which language.
    assert dict(master.texts) == {
        "title": {"en": "Card 10", "de": "Karte 10"},
        "alt": {"en": "A card with the number 10"},
    }
    assert (rendition.name, rendition.master) == (f"card-10{SMALL}", master.key)
    assert (rendition.width, rendition.verdicts) == (4, CRITERIA)
    assert (rendition.job_id, rendition.receipt) == (master.job_id, wish.receipt(10, SMALL))
    assert (master.cost_usd, rendition.cost_usd) == (Decimal("0.003"), Decimal(0))
    assert store.get(edition_prefix(CAMPAIGN, wish.order_id) + "index.html")


def test_an_index_names_the_newest_edition_of_each_name_and_no_withdrawn_one(books: Books) -> None:
    store = MemoryStore()
    old, new = Wish("cards@one", jobs=3), Wish("cards@two", jobs=2, first=100)
    other = Wish("cards-2@one", jobs=1, first=200, labelled=False)
    for wish in (old, new, other):
        put_and_publish(books, store, wish)
    assert in_latest(store) == [new.key(0), new.key(1), old.key(2), other.key(0)]
    take_back(books, new.job_id(1))
    take_back(books, old.job_id(2))
    put_latest(books, store, CAMPAIGN)
    assert in_latest(store) == [new.key(0), old.key(1), other.key(0)]
    header, _ = read_manifest(store, latest_key(CAMPAIGN))
    assert (header.order, header.edition, header.campaign) == (None, None, CAMPAIGN)
    gone = {(one.key, one.because) for one in header.withdrawn}
    assert gone == {(old.key(2), "the maker objects"), (new.key(1), "the maker objects")}


def test_a_manifest_tells_what_was_withdrawn_with_its_renditions(books: Books) -> None:
    store = MemoryStore()
    wish = Wish(jobs=2, renditions=True)
    put_order(books, store, wish)
    take_back(books, wish.job_id(0))
    publish(books, store, wish.order_id)
    assert in_manifest(store, wish) == [wish.key(1), wish.key(1, SMALL)]
    header, _ = read_manifest(store, edition_prefix(CAMPAIGN, wish.order_id) + "manifest.json")
    assert [one.key for one in header.withdrawn] == [wish.key(0), wish.key(0, SMALL)]
    sheet = store.get(edition_prefix(CAMPAIGN, wish.order_id) + "index.html").decode()
    assert f'"key":"{wish.key(1)}","job_id"' in sheet
    assert f'"key":"{wish.key(0)}","job_id"' not in sheet


def test_an_order_that_released_nothing_has_a_manifest_and_no_contact_sheet(books: Books) -> None:
    store = MemoryStore()
    put_order(books, store, wish := Wish(jobs=1), until=0)
    publish(books, store, wish.order_id)
    assert in_manifest(store, wish) == in_latest(store) == []
    assert store.head(edition_prefix(CAMPAIGN, wish.order_id) + "index.html") is None


def test_thumbnails_take_no_longer_than_they_may_and_the_next_sheet_has_the_rest(
    books: Books,
) -> None:
    store = MemoryStore()
    put_order(books, store, wish := Wish(jobs=3))
    ticks = itertools.count(step=publishing.THUMBNAILS_S / 2)
    key = edition_prefix(CAMPAIGN, wish.order_id) + "index.html"

    publish(books, store, wish.order_id, clock=lambda: next(ticks))
    assert (len(list(read_thumbnails(store, key))), in_sheet(store, key)) == (1, 3)
    publish(books, store, wish.order_id)
    assert (len(list(read_thumbnails(store, key))), in_sheet(store, key)) == (3, 3)


def in_sheet(store: MemoryStore, key: str) -> int:
    return store.get(key).count(b'{"sha256":"')


class Turns:
    """Lets threads go on one step at a time, in an order that was laid down before."""

    def __init__(self, order: tuple[str, ...]) -> None:
        self._order = list(order)
        self._changed = threading.Condition()
        self._ended: set[str] = set()

    def step(self) -> None:
        """Wait for one's turn; when the order is used up, or only the ended are in it, go on."""
        me = threading.current_thread().name
        with self._changed:
            while True:
                while self._order and self._order[0] in self._ended:
                    self._order.pop(0)
                if not self._order or self._order[0] == me:
                    break
                assert self._changed.wait(timeout=20), "nobody moves"
            if self._order:
                self._order.pop(0)
            self._changed.notify_all()

    @contextmanager
    def taking_part(self) -> Iterator[None]:
        """Be passed over from when the block ends."""
        try:
            yield
        finally:
            with self._changed:
                self._ended.add(threading.current_thread().name)
                self._changed.notify_all()


class SteppingStore(MemoryStore):
    """A store in which every write waits for its writer's turn."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self.turns = turns

    def replace(
        self,
        key: str,
        source: BinaryIO | bytes,
        *,
        media_type: str,
        cache_control: str = "no-cache",
    ) -> None:
        """Wait, then write."""
        self.turns.step()
        super().replace(key, source, media_type=media_type, cache_control=cache_control)


class SteppingBooks:
    """Books in which every look at the marks waits for its reader's turn."""

    def __init__(self, books: Books, turns: Turns) -> None:
        self._books = books
        self._turns = turns

    def __getattr__(self, name: str) -> object:
        found = getattr(self._books, name)
        if name in {"release_mark", "job_counts", "released_of_campaign", "released"}:
            self._turns.step()
        return found


STEPS = 6
"""Of one writer that nobody disturbs: its own entry in the books, a mark, the rows, the table, the
list, a mark."""
MERGES = [
    "".join("b" if place in places else "a" for place in range(2 * STEPS))
    for places in itertools.combinations(range(2 * STEPS), STEPS)
]
"""Every way in which the steps of two writers can follow each other: 924."""


TRIED = MERGES[:: len(MERGES) // 33]


@dataclass(frozen=True, slots=True)
class Stage:
    """One round of two writers, from their first step on."""

    books: Books
    """For what a writer does to the books."""
    seen: Books
    """The same books, in which looking takes a turn."""
    store: SteppingStore
    turns: Turns


def play(books: Books, order: str, *works: Callable[[Stage], object]) -> MemoryStore:
    """Let two writers go on in turns; give the store that they leave."""
    turns = Turns(tuple(order))
    stage = Stage(books, cast("Books", SteppingBooks(books, turns)), SteppingStore(turns), turns)
    failed: list[BaseException] = []

    def run(work: Callable[[Stage], object]) -> None:
        with turns.taking_part():
            try:
                turns.step()
                work(stage)
            except BaseException as error:  # noqa: BLE001  told in the test's own thread
                failed.append(error)

    threads = [
        threading.Thread(target=run, args=(work,), name=name)
        for name, work in zip("ab", works, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), order
    assert not failed, (order, failed)
    return stage.store


def test_two_runs_of_one_campaign_that_end_at_once_leave_the_newest_index(books: Books) -> None:
    first = Wish("first@one", jobs=len(TRIED))
    second = Wish("second@one", jobs=len(TRIED), first=1000)
    put_order(books, None, first, until=0)
    put_order(books, None, second, until=0)

    def ending(wish: Wish, number: int) -> Callable[[Stage], None]:
        def work(stage: Stage) -> None:
            release_now(stage.books, wish, number)
            put_latest(stage.seen, stage.store, CAMPAIGN)

        return work

    for number, order in enumerate(TRIED):
        store = play(books, order, ending(first, number), ending(second, number))
        assert in_latest(store) == sorted_by_number(first, number) + sorted_by_number(
            second, number
        ), order


def sorted_by_number(wish: Wish, last: int) -> list[str]:
    return [wish.key(number) for number in range(last + 1)]


def test_a_withdrawal_while_a_run_ends_is_in_the_manifest_that_is_left(books: Books) -> None:
    wish = Wish(jobs=len(TRIED) + 1)
    put_order(books, None, wish)

    def ending(stage: Stage) -> None:
        put_manifest(stage.seen, stage.store, wish.order_id)

    def withdrawing(number: int) -> Callable[[Stage], None]:
        def work(stage: Stage) -> None:
            take_back(stage.books, wish.job_id(number))
            put_manifest(stage.seen, stage.store, wish.order_id)

        return work

    for number, order in enumerate(TRIED):
        store = play(books, order, ending, withdrawing(number))
        left = [wish.key(one) for one in range(number + 1, wish.jobs)]
        assert in_manifest(store, wish) == left, order


class EverMoving:
    """Books of a campaign in which another run releases without end."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.looks = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._books, name)

    def release_mark(self, campaign: str) -> tuple[int, int]:
        """Give another mark every time."""
        assert campaign == CAMPAIGN
        self.looks += 1
        return self.looks, 0


def test_who_ends_beside_a_run_at_work_leaves_the_last_word_to_it(books: Books) -> None:
    put_order(books, None, Wish(jobs=1))
    put_order(books, None, Wish("long@one", jobs=2, first=5), until=1)
    moving = EverMoving(books)
    put_latest(cast("Books", moving), MemoryStore(), CAMPAIGN)
    assert moving.looks == 2 * publishing.TRIES_BESIDE_OTHERS
