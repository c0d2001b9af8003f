"""What is in a file by order of the house is known to the rules that judge it, and no more than that."""

from __future__ import annotations

from unit.validators.sample_pictures import photo_file

from assets.labels import ALGORITHMIC, Label, read_label
from flows.labelling import criteria_for, ready_to_judge
from flows.signing import rules_digest, told_verdicts
from validators import Criterion, Verdict, inspect, parse_done

LABEL = Label({"und": "Mug"}, {}, {}, {}, "Acme", "Mintage 1", ALGORITHMIC, "mugs@1#mug")


def rules(*done: object) -> tuple[Criterion, ...]:
    read = parse_done(list(done))
    assert isinstance(read, tuple)
    return read


def test_rules_that_say_nothing_of_metadata_stay_the_very_same() -> None:
    asked = rules({"format": {"is": "png"}}, "not_blank")
    assert criteria_for(asked, labels=True, signed=True) is asked
    with_metadata = rules("no_metadata")
    assert criteria_for(with_metadata, labels=False, signed=False) is with_metadata


def test_what_is_allowed_already_is_not_allowed_twice() -> None:
    (own,) = criteria_for(
        rules({"no_metadata": {"allow": ["xmp", "exif:Orientation"]}}), labels=True, signed=True
    )
    assert own.parameters()["allow"] == ["xmp", "exif:Orientation", "c2pa"]
    (own,) = criteria_for(rules("no_metadata"), labels=True, signed=False)
    allowed = own.parameters()["allow"]
    assert isinstance(allowed, list)
    assert len(allowed) == len(set(map(str, allowed)))
    assert "c2pa" not in allowed


def test_a_labelled_file_passes_where_a_label_is_meant_and_nowhere_else() -> None:
    data = ready_to_judge(photo_file("png"), photo_file("png"), LABEL, signs=False)
    asked = rules("no_metadata")
    assert not inspect(data, asked)[-1].passed
    verdict = inspect(data, criteria_for(asked, labels=True, signed=False))[-1]
    assert verdict.passed
    assert "xmp:Credit" in str(verdict.parameters["allow"])


def test_bytes_that_are_no_picture_are_left_to_the_inspectors() -> None:
    for data in (b"", b"<html>", photo_file("png")[:-20]):
        assert ready_to_judge(data, data, LABEL, signs=True) == data
    made = ready_to_judge(b"", photo_file("webp"), LABEL, signs=False)
    assert read_label(made) == LABEL


def test_the_digest_of_rules_does_not_depend_on_their_order_and_changes_with_each() -> None:
    done = [{"format": {"is": "png"}}, {"file_size": {"max_kb": 9}}]
    digest = rules_digest(rules(*done))
    assert rules_digest(rules(*reversed(done))) == digest
    assert rules_digest(rules(done[0])) != digest
    assert rules_digest(rules(done[0], {"file_size": {"max_kb": 8}})) != digest


def test_a_rule_that_was_broken_and_let_pass_is_told_as_that() -> None:
    def verdict(name: str, severity: str, *, passed: bool) -> Verdict:
        reason = None if passed else "It is."
        return Verdict(name, 1, {}, passed, {}, reason, severity)  # type: ignore[arg-type]

    told = told_verdicts(
        [
            verdict("format", "block", passed=True),
            verdict("noise", "warn", passed=False),
            verdict("faces", "review", passed=False),
        ]
    )
    assert told == ("format", "noise (warned)", "faces (let pass)")
