"""Orders that were written before there were labels and renditions are the orders that they were."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from unit.flows.order_parts import appraiser, names, order, plan

import flows
from flows import plan_order

ORDERS = Path(flows.__file__).parents[1] / "orders"

EDITIONS = {
    "brand-cards.yaml": "5426a9a99a56afe757eddad9a6c6678b389e72da7894be0a8397cdb5a16e9c84",
    "launch-cards.yaml": "d9809cb7d68f0bd1321efdac74c6f1f5d20ae1d63bc6f0f68b4683e587f16a33",
    "nightly/daily-card.yaml": "e702c311623b4e067db71efebf705578c5febf493eea0026db0f7a3e8d84bf6a",
    "product-photos.yaml": "3873cf62aa7e90095352092da73adc869d2e8b10c9fa60ba4697a69dd8217946",
}
"""As Mintage gave them before labels and renditions."""


@pytest.mark.parametrize("name", EDITIONS)
def test_an_order_that_was_run_before_is_not_paid_for_again(name: str) -> None:
    made = plan_order(ORDERS / name, appraiser, jobs_max=100_000)
    assert made.spec_sha256 == EDITIONS[name]
    assert "label" not in json.loads(made.spec_json)


def test_names_are_the_same_whichever_way_their_accents_were_typed(tmp_path: Path) -> None:
    typed = [
        order(matrix={"product": [unicodedata.normalize(form, "Müsli")], "surface": ["chêne"]})
        for form in ("NFC", "NFD")
    ]
    one, other = (plan(tmp_path, data) for data in typed)
    assert names(one) == names(other) == ["Müsli/chêne-1", "Müsli/chêne-2"]
    assert one.order_id() != other.order_id()
