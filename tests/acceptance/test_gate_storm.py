"""Runs killed between inspect and release leave nothing public that has not passed every gate.

The long form, with 200 jobs and 40 kills, is tests/benchmarks/kill_storms.py.
"""

from __future__ import annotations

import shutil

from gate_storm import GateStorm, gated_order
from mint_runs import Desk

SEED = 12


def test_kills_between_inspect_and_release_leave_nothing_ungated_and_what_is_planted_is_found(
    studio_desk: Desk,
) -> None:
    desk = studio_desk
    desk.books_at_hand = True
    books_url = f"sqlite:///{desk.folder}/.mintage/ledger.db"
    storm = GateStorm(desk, books_url, jobs=18, kills=6, seed=SEED)
    toll = storm.rage()
    print("\n".join(toll.lines()))
    assert toll.caught, "no kill met a job on its way"
    assert toll.files > 0

    # A file that somebody puts there, and a rejected job's file that somebody releases by hand.
    first = storm.files()[0]
    planted = first.with_name(f"planted{first.suffix}")
    shutil.copyfile(first, planted)
    rejecting = gated_order(
        1,
        order="rejected",
        done=[{"format": {"is": "png"}}, {"file_size": {"max_kb": 1}}],
        output={"width": 128, "height": 128, "format": "png", "name": "card-{variant}"},
    )
    desk.write(rejecting)
    ended = desk.mintage("run", "order.yaml", "--json")
    assert ended.code == 3, ended.err
    assert ended.json()["rejected"] == 1
    order_id = ended.json()["order"]
    ((sha256,),) = storm.window.rows(
        f"SELECT sha256 FROM attempts WHERE job_id = '{order_id}#card-1' AND number = 2"  # noqa: S608
    )
    by_hand = storm.store / "released/storms" / order_id.replace("@", "/") / "card-1.png"
    shutil.copyfile(storm.store / "staging" / sha256[:2] / sha256, by_hand)
    assert set(storm.ungated()) == {planted, by_hand}
    storm.window.close()
    found = desk.here("assets", "verify", "--json")
    assert found.code == 1
    told = {one["where"]: (one["kind"], one["detail"]) for one in found.json()["problems"]}
    assert {kind for kind, _ in told.values()} == {"only_in_store"}
    assert set(told) == {str(planted), str(by_hand)}
    assert all("has not passed every gate" in detail for _, detail in told.values())
    assert f"{order_id}#card-1 as rejected" in told[str(by_hand)][1]
