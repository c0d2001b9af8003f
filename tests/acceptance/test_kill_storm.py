"""Runs killed with SIGKILL at drawn moments: the bill is charged, and nothing happens twice.

The long form, with 500 jobs and 100 kills, is tests/benchmarks/kill_storms.py.
"""

from __future__ import annotations

from kill_storm import Storm, StormPlan
from loopback.process import LoopbackProcess
from mint_runs import Desk
from storm_proof import prove

SEED = 20_261_122


def test_killed_runs_on_sqlite_charge_the_bill_and_do_nothing_twice(
    desk: Desk, provider: LoopbackProcess
) -> None:
    desk.environment["MINTAGE_CREATES_PER_MINUTE"] = "1000000"
    books_url = f"sqlite:///{desk.folder}/.mintage/ledger.db"
    plan = StormPlan(jobs=60, kills=12, seed=SEED)
    toll = Storm(plan, desk, provider, books_url).rage()
    proof = prove(plan, toll, desk, provider, books_url)
    print("\n".join(proof.lines()))
    assert proof.orphan_holds == 0
    assert len(toll.doing) >= 3, "the kills did not spread over the run"
