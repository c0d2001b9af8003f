"""A month in which books and provider come to differ in every way that finance knows.

Real orders run in the month before this one: the house's clock and the provider's are put back, and
everything else is as in any run: HTTP to the loopback provider, a store, books. Afterwards both
clocks show today again, and finance can close that month.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from ledger_urls import lay_blank_books
from loopback.faults import Fault
from loopback.server import LoopbackProvider
from mint_runs import Desk, schnell_order
from pydantic import SecretStr

from flows import House, InlineEngine, RunReport, Settings, run_plan, utc_now
from ledger import AttemptState, ChargeRow
from ledger.selection import of_period

SCHNELL = "black-forest-labs/flux-schnell"
OLD_PRICE, NEW_PRICE = Decimal("0.003"), Decimal("0.004")


@dataclass(slots=True)
class Month:
    """One month, its books and its provider. `refs` names the provider's runs by what became of them."""

    desk: Desk
    provider: LoopbackProvider
    now: datetime
    refs: dict[str, str] = field(default_factory=dict)
    lost_attempt: str = ""
    _put_off: timedelta = timedelta(0)

    @property
    def first(self) -> datetime:
        """Its first moment."""
        this = self.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return (this - timedelta(days=1)).replace(day=1)

    @property
    def after(self) -> datetime:
        """The first moment of the next one."""
        return (self.first + timedelta(days=32)).replace(day=1)

    @property
    def period(self) -> str:
        """As entries name it."""
        return self.first.strftime("%Y-%m")

    @property
    def next_period(self) -> str:
        """The month after it, which is the running one."""
        return self.after.strftime("%Y-%m")

    def go_to(self, day: int) -> None:
        """Let it be noon of a day of the month, for the house and for the provider."""
        wanted = self.first.replace(day=day, hour=12) - self.now
        self.provider.advance((wanted - self._put_off).total_seconds())
        self._put_off = wanted

    def go_home(self) -> None:
        """Let it be today again."""
        self.provider.advance(-self._put_off.total_seconds())
        self._put_off = timedelta(0)

    def run(self, order: Mapping[str, Any]) -> RunReport:
        """Run an order, whenever it is."""
        house = self.house()
        plan = house.plan(self.desk.write(order, f"{order['order']}.yaml"))
        with house.books() as books:
            return asyncio.run(run_plan(house, books, plan, None, InlineEngine()))

    def house(self) -> House:
        """The house, at its time."""
        settings = Settings(
            database_url=f"sqlite:///{self.desk.folder}/.mintage/ledger.db",
            store_url=f"file:{self.desk.folder}/.mintage/store",
            replicate_api_token=SecretStr(self.provider.token),
            replicate_base_url=self.provider.base_url,
            prefect_api_url=None,
            absent_after_s=600,
            settle_timeout_s=0,
            inspectors=1,
        )
        return House(settings, clock=lambda: utc_now() + self._put_off)

    def charges(self) -> list[ChargeRow]:
        """What the books charged and adjusted in the month."""
        with self.house().books() as books:
            return list(books.charges(of_period(self.period)))

    def save_statement(self, invoice: str) -> None:
        """Save what the provider bills for the month as it stands now, as CSV and as JSON."""
        forms: tuple[Literal["csv", "json"], ...] = ("csv", "json")
        for form in forms:
            path = self.desk.folder / f"{invoice}.{form}"
            made = self.provider.statement(self.first, self.after, form=form, invoice=invoice)
            path.write_text(made, encoding="utf-8")

    def invoice_total(self, invoice: str) -> Decimal:
        """What a saved statement's invoice comes to, in USD and whole cents."""
        made = json.loads((self.desk.folder / f"{invoice}.json").read_text(encoding="utf-8"))
        return Decimal(made["total"])

    def booked(self) -> Decimal:
        """What the books have for the month, in USD."""
        told = self.desk.here("ledger", "summary", "--period", self.period, "--json")
        assert told.code == 0, told.err
        return Decimal(json.loads(told.out)["charged_usd"])


def month_of_differences(folder: Path, provider: LoopbackProvider) -> Month:
    """Make the month, and save two statements of it: INV-2041 and, as corrected, INV-2041-B.

    Its refs: early and early_too, refunded, forgotten; dearer and dearer_too; lost; theirs. What was
    dearer is given back by the correction.
    """
    desk = Desk.at(folder, provider)
    lay_blank_books(folder / ".mintage/ledger.db")
    month = Month(desk, provider, datetime.now(UTC))
    month.go_to(10)
    early = schnell_order(4, order="early", campaign="autumn-2026", concurrency=1)
    assert month.run(early).released == 4
    month.go_to(18)
    provider.set_price(SCHNELL, "image_output_count", NEW_PRICE)
    provider.add_faults(
        Fault("cut_after_create", prompt="number 3", times=1),
        Fault("list_lag", prompt="number 3", times=1, seconds=3600),
    )
    late = schnell_order(3, order="late", cost_center="cc-4200", campaign="winter", concurrency=1)
    report = month.run(late)
    assert (report.released, report.unknown) == (2, 1)
    provider.clear_faults()
    month.go_to(22)
    stranger = provider.create_elsewhere(SCHNELL, {"prompt": "a cat"}, source="web")
    month.refs["theirs"] = str(stranger["id"])
    _name_runs(month)
    month.go_to(25)
    provider.refund(month.refs["refunded"])
    provider.forget(month.refs["forgotten"])
    month.save_statement("INV-2041")
    month.go_to(28)
    provider.refund(month.refs["dearer"])
    provider.refund(month.refs["dearer_too"])
    month.save_statement("INV-2041-B")
    month.go_home()
    return month


def _name_runs(month: Month) -> None:
    paid = {_job(row): str(row.provider_ref) for row in month.charges()}
    assert len(paid) == 6
    month.refs |= {
        "early": paid["early#mug-1"],
        "early_too": paid["early#mug-4"],
        "refunded": paid["early#mug-2"],
        "forgotten": paid["early#mug-3"],
        "dearer": paid["late#mug-1"],
        "dearer_too": paid["late#mug-2"],
    }
    known = {*paid.values(), month.refs["theirs"]}
    (month.refs["lost"],) = {one.id for one in month.provider.predictions()} - known
    with month.house().books() as books:
        (attempt,) = books.lost(states=(AttemptState.UNKNOWN,))
        month.lost_attempt = attempt.attempt_id


def _job(row: ChargeRow) -> str:
    order, _, name = str(row.job_id).partition("#")
    return f"{order.partition('@')[0]}#{name}"
