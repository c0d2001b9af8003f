"""Orders with names that are refused today, and were entered before they were, go on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from manners_parts import cards_order
from mint_runs import Desk

from flows import output_plan


def test_an_order_with_a_name_that_is_refused_now_is_resumed_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk.at(tmp_path)
    path = str(desk.write(cards_order("COM¹", "CONIN$", review="all")))
    refused = desk.here("check", path)
    assert refused.code == 2
    assert "a device on Windows" in refused.out
    with monkeypatch.context() as before:
        before.setattr(output_plan, "name_fault", lambda _name: None)
        assert desk.here("run", path).code == 3
    approved = desk.here(
        "review", "approve", "cards", "COM¹", "CONIN$", "--by", "lena@acme.example"
    )
    assert approved.code == 0, approved.err
    (order_id,) = set(re.findall(r"cards@\w+", approved.out + approved.err))
    run = desk.here("resume", order_id)
    assert run.code == 0, run.err
    released = {one.stem for one in (tmp_path / ".mintage/store/released").rglob("*.png")}
    assert released == {"COM¹", "CONIN$"}
    desk.close()
