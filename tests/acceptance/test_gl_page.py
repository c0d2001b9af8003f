"""The page about accounts shows a file and commands that work as they stand there."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from books_parts import SteppingClock, admit, an_order, plan, settle, through, unknown, usd_line
from ledger_urls import lay_blank_books
from mint_runs import Desk

import flows
from ledger import Books

PAGE = Path(flows.__file__).parents[1] / "docs/gl-mapping.md"
TEXT = PAGE.read_text(encoding="utf-8")
(FILE,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
SHOWN = re.findall(r"```console\n\$ mintage (.*?)\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """October's books, as the page has them: three orders of three cost centres, one answer lost."""
    folder = tmp_path_factory.mktemp("page")
    path = folder / ".mintage/ledger.db"
    lay_blank_books(path)
    clock = SteppingClock(datetime(2026, 10, 3, tzinfo=UTC))
    with Books.open(f"sqlite:///{path}", clock=clock) as books:
        mugs = plan(books, an_order("mugs@2026", jobs=4))
        launch = replace(an_order("lamps@2026"), cost_center="cc-4200", campaign="launch-lamps")
        cards = replace(an_order("cards@2026"), provider="studio", model="cards")
        cards = replace(cards, cost_center="cc-4300", campaign="fair-2026")
        for job_id in mugs[:3]:
            through(books, job_id, usd_line("0.0083"))
        for job_id in plan(books, launch):
            through(books, job_id, usd_line("0.0148"))
        for job_id in plan(books, cards):
            through(books, job_id, usd_line("0.000225", "13.3334567"))
        clock.now = datetime(2026, 10, 31, 23, tzinfo=UTC)
        settle(books, unknown(admit(books, mugs[3])))
    (folder / "gl.yaml").write_text(FILE, encoding="utf-8")
    return Desk.at(folder)


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[command for command, _ in SHOWN])
def test_what_the_page_shows_is_what_is_printed(desk: Desk, command: str, shown: str) -> None:
    done = desk.here(*shlex.split(command))
    assert done.code == 0, done.err
    assert f"{done.out}{done.err}".replace("\r\n", "\n") == shown
