"""Runs killed with SIGKILL at drawn moments: the bill is charged, and nothing happens twice.

The house of one storm signs, and makes two files of each picture.

The long form, with 500 jobs and 100 kills, is tests/benchmarks/kill_storms.py.
"""

from __future__ import annotations

import pytest
from credential_authority import paper
from kill_storm import Storm, StormPlan
from loopback.process import LoopbackProcess
from mint_runs import Desk
from storm_proof import prove

SEED = 57


def prove_storm(
    plan: StormPlan, desk: Desk, provider: LoopbackProcess, books_url: str, kinds: int
) -> None:
    """Do a storm and print its figures, which a failure shows."""
    desk.environment |= {
        "MINTAGE_CREATES_PER_MINUTE": "1000000",
        "MINTAGE_DATABASE_URL": books_url,
    }
    toll = Storm(plan, desk, provider, books_url).rage()
    proof = prove(plan, toll, desk, provider, books_url)
    print("\n".join(proof.lines()))
    assert proof.orphan_holds == 0
    assert len(toll.doing) >= kinds, "the kills did not spread over the run"


def test_killed_runs_on_sqlite_charge_the_bill_and_do_nothing_twice(
    desk: Desk, provider: LoopbackProcess
) -> None:
    plan = StormPlan(jobs=48, kills=9, seed=SEED, rendition=True)
    certificate, key = paper().lay(desk.folder / "papers")
    desk.environment |= {
        "MINTAGE_SIGNING_CERTIFICATE": str(certificate),
        "MINTAGE_SIGNING_KEY": str(key),
    }
    prove_storm(plan, desk, provider, f"sqlite:///{desk.folder}/.mintage/ledger.db", kinds=3)


@pytest.mark.postgres
def test_four_runs_of_one_order_on_postgresql_are_killed_and_replaced_and_do_nothing_twice(
    desk: Desk, provider: LoopbackProcess, postgres_url: str
) -> None:
    plan = StormPlan(jobs=32, kills=6, seed=SEED, runs_at_once=4)
    prove_storm(plan, desk, provider, postgres_url, kinds=2)
