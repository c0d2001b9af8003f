"""A provider's own record read as the lines of a statement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from loopback.server import LoopbackProvider
from pydantic import SecretStr

from flows import BadSettings, House, Settings, utc_now
from flows.live_statement import BATCH, GROUPS_MAX, LiveReading, _Gathering, read_live
from flows.reconciling import StatementWish, post, reconcile
from generators import BilledRun, NoStatements, ProviderUnavailable, TokenMissing, UsageLine
from ledger import Books
from ledger.errors import SelectionRefused
from ledger.invoices.statement import StatementLine
from ledger.invoices.theirs import Theirs

SCHNELL = "black-forest-labs/flux-schnell"
NOW = datetime.now(UTC)
PERIOD = NOW.strftime("%Y-%m")


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider(predict_time_s=(3.0, 5.0), page_size=3) as running:
        yield running


def house(provider: LoopbackProvider, token: str | None = None) -> House:
    return House(
        Settings(
            replicate_api_token=SecretStr(provider.token if token is None else token),
            replicate_base_url=provider.base_url,
        )
    )


def lines_of(
    provider: LoopbackProvider, period: str = PERIOD
) -> tuple[list[StatementLine], LiveReading]:
    taken: list[StatementLine] = []
    return taken, read_live(house(provider), "replicate", period, taken.extend)


def test_every_run_of_the_month_is_one_line_of_what_it_is_billed(
    provider: LoopbackProvider,
) -> None:
    for model in (SCHNELL, "black-forest-labs/flux-2-pro", "stability-ai/sdxl", SCHNELL):
        provider.create_elsewhere(model, {"prompt": "a mug"})
    lines, reading = lines_of(provider)
    assert {line.provider_ref: line.amount_nano for line in lines} == {
        line.prediction_id: line.amount_nano for line in provider.bill()
    }
    assert sum(line.amount_nano for line in lines) == provider.total_nano()
    assert [line.line_number for line in lines] == [1, 2, 3, 4]
    assert {line.status for line in lines} == {"succeeded"}
    assert all(line.at is not None and line.at >= NOW for line in lines)
    assert (reading.line_count, reading.is_whole, reading.notes) == (4, True, ())


def test_another_month_has_none_of_them(provider: LoopbackProvider) -> None:
    provider.create_elsewhere(SCHNELL, {"prompt": "a mug"})
    for period in ("2020-02", "2099-12"):
        assert lines_of(provider, period)[0] == []


def test_what_is_under_way_is_told_and_is_no_line(provider: LoopbackProvider) -> None:
    provider.create_elsewhere(SCHNELL, {"prompt": "a mug"})
    provider.configure(latency_s=(600.0, 600.0))
    provider.create_elsewhere(SCHNELL, {"prompt": "a mug"})
    lines, reading = lines_of(provider)
    assert (len(lines), reading.under_way_count, reading.is_whole) == (1, 1, True)
    assert reading.notes == ("1 run has not ended: a run is billed in the month of its end.",)


def test_what_cannot_be_read_is_an_error_in_the_end(provider: LoopbackProvider) -> None:
    taken: list[StatementLine] = []
    with pytest.raises(NoStatements, match="'studio' works on this machine and bills nothing"):
        read_live(house(provider), "studio", PERIOD, taken.extend)
    with pytest.raises(SelectionRefused, match="no period"):
        read_live(house(provider), "replicate", "2026-13", taken.extend)
    with pytest.raises(ProviderUnavailable, match="refused REPLICATE_API_TOKEN"):
        read_live(house(provider, "r8_wrong"), "replicate", PERIOD, taken.extend)
    with pytest.raises(TokenMissing):
        read_live(house(provider, " "), "replicate", PERIOD, taken.extend)
    assert taken == []


def run(number: int, *, unpriced: str | None = None, quantity: str = "1") -> BilledRun:
    usage = (UsageLine("image_output_count", Decimal(quantity), "image", Decimal("0.003")),)
    return BilledRun(
        f"run{number}",
        SCHNELL,
        NOW,
        NOW,
        "succeeded",
        () if unpriced else usage,
        unpriced=unpriced,
    )


def gathered(*runs: BilledRun) -> tuple[list[int], LiveReading]:
    sizes: list[int] = []
    gathering = _Gathering(lambda lines: sizes.append(len(lines)))
    for one in runs:
        gathering.add(one)
    return sizes, gathering.finish()


def test_lines_are_handed_over_in_batches() -> None:
    sizes, reading = gathered(*(run(number) for number in range(2 * BATCH + 1)))
    assert (sizes, reading.line_count) == ([BATCH, BATCH, 1], 2 * BATCH + 1)


def test_what_has_no_price_is_counted_by_its_cause() -> None:
    _, reading = gathered(run(1, unpriced="no card"), run(2), run(3, unpriced="no card"))
    assert not reading.is_whole
    assert reading.notes == (
        f"2 runs of {SCHNELL} (such as run1) have no price and no line: no card.",
    )
    _, reading = gathered(run(4, unpriced="no metric"))
    assert reading.notes == (f"1 run of {SCHNELL} (run4) has no price and no line: no metric.",)


def test_a_record_of_many_oddities_stays_a_short_note() -> None:
    odd = [run(number, unpriced=f"cause {number}") for number in range(3 * GROUPS_MAX)]
    _, reading = gathered(*odd)
    assert len(reading.notes) == GROUPS_MAX + 1
    assert sum(one.count for one in reading.unpriced) == len(odd)


def test_a_record_with_runs_that_nobody_can_price_is_never_posted(tmp_path: Path) -> None:
    with Books.open(f"sqlite:///{tmp_path}/ledger.db", clock=utc_now) as books:
        wish = StatementWish("replicate", PERIOD, source="live")
        found = reconcile(books, wish, Theirs(), notes=("1 run has no price.",), is_whole=False)
        assert "1 run has no price." in found.matching.notes
        with pytest.raises(BadSettings, match="post the provider's invoice from a file"):
            post(books, found, by="finance@acme.example", because="the month")


def test_a_quantity_that_no_money_can_be_made_of_is_no_line() -> None:
    _, reading = gathered(run(1, quantity="0." + "1" * 3_000))
    assert reading.line_count == 0
    assert "no quantity that money can be made of" in reading.notes[0]
