"""Two hundred jobs, sixty outputs that break one of ten rules: those and no others are held back."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import ten_rules
from loopback.server import LoopbackProvider
from mint_runs import Desk, Finished, assert_books_equal_bill, assert_every_job_ended

from ledger import AttemptStory, Books, JobState, JobStory, MendKind, usd

pytestmark = pytest.mark.xdist_group("ten_rules")

PRICE_USD = Decimal("0.003")
DOCS = Path(__file__).parent.parent.parent / "docs" / "ten-rules.md"
CARDS = ten_rules.cards()


@dataclass(frozen=True, slots=True)
class Shop:
    """A finished run of the order: who ran it, who built, what was said, and every job's story."""

    desk: Desk
    provider: LoopbackProvider
    run: Finished
    status: dict[str, Any]
    spend: str
    """The table of `ledger summary --by criterion`."""
    stories: dict[str, JobStory]

    @property
    def order_id(self) -> str:
        """The order's id, with its edition."""
        return str(self.status["order"])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Run the order once, with a provider that gives out the files laid down in `ten_rules`."""
    folder = tmp_path_factory.mktemp("shop")
    ten_rules.stock(folder / "shelf")
    with LoopbackProvider(shelf=str(folder / "shelf")) as provider:
        desk = Desk.at(folder, provider)
        desk.real_start = True
        (folder / "order.yaml").write_bytes(ten_rules.ORDER_FILE.read_bytes())
        run = desk.mintage("run", "order.yaml")
        assert run.code == 3, run.err
        order_id = run.out.split(maxsplit=1)[0]
        status = desk.here("status", order_id, "--json").json()
        spend = desk.here("ledger", "summary", "--by", "criterion").out
        yield Shop(desk, provider, run, status, spend, _stories(folder, order_id))
        desk.close()


def _stories(folder: Path, order_id: str) -> dict[str, JobStory]:
    url = f"sqlite:///{folder}/.mintage/ledger.db"
    with Books.open(url, clock=lambda: datetime.now(UTC)) as books:
        found = [books.story(f"{order_id}#{card.name}") for card in CARDS]
    return {story.job.name: story for story in found if story is not None}


def _broken(attempt: AttemptStory) -> list[str]:
    """Name every rule that the file of an attempt broke, as it is now."""
    return [verdict.criterion for verdict in attempt.verdicts if not verdict.passed]


def test_thirty_percent_of_the_outputs_break_one_rule_each() -> None:
    flaws = Counter(card.flaw for card in CARDS)
    assert flaws.pop(None) == 140
    assert len(CARDS) == 200
    assert set(flaws.values()) == {6}
    assert len(flaws) == 10
    rules = {name for rule in ten_rules.order()["done"] for name in rule}
    assert set(flaws) - rules == {"intact"}


def test_no_good_output_is_held_back_and_every_good_one_is_released_at_once(shop: Shop) -> None:
    good = [card for card in CARDS if card.flaw is None]
    for card in good:
        story = shop.stories[card.name]
        assert story.job.state is JobState.RELEASED, (card, story.job.reason)
        (attempt,) = story.attempts
        assert _broken(attempt) == []
        assert attempt.mends == ()
    assert len(good) == 140


def test_a_rule_that_was_broken_once_costs_one_more_attempt_and_is_named(shop: Shop) -> None:
    reworked = [card for card in CARDS if card.is_reworked]
    for card in reworked:
        story = shop.stories[card.name]
        assert story.job.state is JobState.RELEASED, (card, story.job.reason)
        assert [_broken(attempt) for attempt in story.attempts] == [[card.flaw], []]
        assert story.release is not None
        assert story.release.sha256 == story.attempts[1].sha256
    assert len(reworked) == 9 * 3


def test_a_rule_that_was_broken_at_every_attempt_rejects_the_job_and_is_the_reason(
    shop: Shop,
) -> None:
    rejected = [card for card in CARDS if card.is_rejected]
    for card in rejected:
        story = shop.stories[card.name]
        assert story.job.state is JobState.REJECTED, card
        assert [_broken(attempt) for attempt in story.attempts] == [[card.flaw], [card.flaw]]
        assert story.release is None
        reason = str(story.job.reason)
        assert re.findall(r"(?:^|; )([a-z_]+): ", reason) == [card.flaw]
    assert len(rejected) == 9 * 3
    reasons = {
        one["job_id"].partition("#")[2]: one["reason"] for one in shop.status["not_released"]
    }
    assert reasons == {card.name: shop.stories[card.name].job.reason for card in rejected}


def test_bars_at_the_edges_are_cut_off_without_paying_again(shop: Shop) -> None:
    mended = [card for card in CARDS if card.flaw == "borders"]
    for card in mended:
        story = shop.stories[card.name]
        assert story.job.state is JobState.RELEASED, (card, story.job.reason)
        (attempt,) = story.attempts
        (mend,) = attempt.mends
        assert mend.kind is MendKind.RECROP
        assert [one.criterion for one in mend.verdicts if not one.passed] == ["borders"]
        assert _broken(attempt) == []
        assert usd(story.job.spent_nano) == PRICE_USD
    assert len(mended) == 6


def test_a_copy_is_rejected_by_the_name_of_what_it_is_a_copy_of(shop: Shop) -> None:
    originals = [card.name for card in CARDS[: 2 * 6]]
    copies = [card for card in CARDS if card.flaw == ten_rules.COPIED]
    for card in copies:
        first = shop.stories[card.name].attempts[0]
        (verdict,) = (one for one in first.verdicts if not one.passed)
        measured = json.loads(verdict.measured_json)
        assert measured["nearest"] in originals
        assert measured["mirrored"] is True
        assert str(measured["nearest"]) in str(verdict.reason)


def test_the_books_are_the_bill_and_say_what_each_rule_cost(shop: Shop) -> None:
    charged = assert_books_equal_bill(shop.desk, shop.provider)
    expected = Counter(
        {"released": 200 - 9 * 3}
        | {rule: 3 + 2 * 3 for rule in ten_rules.FLAWS if rule != "borders"}
    )
    attempts = sum(expected.values())
    assert charged == attempts * PRICE_USD
    assert shop.provider.counters().posts == attempts == shop.status["attempts"]
    summary = shop.desk.here("ledger", "summary", "--by", "criterion", "--json").json()
    rows = {row["criterion"]: row for row in summary["rows"]}
    assert {key: row["attempts"] for key, row in rows.items()} == expected
    for key, row in rows.items():
        assert Decimal(row["charged_usd"]) == expected[key] * PRICE_USD
        assert row["is_reject"] is (key != "released")
    assert sum(Decimal(row["charged_usd"]) for row in summary["rows"]) == charged
    assert Decimal(summary["charged_usd"]) == charged
    assert Decimal(summary["rejects_usd"]) == Decimal(shop.status["rejects_usd"]) == 81 * PRICE_USD
    assert shop.status["rejects_attempts"] == 81


def test_what_is_in_the_store_is_what_passed(shop: Shop) -> None:
    assert_every_job_ended(shop.status)
    assert (shop.status["released"], shop.status["rejected"]) == (173, 27)
    edition = shop.order_id.partition("@")[2]
    released = shop.desk.folder / ".mintage/store/released/winter-2026/shelf-cards" / edition
    manifest = json.loads((released / "manifest.json").read_text(encoding="utf-8"))
    assert {asset["name"] for asset in manifest["assets"]} == {
        card.name for card in CARDS if not card.is_rejected
    }


def test_what_people_read_fits_a_terminal_and_adds_up(shop: Shop) -> None:
    printed = {
        "run": shop.run.out,
        "summary": shop.spend,
    }
    for text in printed.values():
        assert all(len(line) <= 80 for line in text.splitlines() if not _is_one_path(line))
        rows = [line.split() for line in text.splitlines() if line.startswith("rejected by ")]
        assert len(rows) == 9
        assert sum(Decimal(row[-1].lstrip("$")) for row in rows) == Decimal("0.243")
        assert "$0.243" in text
    assert "… and 7 more;" in printed["run"]
    assert "in all                              254   $0.762" in printed["summary"]


def _is_one_path(line: str) -> bool:
    """Whether a line is a path or a command to be copied, which are never broken."""
    return line.startswith(("Manifest: ", "… and ", "Next: "))


def test_the_page_shows_this_very_order_and_what_it_prints(shop: Shop) -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert ten_rules.ORDER_FILE.read_text(encoding="utf-8") in page
    # The seal of the entries is another one whenever the order is run.
    spend, made_of, _ = shop.spend.partition("Made of 509 entries, E1 to E509, sealed:")
    lines = [line.rstrip() for line in f"{spend}{made_of}".splitlines()]
    assert "\n".join(lines) in page
