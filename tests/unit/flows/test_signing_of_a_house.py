"""What a house is told about signing: its settings, its doctor, and whom it trusts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from credential_authority import authority, paper

from assets import CredentialsError
from flows import BadSettings, House, Settings, read_settings
from flows.doctor import _signing


def house(folder: Path, **settings: object) -> House:
    files = {"MINTAGE_STORE_URL": f"file:{folder / 'store'}", **settings}
    return House(Settings.model_validate(files))


def test_without_a_certificate_nothing_is_signed_and_the_doctor_says_so(tmp_path: Path) -> None:
    plain = house(tmp_path)
    assert plain.signer() is None
    assert plain.trust().anchors is None
    check = _signing(plain)
    assert check.ok
    assert "not in use" in check.finding
    assert "MINTAGE_SIGNING_KEY" in check.finding


def test_with_both_files_the_doctor_signs_and_says_until_when_it_is_believed(
    tmp_path: Path,
) -> None:
    certificate, key = paper().lay(tmp_path)
    signing = house(tmp_path, MINTAGE_SIGNING_CERTIFICATE=certificate, MINTAGE_SIGNING_KEY=key)
    signer = signing.signer()
    assert signer is not None
    check = _signing(signing)
    assert check.ok
    assert "as Acme Example Marketing, without time stamps" in check.finding
    assert f"until {signer.expires:%Y-%m-%d}, and no longer" in check.finding
    assert signing.trust().own


def test_a_certificate_that_ends_soon_is_told(tmp_path: Path) -> None:
    certificate, key = authority().certificate(days=(-1, 9.5)).lay(tmp_path)
    signing = house(tmp_path, MINTAGE_SIGNING_CERTIFICATE=certificate, MINTAGE_SIGNING_KEY=key)
    assert "renew it within 9 days" in _signing(signing).finding


def test_one_of_the_two_alone_is_refused(tmp_path: Path) -> None:
    certificate, key = paper().lay(tmp_path)
    with pytest.raises(BadSettings, match="CERTIFICATE is set and MINTAGE_SIGNING_KEY is not"):
        house(tmp_path, MINTAGE_SIGNING_CERTIFICATE=certificate).signer()
    with pytest.raises(BadSettings, match="KEY is set and MINTAGE_SIGNING_CERTIFICATE is not"):
        house(tmp_path, MINTAGE_SIGNING_KEY=key).signer()


def test_a_certificate_alone_is_no_signing_and_where_it_belongs_to_prove_is_told(
    tmp_path: Path,
) -> None:
    certificate, _ = paper().lay(tmp_path)
    check = _signing(house(tmp_path, MINTAGE_SIGNING_CERTIFICATE=certificate))
    assert not check.ok
    assert "MINTAGE_SIGNING_KEY is not" in check.finding
    assert "only proves files has the certificate in the file of MINTAGE_TRUST" in check.finding


def test_a_chain_that_is_nothing_but_the_certificate_needs_its_root_to_be_believed(
    tmp_path: Path,
) -> None:
    certificate, key = authority().certificate(by_root=True).lay(tmp_path)
    files = {"MINTAGE_SIGNING_CERTIFICATE": certificate, "MINTAGE_SIGNING_KEY": key}
    check = _signing(house(tmp_path, **files))
    assert check.ok
    assert "does not believe it before MINTAGE_TRUST_ANCHORS" in check.finding
    roots = tmp_path / "roots.pem"
    roots.write_bytes(authority().anchors)
    assert (
        "believe it before"
        not in _signing(house(tmp_path, **files, MINTAGE_TRUST_ANCHORS=roots)).finding
    )


def test_anchors_without_a_certificate_of_ours_are_told(tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(authority().anchors)
    check = _signing(house(tmp_path, MINTAGE_TRUST_ANCHORS=roots))
    assert check.ok
    assert "takes no credentials for yours" in check.finding
    roots.write_bytes(authority().anchors + paper().certificate)
    check = _signing(house(tmp_path, MINTAGE_TRUST_ANCHORS=roots))
    assert "takes no credentials" not in check.finding


def test_a_time_stamp_authority_that_does_not_answer_is_found_by_the_doctor(
    tmp_path: Path,
) -> None:
    certificate, key = paper().lay(tmp_path)
    check = _signing(
        house(
            tmp_path,
            MINTAGE_SIGNING_CERTIFICATE=certificate,
            MINTAGE_SIGNING_KEY=key,
            MINTAGE_SIGNING_TIMESTAMP_URL="http://127.0.0.1:1/",
        )
    )
    assert not check.ok
    assert "authority 127.0.0.1 does not answer" in check.finding


def test_settings_that_are_wrong_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINTAGE_SIGNING_TIMESTAMP_URL", "stamps.example")
    with pytest.raises(BadSettings, match="MINTAGE_SIGNING_TIMESTAMP_URL cannot be used"):
        read_settings()
    monkeypatch.setenv("MINTAGE_SIGNING_TIMESTAMP_URL", "")
    monkeypatch.setenv("MINTAGE_SIGNING_CERTIFICATE", "")
    assert read_settings().signing_timestamp_url is None
    assert read_settings().signing_certificate is None
    lost = house(tmp_path, MINTAGE_TRUST_ANCHORS=tmp_path / "nope.pem")
    with pytest.raises(BadSettings, match=r"MINTAGE_TRUST_ANCHORS .*nope.pem cannot be read"):
        lost.trust()
    (tmp_path / "odd.pem").write_text("hello")
    odd = house(tmp_path, MINTAGE_TRUST_ANCHORS=tmp_path / "odd.pem")
    with pytest.raises(CredentialsError, match="trust anchors are no certificates"):
        odd.trust()


def test_without_the_extra_the_doctor_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = paper().lay(tmp_path)
    signing = house(tmp_path, MINTAGE_SIGNING_CERTIFICATE=certificate, MINTAGE_SIGNING_KEY=key)
    monkeypatch.setitem(sys.modules, "c2pa", None)
    check = _signing(signing)
    assert not check.ok
    assert 'pip install "mintage[credentials]"' in check.finding
