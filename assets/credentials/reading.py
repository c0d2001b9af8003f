"""Reads the credentials of a file that anybody may have made."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from assets.credentials.claim import Claim, agent_name, claim_of, source_type_of
from assets.credentials.sdk import MEDIA_TYPES, context, sdk
from assets.credentials.trust import CertificateMarks, roots_in

FILE_BYTES_MAX: Final = 512 * 1024 * 1024
"""A larger file is not looked into."""
TEXT_MAX: Final = 1_000
"""The longest text that is taken from a stranger's manifest, in characters."""
PARENTS_MAX: Final = 16
PROBLEMS_MAX: Final = 16

_MARKS: Final = (b"jumb", b"c2pa")
"""What credentials in a file begin with, in every format."""
_UNTRUSTED: Final = "signingCredential.untrusted"
_BYTES_CHANGED: Final = frozenset({"assertion.dataHash.mismatch", "assertion.bmffHash.mismatch"})
_SIGNED: Final = frozenset({"signingCredential.trusted", "claimSignature.validated"})
_BYTES_MATCH: Final = frozenset({"assertion.dataHash.match", "assertion.bmffHash.match"})
_OF_THE_CERTIFICATE: Final = frozenset(
    {
        _UNTRUSTED,
        "signingCredential.expired",
        "signingCredential.invalid",
        "signingCredential.revoked",
        "claimSignature.outsideValidity",
    }
)
"""What can be wrong with whoever signed while every byte is as it was signed."""
_WORDS: Final[Mapping[str, str]] = {
    "assertion.dataHash.mismatch": "the bytes were changed after they were signed",
    "assertion.bmffHash.mismatch": "the bytes were changed after they were signed",
    "assertion.hashedURI.mismatch": "what the credentials say was changed after they were signed",
    "claimSignature.mismatch": "the signature is not that of the credentials",
    "claimSignature.outsideValidity": "they were signed when the certificate was not in time",
    "signingCredential.expired": "the certificate has expired and no time stamp says that it had "
    "not when it signed",
    "signingCredential.invalid": "the certificate may not sign Content Credentials",
    "signingCredential.revoked": "the certificate was revoked",
    _UNTRUSTED: "no root that is trusted here issued the certificate",
}
"""What the commonest findings of the C2PA specification mean."""


class CredentialsState(StrEnum):
    """How far credentials can be believed."""

    TRUSTED = "trusted"
    """The bytes are as signed, and one of the given roots issued the certificate."""
    VALID = "valid"
    """The bytes are as signed, by somebody of whom no given root knows."""
    INVALID = "invalid"
    """Bytes or credentials were changed, or they cannot be read."""


@dataclass(frozen=True, slots=True)
class ParentCredentials:
    """Credentials that were there before, such as a generator's own, and what made the file then."""

    title: str
    generator: str
    signer: str
    source_type: str
    state: CredentialsState


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a file's credentials say; every text is a stranger's unless `state` is trusted.

    `problems` are sentences' parts, the worst first; `signer` is the name in the certificate and
    its organisation; `certificate` is what the certificate is known by, told only of a
    known signer; `claim` is there where Mintage's own assertion is; `signed_at` is the time stamp's, as
    text. `known_signer` says that a given root issued the certificate and that it did sign what the
    credentials say, though the file's bytes may have been changed since. `untouched` says that bytes and
    credentials are as they were signed, whoever did that and whether or not the certificate was fit.
    """

    state: CredentialsState
    problems: tuple[str, ...] = ()
    signer: str = ""
    certificate: CertificateMarks | None = None
    generator: str = ""
    source_type: str = ""
    signed_at: str = ""
    claim: Claim | None = None
    parents: tuple[ParentCredentials, ...] = ()
    known_signer: bool = False
    untouched: bool = False


def read_credentials(data: bytes, media_type: str, *, anchors: bytes | None) -> Credentials | None:
    """Read a file's credentials, or None where there are none.

    Whatever cannot be read is invalid, and nothing a file holds makes this raise. Nothing is
    fetched from the network.

    Args:
        data: the file.
        media_type: PNG, JPEG, WebP or AVIF; any other has no credentials that are read here.
        anchors: roots in PEM; only what one of them issued is trusted.

    Raises:
        BadCertificate: the anchors are no certificates.
        CredentialsMissing: the extra is not installed.
    """
    if media_type not in MEDIA_TYPES:
        return None
    if len(data) > FILE_BYTES_MAX:
        return _unreadable("the file is too large to be looked into")
    library = sdk()
    roots = roots_in(anchors) if anchors else None
    try:
        with (
            context(roots) as settings,
            library.Reader(media_type, io.BytesIO(data), context=settings) as reader,
        ):
            return _read(reader)
    except library.C2paError.ManifestNotFound:
        return None
    except Exception as error:  # noqa: BLE001  a stranger's bytes: what cannot be read is invalid
        if not any(mark in data for mark in _MARKS):
            # A damaged picture that never had any.
            return None
        return _unreadable(f"they cannot be read: {_short(str(error))}")


def _read(reader: Any) -> Credentials:  # noqa: ANN401  the library has no types
    report = json.loads(reader.json())
    found = _credentials(report)
    if not found.known_signer:
        return found
    # The library's other report, of crJSON, is the only one that names the certificate's issuer.
    marks = _marks(json.loads(reader.crjson()), report["active_manifest"])
    return replace(found, certificate=marks)


def _credentials(report: Mapping[str, object]) -> Credentials:
    manifests = report.get("manifests")
    label = report.get("active_manifest")
    if not isinstance(manifests, dict) or not isinstance(manifests.get(label), dict):
        return _unreadable("they name no manifest that is there")
    manifest: dict[str, object] = _shortened(manifests[label])
    signature = _part(manifest, "signature_info")
    claim = claim_of(manifest)
    return Credentials(
        state=_state(report.get("validation_state")),
        problems=_problems(report),
        signer=_signer(signature),
        generator=_generator(manifest),
        source_type=source_type_of(manifest),
        signed_at=str(signature.get("time", "")),
        claim=claim,
        parents=tuple(_parents(manifest, manifests)),
        known_signer=_is_signer_known(report),
        untouched=_is_untouched(report),
    )


def _state(found: object) -> CredentialsState:
    known = {"Trusted": CredentialsState.TRUSTED, "Valid": CredentialsState.VALID}
    return known.get(str(found), CredentialsState.INVALID)


def _problems(report: Mapping[str, object]) -> tuple[str, ...]:
    statuses = report.get("validation_status")
    found: dict[str, None] = {}
    for one in statuses if isinstance(statuses, list) else ():
        if isinstance(one, dict):
            code = _short(str(one.get("code", "")))
            found[_WORDS.get(code, code)] = None
    # That nobody trusts the certificate is the least where the bytes were changed.
    ranked = sorted(found, key=lambda words: words == _WORDS[_UNTRUSTED])
    return tuple(ranked[:PROBLEMS_MAX])


def _is_signer_known(report: Mapping[str, object]) -> bool:
    active = _part(_part(report, "validation_results"), "activeManifest")
    failed = _codes(active.get("failure"))
    return _codes(active.get("success")) >= _SIGNED and failed <= _BYTES_CHANGED


def _is_untouched(report: Mapping[str, object]) -> bool:
    active = _part(_part(report, "validation_results"), "activeManifest")
    passed = _codes(active.get("success"))
    return (
        "claimSignature.validated" in passed
        and bool(passed & _BYTES_MATCH)
        and _codes(active.get("failure")) <= _OF_THE_CERTIFICATE
    )


def _codes(findings: object) -> set[str]:
    return {
        str(one.get("code")) if isinstance(one, dict) else ""
        for one in (findings if isinstance(findings, list) else ())
    }


def _parents(
    manifest: Mapping[str, object], manifests: Mapping[str, object]
) -> Iterator[ParentCredentials]:
    ingredients = manifest.get("ingredients")
    for one in ingredients[:PARENTS_MAX] if isinstance(ingredients, list) else ():
        if not isinstance(one, dict) or one.get("relationship") != "parentOf":
            continue
        theirs = manifests.get(str(one.get("active_manifest")))
        parent: dict[str, object] = _shortened(theirs) if isinstance(theirs, dict) else {}
        yield ParentCredentials(
            title=str(one.get("title", "")),
            generator=_generator(parent),
            signer=_signer(_part(parent, "signature_info")),
            source_type=source_type_of(parent),
            state=_parent_state(one, known=bool(parent)),
        )


def _parent_state(ingredient: Mapping[str, object], *, known: bool) -> CredentialsState:
    """Say what was found of a parent when it was kept; its own bytes are here no more."""
    active = _part(_part(ingredient, "validation_results"), "activeManifest")
    codes = _codes(active.get("failure"))
    if not known or codes - {_UNTRUSTED}:
        return CredentialsState.INVALID
    return CredentialsState.VALID if codes else CredentialsState.TRUSTED


def _generator(manifest: Mapping[str, object]) -> str:
    agents = manifest.get("claim_generator_info")
    if isinstance(agents, list) and agents:
        return agent_name(agents[0])
    return str(manifest.get("claim_generator", ""))


def _signer(signature: Mapping[str, object]) -> str:
    names = [str(signature.get("common_name", "")), str(signature.get("issuer", ""))]
    name, organisation = names
    if not name or not organisation or name == organisation:
        return name or organisation
    return f"{name} ({organisation})"


def _marks(report: Mapping[str, object], active: object) -> CertificateMarks | None:
    """Say what the signing certificate is known by; None where the reader does not tell all of it."""
    manifests = report.get("manifests")
    named = [
        one for one in (manifests if isinstance(manifests, list) else ()) if isinstance(one, dict)
    ]
    first = next((one for one in named if one.get("label") == active), {})
    told = _part(_part(first, "signature"), "certificateInfo")
    validity = _part(told, "validity")
    try:
        return CertificateMarks(
            serial=int(str(told["serialNumber"]), 16),
            issuer=frozenset(
                (kind, text)
                for kind, text in _part(told, "issuer").items()
                if isinstance(text, str)
            ),
            begins=datetime.fromisoformat(str(validity["notBefore"])).astimezone(UTC),
            ends=datetime.fromisoformat(str(validity["notAfter"])).astimezone(UTC),
        )
    except (KeyError, ValueError):
        return None


def _part(values: Mapping[str, object], name: str) -> dict[str, object]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _unreadable(why: str) -> Credentials:
    return Credentials(CredentialsState.INVALID, (why,))


def _short(text: str) -> str:
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}…"


def _shortened(value: Any) -> Any:  # noqa: ANN401  any JSON value, and the same kind of value back
    """Cut every text of a JSON value short."""
    if isinstance(value, str):
        return _short(value)
    if isinstance(value, list):
        return [_shortened(one) for one in value]
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}
    return value
