"""What a file says of itself is in it before it is judged, and so in what is released."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from credential_authority import authority, paper
from files_of_runs import SIDE, order, picture, pixels, place, run, story
from loopback.faults import Fault
from unit.validators.sample_pictures import FORMATS

from assets.credentials import Claim, open_signer, read_credentials
from assets.labels import TRAINED, read_label
from flows import inspect_files, rules_of_order
from ledger import JobState, MendKind

LABEL = {
    "title": {"en": "A {what} mug", "de": "Eine Tasse"},
    "alt": "A {what} mug on a table",
    "language": "en",
    "rights": "© 2026 Acme",
    "credit": "Acme / Mintage",
    "tags": ["mug", "{what}"],
}

EVERY_FORMAT = order(
    matrix={"what": list(FORMATS)},
    output={"width": SIDE, "height": SIDE, "format": "{what}", "name": "mug-{what}"},
    done=[{"format": {"is": "{what}"}}, {"no_metadata": {}}],
    label=LABEL,
)


def generators_own(folder: Path, data: bytes, media_type: str = "image/png") -> bytes:
    """Give a picture as a generator gives it that signs what it makes."""
    signer = open_signer(*paper().lay(folder / "generator"))
    made = Claim("Cup", "", "", "acme", "maker", TRAINED, "", (), "Maker 1.0")
    return signer.sign(data, media_type, made)


def test_what_is_released_says_what_the_order_says_of_it_in_every_format(tmp_path: Path) -> None:
    with place(tmp_path) as (house, _), house.books() as books:
        report = run(house, books, EVERY_FORMAT)
        assert report.released == len(FORMATS)
        for one in books.released(report.order_id):
            data = house.released(one.release_key)
            label = read_label(data)
            what = one.name.removeprefix("mug-")
            assert label is not None
            assert dict(label.title) == {"en": f"A {what} mug", "de": "Eine Tasse"}
            assert dict(label.alt) == {"en": f"A {what} mug on a table"}
            assert (label.credit, label.job_id) == ("Acme / Mintage", one.job_id)
            assert label.source_type == TRAINED
            assert label.tags == ("mug", what)
            assert label.creator_tool.startswith("Mintage ")
            judged = story(books, report, one.name).attempts[0].verdicts
            digest = hashlib.sha256(data).hexdigest()
            assert f'"sha256":"{digest}"' in judged[0].measured_json
            assert digest == one.sha256
            (rule,) = [verdict for verdict in judged if verdict.criterion == "no_metadata"]
            assert rule.passed
            assert "xmp:Credit" in rule.parameters_json
            told = house.receipt(one.receipt_key)
            assert told["label"]["title"] == dict(label.title)
            assert (told["label"]["language"], told["label"]["embedded"]) == ("en", True)
            assert told["label"]["tags"] == ["mug", what]
            assert told["credentials"] is told["rendition_of"] is None
        rules = rules_of_order(house.plan(tmp_path / "order.yaml"), "mug-webp")
        (file,) = inspect_files([house.folder / "store" / one.release_key], rules, 1)
        assert file.passed == one.name.endswith("webp")
        assert books.verify().problem is None


def test_a_label_that_is_not_embedded_leaves_the_providers_own_bytes(tmp_path: Path) -> None:
    with place(tmp_path, {"red mug": picture()}) as (house, _), house.books() as books:
        report = run(house, books, order(label={**LABEL, "embed": False}))
        (one,) = books.released(report.order_id)
        assert house.released(one.release_key) == picture()
        told = house.receipt(one.receipt_key)["label"]
        assert (told["embedded"], told["credit"]) == (False, "Acme / Mintage")


def test_what_is_mended_is_labelled_anew(tmp_path: Path) -> None:
    jpeg = picture("jpeg", progressive=True, comment=b"made by nobody")
    wanted = order(
        generator={"provider": "replicate", "model": "black-forest-labs/flux-2-pro"},
        output={"width": 256, "height": 256, "format": "jpeg", "name": "{what}"},
        done=[{"format": {"is": "jpeg"}}, {"progressive": {"is": False}}, {"no_metadata": {}}],
        label=LABEL,
    )
    jpeg = picture("jpeg", 256, progressive=True, comment=b"made by nobody")
    with place(tmp_path, {"red mug": jpeg}) as (house, _), house.books() as books:
        report = run(house, books, wanted)
        (one,) = books.released(report.order_id)
        mends = story(books, report, "red").attempts[0].mends
        assert [mend.kind for mend in mends] == [MendKind.REENCODE]
        label = read_label(house.released(one.release_key))
        assert label is not None
        assert label.credit == "Acme / Mintage"


def test_what_recovery_finds_at_the_provider_is_labelled_too(tmp_path: Path) -> None:
    with place(tmp_path) as (house, provider), house.books() as books:
        provider.add_faults(Fault("cut_after_create", times=1))
        report = run(house, books, order(label=LABEL))
        assert (report.released, report.attempts) == (1, 1)
        (one,) = books.released(report.order_id)
        label = read_label(house.released(one.release_key))
        assert label is not None
        assert label.job_id == one.job_id


@pytest.mark.parametrize("signs", [False, True], ids=["unsigned", "signing"])
def test_a_generators_own_credentials_stay_good_or_are_named_as_the_parent(
    tmp_path: Path, *, signs: bool
) -> None:
    own = generators_own(tmp_path, picture())
    with place(tmp_path, {"red mug": own}) as (home, _), home.books() as books:
        certificate, key = paper().lay(tmp_path / "house")
        house = home.at_home(signing_certificate=certificate, signing_key=key) if signs else home
        report = run(house, books, order(label=LABEL))
        (one,) = books.released(report.order_id)
        data = house.released(one.release_key)
        found = read_credentials(data, "image/png", anchors=authority().anchors)
        assert found is not None
        assert found.state == "trusted"
        assert pixels(data) == pixels(own)
        attempt_id = str(story(books, report, "red").job.attempt_id)
        if not signs:
            # Their mark is signed: with a label in it, it would not be good any more.
            assert data == own
            assert books.came_sha256(attempt_id) is None
            return
        assert read_label(data) is not None
        assert [parent.generator for parent in found.parents] == ["Maker 1.0"]
        came_sha256 = hashlib.sha256(own).hexdigest()
        assert books.came_sha256(attempt_id) == came_sha256
        assert came_sha256 in house.staged_names()
        assert books.verify().problem is None


def test_a_generators_credentials_that_finishing_ends_are_kept_beside_it(tmp_path: Path) -> None:
    own = generators_own(tmp_path, picture(side=2 * SIDE))
    with place(tmp_path, {"red mug": own}) as (house, _), house.books() as books:
        report = run(house, books, order(label=LABEL))
        (one,) = books.released(report.order_id)
        data = house.released(one.release_key)
        assert read_credentials(data, "image/png", anchors=None) is None
        assert read_label(data) is not None
        attempt_id = str(story(books, report, "red").job.attempt_id)
        assert books.came_sha256(attempt_id) == hashlib.sha256(own).hexdigest()


def test_bytes_that_are_no_picture_go_on_as_they_are_and_are_judged(tmp_path: Path) -> None:
    with place(tmp_path) as (house, provider), house.books() as books:
        provider.add_faults(Fault("cut_bytes"))
        report = run(house, books, order(label=LABEL))
        assert report.rejected == 1
        job = story(books, report, "red").job
        assert job.state is JobState.REJECTED
        assert "intact" in str(job.reason)
