"""Many files of one master: paid for once, each judged by its own rules, released before it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from contract.engines.engine_parts import FailingStore
from credential_authority import authority, paper
from files_of_runs import SIDE, order, picture, pixels, place, run, story
from unit.validators.sample_pictures import FORMATS

from assets import DirectoryStore
from assets.credentials import (
    Claim,
    Signer,
    SigningFailed,
    open_signer,
    read_credentials,
)
from assets.labels import TRAINED, read_label
from flows.briefs import canonical_json
from ledger import JobState
from validators import InspectorsUnavailable, LocalInspectors

MASTER = {"width": SIDE, "height": SIDE, "format": "png", "name": "{what}"}
SMALL = {"width": 64, "height": 64, "format": "webp", "name": "{what}-small"}
WIDE = {"width": 96, "height": 48, "format": "jpeg", "name": "{what}-wide"}
SHARP = {
    "width": 64,
    "height": 64,
    "format": "avif",
    "name": "{what}-sharp",
    "done": [{"dimensions": {"width": 64, "height": 64}}, {"file_size": {"max_kb": 100}}],
}
TOO_HEAVY = {
    **SMALL,
    "name": "{what}-heavy",
    "done": [{"format": {"is": "webp"}}, {"file_size": {"max_kb": 1}}],
}


def with_renditions(*renditions: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401  an order is data
    return order(output=[MASTER, *renditions], **changes)


def test_three_renditions_are_judged_and_released_and_cost_is_the_masters(tmp_path: Path) -> None:
    with place(tmp_path) as (house, provider), house.books() as books:
        report = run(house, books, with_renditions(SMALL, WIDE, SHARP))
        assert (report.released, report.attempts) == (1, 1)
        assert len(provider.predictions()) == 1
        (one,) = books.released(report.order_id)
        master = house.receipt(one.receipt_key)
        folder = one.release_key.rpartition("/")[0]
        names = [f"{folder}/red-small.webp", f"{folder}/red-wide.jpg", f"{folder}/red-sharp.avif"]
        assert [told["key"] for told in master["renditions"]] == names
        for rendition, told in zip(one.renditions, master["renditions"], strict=True):
            data = house.released(told["key"])
            assert hashlib.sha256(data).hexdigest() == told["sha256"] == rendition.sha256
            label = read_label(data)
            assert label is not None
            assert label.job_id == one.job_id
            receipt = house.receipt(told["receipt"])
            assert receipt["rendition_of"]["sha256"] == one.sha256
            assert receipt["cost"] == {
                "amount": "0.00",
                "currency": "USD",
                "booked_in": one.receipt_key,
            }
            asked = {verdict["criterion"] for verdict in receipt["verified_by"]}
            assert {"intact", "dimensions"} <= asked
            assert ("file_size" in asked) == rendition.name.endswith("sharp")
            assert receipt["asset"]["width"] == rendition.width
        assert master["cost"] == {"amount": "0.003", "currency": "USD"}
        assert books.verify().problem is None


def test_a_rendition_that_fails_sends_its_job_back_and_in_the_end_rejects_it(
    tmp_path: Path,
) -> None:
    with place(tmp_path) as (house, _), house.books() as books:
        report = run(house, books, with_renditions(SMALL, TOO_HEAVY, WIDE))
        assert (report.released, report.rejected, report.attempts) == (0, 1, 2)
        assert not list((tmp_path / "store").glob("released/**/red*"))
        told = story(books, report, "red")
        assert told.job.state is JobState.REJECTED
        assert str(told.job.reason).startswith("rendition red-heavy: file_size: ")
        for attempt in told.attempts:
            assert all(verdict.passed for verdict in attempt.verdicts)
            # After the first that fails no other is made.
            assert [one.rendition.name for one in attempt.renditions] == ["red-small", "red-heavy"]
            assert [any(v.blocks for v in one.verdicts) for one in attempt.renditions] == [
                False,
                True,
            ]
            assert attempt.mends == ()
        assert books.verify().problem is None


def test_every_fault_of_all_renditions_is_told_where_the_order_wants_it(tmp_path: Path) -> None:
    heavy = {
        **WIDE,
        "name": "{what}-broad",
        "done": [{"format": {"is": "jpeg"}}, {"file_size": {"max_kb": 1}}],
    }
    wanted = with_renditions(
        TOO_HEAVY,
        heavy,
        report="all",
        budget={"cap": "1.00", "per_job": "0.10", "attempts": 1},
    )
    with place(tmp_path) as (house, _), house.books() as books:
        report = run(house, books, wanted)
        reason = str(story(books, report, "red").job.reason)
        assert "rendition red-heavy: file_size" in reason
        assert "rendition red-broad: file_size" in reason


def test_a_release_that_is_cut_off_between_renditions_is_done_again(tmp_path: Path) -> None:
    with place(tmp_path) as (house, _), house.books() as books:
        wanted = with_renditions(SMALL, WIDE)
        for after in range(6):
            broken = FailingStore(DirectoryStore(tmp_path / "store"), "released/", after)
            with pytest.raises(Exception, match="disk is full"):
                run(house.with_store(broken), books, wanted)
            (job,) = books.jobs([f"{house.plan(tmp_path / 'order.yaml').order_id()}#red"])
            assert job.state is JobState.APPROVED
            assert not list((tmp_path / "store").glob("released/*/*/*/red.png"))
        report = run(house, books, wanted)
        assert (report.released, report.attempts) == (1, 1)
        assert books.verify().problem is None


def test_signed_masters_and_renditions_are_judged_as_they_are_released(tmp_path: Path) -> None:
    certificate, key = paper().lay(tmp_path / "house")
    wanted = order(
        matrix={"what": list(FORMATS)},
        output=[
            {"width": SIDE, "height": SIDE, "format": "{what}", "name": "mug-{what}"},
            {"width": 64, "height": 64, "name": "mug-{what}-small"},
        ],
        done=[{"format": {"is": "{what}"}}, {"no_metadata": {}}],
    )
    with place(tmp_path) as (home, _), home.books() as books:
        house = home.at_home(signing_certificate=certificate, signing_key=key)
        report = run(house, books, wanted)
        assert (report.released, report.attempts) == (4, 4)
        for one in books.released(report.order_id):
            attempt = story(books, report, one.name).attempts[0]
            master = house.receipt(one.receipt_key)
            signing = attempt.signing
            assert signing is not None
            assert signing.signing.to_sha256 == one.sha256
            assert signing.signing.from_sha256 in house.staged_names()
            for key_, sha256 in [
                (one.release_key, one.sha256),
                *((told["key"], told["sha256"]) for told in master["renditions"]),
            ]:
                data = house.released(key_)
                assert hashlib.sha256(data).hexdigest() == sha256
                found = read_credentials(data, one.media_type, anchors=authority().anchors)
                assert found is not None
                assert (found.state, found.problems) == ("trusted", ())
                assert read_label(data) is not None
                assert found.claim is not None
                assert (found.claim.job_id, found.claim.order_id) == (one.job_id, report.order_id)
                is_master = sha256 == one.sha256
                assert found.claim.rendition_of == (None if is_master else one.sha256)
                assert "intact" in found.claim.verdicts
            (rule,) = [v for v in attempt.verdicts if v.criterion == "no_metadata"]
            assert rule.passed
            assert '"c2pa"' in rule.parameters_json
            assert f'"sha256":"{one.sha256}"' in attempt.verdicts[0].measured_json
        assert books.verify().problem is None


def test_the_rules_that_a_file_is_signed_for_are_those_of_its_receipt(tmp_path: Path) -> None:
    certificate, key = paper().lay(tmp_path / "house")
    with place(tmp_path) as (home, _), home.books() as books:
        house = home.at_home(signing_certificate=certificate, signing_key=key)
        report = run(
            house, books, with_renditions(SMALL, done=[{"format": {"is": "png"}}, "no_metadata"])
        )
        (one,) = books.released(report.order_id)
        master = house.receipt(one.receipt_key)
        for receipt in (master, house.receipt(master["renditions"][0]["receipt"])):
            rules = [
                {word: rule[word] for word in ("criterion", "version", "parameters")}
                for rule in receipt["verified_by"]
            ]
            told = receipt["credentials"]
            assert (
                told["rules_sha256"] == hashlib.sha256(canonical_json(rules).encode()).hexdigest()
            )
            data = house.released(receipt["asset"]["key"])
            found = read_credentials(data, receipt["asset"]["media_type"], anchors=None)
            assert found is not None
            assert found.claim is not None
            assert found.claim.rules_sha256 == told["rules_sha256"]


def test_a_file_that_fails_only_when_it_is_signed_is_not_mended(tmp_path: Path) -> None:
    certificate, key = paper().lay(tmp_path / "house")
    # A label takes less than 3 kB, a signature more.
    limit_kb = len(picture()) // 1000 + 3
    wanted = order(done=[{"format": {"is": "png"}}, {"file_size": {"max_kb": limit_kb}}])
    with place(tmp_path, {"red mug": picture()}) as (home, _), home.books() as books:
        report = run(home, books, {**wanted, "order": "unsigned"})
        assert report.released == 1
        house = home.at_home(signing_certificate=certificate, signing_key=key)
        report = run(house, books, wanted)
        assert (report.released, report.rejected, report.attempts) == (0, 1, 2)
        told = story(books, report, "red")
        assert str(told.job.reason).startswith("signed: file_size: ")
        assert all(attempt.signing and not attempt.mends for attempt in told.attempts)
        assert books.verify().problem is None


def test_what_cannot_be_signed_now_is_signed_by_a_later_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = paper().lay(tmp_path / "house")
    sign = Signer.sign

    def refused(self: Signer, data: bytes, media_type: str, claim: Claim, **parents: Any) -> bytes:  # noqa: ANN401  as the real one
        if claim.rendition_of is not None:
            raise SigningFailed("The file could not be signed with a time stamp of nobody.")
        return sign(self, data, media_type, claim, **parents)

    with place(tmp_path) as (home, _), home.books() as books:
        house = home.at_home(signing_certificate=certificate, signing_key=key)
        with monkeypatch.context() as patch:
            patch.setattr(Signer, "sign", refused)
            with pytest.raises(SigningFailed):
                run(house, books, with_renditions(SMALL))
        (job,) = books.jobs([f"{house.plan(tmp_path / 'order.yaml').order_id()}#red"])
        # The master is signed by then, and is not signed again: only what was made of it is.
        assert (job.state, job.signed) == (JobState.BUILT, True)
        report = run(house, books, with_renditions(SMALL))
        assert (report.released, report.attempts) == (1, 1)
        (one,) = books.released(report.order_id)
        assert one.sha256 == job.sha256
        assert books.verify().problem is None


def test_what_was_built_before_a_house_signed_is_labelled_and_signed_when_it_has_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = paper().lay(tmp_path / "house")
    made = Claim("Cup", "", "", "acme", "maker", TRAINED, "", (), "Maker 1.0")
    own = open_signer(certificate, key).sign(picture(), "image/png", made)

    async def away(*_: Any, **__: Any) -> Any:  # noqa: ANN401  as the real one
        raise InspectorsUnavailable("Nobody is in.")

    with place(tmp_path, {"red mug": own}) as (home, _), home.books() as books:
        with monkeypatch.context() as patch:
            patch.setattr(LocalInspectors, "inspect_async", away)
            with pytest.raises(InspectorsUnavailable):
                run(home, books, order())
        house = home.at_home(signing_certificate=certificate, signing_key=key)
        report = run(house, books, order())
        assert (report.released, report.attempts) == (1, 1)
        (one,) = books.released(report.order_id)
        data = house.released(one.release_key)
        found = read_credentials(data, "image/png", anchors=authority().anchors)
        assert found is not None
        assert (found.state, [parent.generator for parent in found.parents]) == (
            "trusted",
            ["Maker 1.0"],
        )
        assert read_label(data) is not None
        assert pixels(data) == pixels(own)
        assert books.verify().problem is None
