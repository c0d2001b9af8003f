"""The rules that a signing names are those that the books work out again from its verdicts."""

from __future__ import annotations

from dataclasses import replace

from flows.known_verdicts import verdict_record
from flows.signing import rules_digest
from ledger.renditions_proof import rules_digest as digest_of_verdicts
from validators import INTACT, INTACT_VERSION, parse_done, rule_of


def test_books_and_signer_name_rules_by_the_same_digest() -> None:
    criteria = parse_done(
        [
            {"text": {"words": ["Grüße"]}},
            {"file_size": {"max_kb": 9, "severity": "warn"}},
            {"format": {"is": ["webp"]}},
            {"format": {"is": ["webp", "png"]}},
            "sharpness",
        ]
    )
    assert isinstance(criteria, tuple), criteria
    found = [rule_of(one) for one in criteria]
    intact = replace(
        found[0], criterion=INTACT, version=INTACT_VERSION, parameters={}, severity="block"
    )
    records = [verdict_record(one) for one in (intact, *found)]
    assert digest_of_verdicts(records) == rules_digest(criteria)
    assert digest_of_verdicts(records[1:]) != rules_digest(criteria)
