"""A run leaves its entries sealed, and `mintage ledger verify` names what was changed since."""

from __future__ import annotations

from books_parts import disarm, run_sql
from loopback.process import LoopbackProcess
from mint_runs import Desk, schnell_order


def test_a_finished_run_is_sealed_and_tampering_with_it_is_named(
    desk: Desk, provider: LoopbackProcess
) -> None:
    url = f"sqlite:///{desk.folder}/books.db"
    desk.environment["MINTAGE_DATABASE_URL"] = url
    order = desk.write(schnell_order(3))
    assert desk.mintage("run", str(order), "--json").code == 0
    first = desk.here("ledger", "verify", "--json").json()
    assert first["ok"]
    assert first["sealed_entries"] == first["entries"] > 0
    assert len(first["seal_sha256"]) == 64

    order = desk.write(schnell_order(2, order="calm"))
    assert desk.mintage("run", str(order), "--json").code == 0
    said = desk.here("ledger", "verify")
    assert said.code == 0
    assert "are sealed in 2 blocks; the newest seal is" in " ".join(said.out.split())

    disarm(url)
    run_sql(url, ["UPDATE entries SET provider_ref = NULL WHERE order_id LIKE 'calm@%'"])
    forged = desk.here("ledger", "verify")
    assert forged.code == 1
    assert "The books do not hold: block 2, entries E" in forged.err
    assert len(provider.bill()) == 5
