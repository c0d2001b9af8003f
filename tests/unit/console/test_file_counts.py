"""What check and quote say of renditions and of missing alt texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from unit.flows.order_parts import GOOD, order, write

from console.order_commands import check, quote


def test_check_and_quote_count_the_files_and_note_what_has_no_alt_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("product,surface,alt\nmug,oak,A mug\nlamp,oak,\n")
    data = order(
        output=[GOOD["output"], {"format": "avif"}, {"width": 512}], label={"alt": {"en": "{alt}"}}
    )
    data = {**data, "items": "rows.csv"}
    del data["matrix"]
    file = write(tmp_path, data)
    notice = "2 of 4 jobs have no alt text in en, such as lamp/oak-1"
    assert check(file) == 0
    said = capsys.readouterr().out.splitlines()
    assert ": ok, 4 jobs, 12 files, mugs@" in said[0]
    assert said[1] == f"  note: {notice}"
    assert check(file, json=True) == 0
    (one,) = json.loads(capsys.readouterr().out)["orders"]
    assert (one["jobs"], one["files"], one["notices"]) == (4, 12, [notice])
    assert quote(file) == 0
    assert ": 4 jobs, 12 files, up to 3 attempts each" in capsys.readouterr().out
    assert quote(file, json=True) == 0
    assert json.loads(capsys.readouterr().out)["files"] == 12


def test_without_renditions_only_jobs_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert check(write(tmp_path, order())) == 0
    assert ": ok, 8 jobs, mugs@" in capsys.readouterr().out
