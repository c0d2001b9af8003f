"""What check and quote say of an order's brand kit, for programs to read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from unit.flows.order_parts import order, write

from console.order_commands import check, quote


@pytest.mark.parametrize("brand", [None, "acme"])
def test_check_and_quote_name_the_kit_and_its_digest(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    brand: str | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "brands").mkdir()
    (tmp_path / "brands/acme.yaml").write_text(yaml.safe_dump({"name": "Acme"}))
    file = write(tmp_path, order() if brand is None else order(brand=brand))
    assert check(file, json=True) == 0
    checked = json.loads(capsys.readouterr().out)["orders"][0]["brand"]
    assert quote(file, json=True) == 0
    assert json.loads(capsys.readouterr().out)["brand"] == checked
    if brand is None:
        assert checked is None
    else:
        assert (checked["name"], len(checked["sha256"])) == ("acme", 64)
