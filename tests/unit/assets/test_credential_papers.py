"""Certificates and keys that cannot sign are refused at the start, each with its own sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from credential_authority import (
    C2PA_SIGNING,
    DOCUMENT_SIGNING,
    Authority,
    Paper,
    PrivateKey,
    authority,
    paper,
)
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from assets.credentials import (
    BadCertificate,
    Claim,
    CredentialsError,
    CredentialsMissing,
    CredentialsState,
    open_signer,
    read_credentials,
    trust_in,
)
from assets.credentials.signing import _DOT
from assets.credentials.trust import CertificateMarks, marks_of

CLAIM = Claim(
    "Dot", "dots@1#dot", "dots@1", "studio", "cards", "algorithmicMedia", "", (), "Mintage"
)
EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION


def certificate(*usages: ObjectIdentifier) -> Paper:
    return authority().certificate(usages=usages)


def locked() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"geheim"),
    )


REFUSED: dict[str, tuple[Callable[[], Paper], str]] = {
    "expired": (lambda: authority().certificate(days=(-9, -1)), r"expired on 20.*get a new one"),
    "not yet": (lambda: authority().certificate(days=(1, 9)), r"not valid before 20.*clock right"),
    "no usage": (certificate, r"emailProtection, documentSigning or C2PA claim signing"),
    "web server": (lambda: certificate(ExtendedKeyUsageOID.SERVER_AUTH), r"not made for signing"),
    "no signing": (
        lambda: authority().certificate(digital_signature=False),
        r"needs the key usage digitalSignature",
    ),
    "stamps too": (
        lambda: certificate(EMAIL, ExtendedKeyUsageOID.TIME_STAMPING),
        r"used for timeStamping too, which C2PA forbids",
    ),
    "anything": (
        lambda: certificate(EMAIL, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE),
        r"used for anyExtendedKeyUsage too",
    ),
    "another's key": (lambda: replace(paper(), key=certificate(EMAIL).key), r"does not belong to"),
    "no key": (lambda: replace(paper(), key=b"hello"), r"holds no private key in PEM"),
    "locked key": (lambda: replace(paper(), key=locked()), r"locked with a passphrase"),
    "weak key": (
        lambda: authority().certificate(key=rsa.generate_private_key(65537, 1024)),  # noqa: S505  to be refused
        r"of a kind that C2PA does not allow",
    ),
    "odd curve": (
        lambda: authority().certificate(key=ec.generate_private_key(ec.SECP256K1())),
        r"P-256, P-384 or P-521",
    ),
    "no certificate": (lambda: replace(paper(), certificate=b"", chain=b"x"), r"no certificate in"),
    "no issuer": (
        lambda: replace(paper(), chain=b""),
        r"ends at Acme Example Marketing, which none",
    ),
    "another's issuer": (
        lambda: replace(paper(), chain=Authority("Other").middle),
        r"Other Issuing did not issue Acme Example Marketing",
    ),
    "wrong way round": (
        lambda: replace(paper(), certificate=paper().chain, chain=paper().certificate),
        r"is an authority's or its own issuer",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_sign_is_refused_in_a_sentence_that_says_what_to_do(
    what: str, tmp_path: Path
) -> None:
    make, words = REFUSED[what]
    papers = make()
    files = papers.lay(tmp_path)
    with pytest.raises(BadCertificate, match=words) as raised:
        open_signer(*files, anchors=authority().anchors)
    told = str(raised.value)
    assert str(tmp_path) in told
    assert told.endswith(".")
    for line in papers.key.decode().splitlines()[1:-1]:
        assert line not in told


@pytest.mark.parametrize("usage", [EMAIL, DOCUMENT_SIGNING, C2PA_SIGNING])
def test_each_usage_that_may_sign_signs_and_is_trusted(
    usage: ObjectIdentifier, tmp_path: Path
) -> None:
    signer = open_signer(*certificate(usage).lay(tmp_path), anchors=authority().anchors)
    signed = signer.sign(_DOT, "image/png", CLAIM)
    found = read_credentials(signed, "image/png", anchors=authority().anchors)
    assert found is not None
    assert found.state is CredentialsState.TRUSTED


KEYS: dict[str, Callable[[], PrivateKey]] = {
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("kind", KEYS)
def test_every_kind_of_key_that_c2pa_allows_signs(kind: str, tmp_path: Path) -> None:
    files = authority().certificate(key=KEYS[kind]()).lay(tmp_path)
    signed = open_signer(*files).sign(_DOT, "image/png", CLAIM)
    found = read_credentials(signed, "image/png", anchors=authority().anchors)
    assert found is not None
    assert found.state is CredentialsState.TRUSTED


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused_with_the_command_to_run(
    mode: int, tmp_path: Path
) -> None:
    certificate_file, key = paper().lay(tmp_path / "of us", mode=mode)
    with pytest.raises(BadCertificate) as raised:
        open_signer(certificate_file, key)
    assert f"run `chmod 600 '{key}'`." in str(raised.value)
    key.chmod(0o600)
    assert open_signer(certificate_file, key).subject == "Acme Example Marketing"


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    certificate_file, key = paper().lay(tmp_path)
    with pytest.raises(BadCertificate, match=r"certificate .*nope.* cannot be read: no such file"):
        open_signer(tmp_path / "nope", key)
    with pytest.raises(BadCertificate, match=r"key .*nope.* cannot be read: no such file"):
        open_signer(certificate_file, tmp_path / "nope")


def test_the_digest_of_a_certificate_is_the_one_that_openssl_shows(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    signer = open_signer(*paper().lay(tmp_path))
    leaf = x509.load_pem_x509_certificate(paper().certificate)
    assert signer.certificate_sha256 == leaf.fingerprint(hashes.SHA256()).hex()
    assert signer.expires == leaf.not_valid_after_utc


def test_without_the_extra_everything_imports_and_using_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = paper().lay(tmp_path)
    monkeypatch.setitem(sys.modules, "c2pa", None)
    words = r'pip install "mintage\[credentials\]"'
    with pytest.raises(CredentialsMissing, match=words):
        open_signer(*files)
    with pytest.raises(CredentialsMissing, match=words):
        read_credentials(_DOT, "image/png", anchors=None)


def test_anchors_that_are_no_certificates_are_refused_before_any_file_is_judged() -> None:
    with pytest.raises(CredentialsError, match="trust anchors are no certificates in PEM"):
        read_credentials(_DOT, "image/png", anchors=b"hello")


def test_our_own_certificates_are_those_beside_the_roots_and_the_one_that_signs() -> None:
    roots, own = authority().anchors, paper().certificate + paper().chain
    retired, other = authority().certificate(), marks(authority().certificate())
    nobody = trust_in(None, None)
    assert nobody.anchors is None
    anybody_below = trust_in(roots, None)
    assert not anybody_below.is_ours(other)
    ours = trust_in(roots + retired.certificate, own)
    assert ours.is_ours(marks(retired))
    assert ours.is_ours(marks(paper()))
    assert not ours.is_ours(other)
    assert not ours.is_ours(None)
    assert ours.anchors == roots
    by_itself = trust_in(None, own)
    assert by_itself.anchors == paper().chain
    assert by_itself.is_ours(marks(paper()))
    assert not by_itself.is_ours(marks(retired))


def test_an_equal_serial_number_of_another_issuer_is_another_certificate(tmp_path: Path) -> None:
    second = Authority("Evil Root")
    ours = authority().certificate(serial=4096)
    theirs = second.certificate(serial=4096, common_name="Evil Ltd")
    roots = authority().anchors + second.anchors
    trust = trust_in(roots, ours.certificate + ours.chain)
    for one, expected in ((ours, True), (theirs, False)):
        signed = open_signer(*one.lay(tmp_path / str(expected))).sign(_DOT, "image/png", CLAIM)
        found = read_credentials(signed, "image/png", anchors=roots)
        assert found is not None
        assert found.state is CredentialsState.TRUSTED
        assert trust.is_ours(found.certificate) is expected


def test_a_certificate_is_known_again_whatever_is_in_its_issuers_name(tmp_path: Path) -> None:
    odd = [
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "One"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Zwei, Nürnberg"),
        x509.NameAttribute(NameOID.EMAIL_ADDRESS, "ca@acme.example"),
        x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "example"),
    ]
    house = Authority("Odd Root", beside=odd)
    ours = house.certificate()
    signed = open_signer(*ours.lay(tmp_path)).sign(_DOT, "image/png", CLAIM)
    found = read_credentials(signed, "image/png", anchors=house.anchors)
    assert found is not None
    assert trust_in(house.anchors, ours.certificate).is_ours(found.certificate)
    again = house.certificate()
    assert not trust_in(house.anchors, again.certificate).is_ours(found.certificate)


def marks(one: Paper) -> CertificateMarks:
    return marks_of(x509.load_pem_x509_certificate(one.certificate))
