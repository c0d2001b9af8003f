"""Lists of assets: the same as a table and as JSON, for few and for thousands, without the books."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from decimal import Decimal

import pytest
from asset_shelf import shelf_rows

from assets import row_fields
from console.asset_rows import RULED_MAX, print_rows, print_rows_json

ROWS = shelf_rows("autumn-2026", "photos@a1", 3)


def test_json_holds_what_the_manifest_holds_and_no_terminal_obeys_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [dataclasses.replace(ROWS[0], prompt='"ü\n\x1b[2J\u202e', rights="© 猫"), *ROWS[1:]]
    print_rows_json("file:/a b", rows)
    text = capsys.readouterr().out
    assert not {"\x1b", "\u202e"} & set(text)
    assert json.loads(text) == {"store": "file:/a b", "assets": [row_fields(row) for row in rows]}
    print_rows_json("file:x", [])
    assert json.loads(capsys.readouterr().out) == {"store": "file:x", "assets": []}


def test_a_long_list_is_lined_up_and_its_costs_are_exact(
    capsys: pytest.CaptureFixture[str],
) -> None:
    dear = dataclasses.replace(
        ROWS[0], name="a\x1b{b}", cost_usd=Decimal("1234.000000001"), bytes=2_500_000
    )
    print_rows([dear, *[ROWS[1]] * RULED_MAX])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "order      name            size      file              cost",
        r"photos@a1  a\x1b{b}   1024x1024  2,500 kB  $1,234.000000001",
        "photos@a1  mug/oak-1  1024x1024      2 kB      $0.003000000",
    ]
    assert len(lines) == RULED_MAX + 2


def test_a_list_of_assets_loads_neither_the_books_nor_a_cloud() -> None:
    program = (
        "import sys, console.app, console.asset_rows, console.output, assets.listing; "
        "print([m for m in ('ledger', 'sqlalchemy', 'boto3', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n", done.stderr
