"""Tells of a file that was found anywhere whether it is ours, unchanged, approved, or withdrawn.

The bytes decide: a file is ours when its SHA-256 was released, or when it is one that a job of ours
made and that was never released. What a file says of itself, in its label or its credentials, only
leads to where to look; credentials count by themselves where they are trusted, of our own certificate,
and fit the bytes, and even then they tell of no approval: a file is signed before a person sees it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from assets import Claim, Credentials, CredentialsMissing, CredentialsState, read_credentials
from assets.credentials import Trust
from assets.labels import Label, has_credentials, read_label
from flows.asked_registers import AskedRegisters, open_registers
from flows.release_registers import KnownRelease
from flows.wiring import House

LOOKED_INTO_BYTES_MAX: Final = 256 << 20
"""Of a larger file only the SHA-256 is taken."""
_CHUNK_BYTES: Final = 1 << 20
_NO_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no job's id has and no database takes."""
_HEADS: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
)
"""Where in a file which bytes tell its media type."""


class ProofVerdict(StrEnum):
    """What a file is found to be."""

    OURS = "ours"
    """These bytes were released here, or they were made here and never released: then by the books, or
    as our own credentials say."""
    CHANGED = "changed"
    """It says that it is ours, and is not what was released or signed as that."""
    WITHDRAWN = "withdrawn"
    """These bytes were released here and then taken back."""
    UNKNOWN = "unknown"
    """Nothing shows that it is ours."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one file is and says of itself; a label is anybody's word."""

    file: Path
    sha256: str
    label: Label | None = None
    credentials: Credentials | None = None
    note: str = ""
    """A sentence about what could not be looked at."""
    looked_into: bool = True
    """Whether what it says of itself could be read."""

    @property
    def signed_job_id(self) -> str:
        """The job that its credentials name; empty where they name none."""
        claim = self.credentials.claim if self.credentials else None
        return claim.job_id if claim else ""

    @property
    def job_ids(self) -> tuple[str, ...]:
        """The jobs that it says it is of, the better word first."""
        said = [self.signed_job_id, self.label.job_id if self.label else ""]
        return tuple(dict.fromkeys(one for one in said if one and not _NO_TEXT.search(one)))


@dataclass(frozen=True, slots=True)
class Proof:
    """What is found of one file. `release` is the release that it is, or that it was changed from."""

    evidence: Evidence
    verdict: ProofVerdict
    because: str
    """The reason, as one sentence."""
    job_id: str = ""
    """The job that it is of, or was; empty where nobody can tell."""
    release: KnownRelease | None = None
    claim: Claim | None = None
    """What our own credentials say of it, where they are what is gone by."""

    @property
    def holds(self) -> bool:
        """Whether it is ours, unchanged, approved, and not withdrawn."""
        return self.verdict is ProofVerdict.OURS and self.release is not None


@dataclass(frozen=True, slots=True)
class ProofReport:
    """All files' proofs, what was asked for them, and a sentence for each that could not be read."""

    proofs: tuple[Proof, ...]
    asked: tuple[str, ...]
    """`books`, `store`, or both; empty where only credentials could be looked at."""
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def prove(house: House, files: Sequence[Path]) -> ProofReport:
    """Look at files and look them up in the books and the store, as far as they can be asked.

    Raises:
        BadSettings, BadCertificate: the configured trust anchors cannot be read.
    """
    trust = house.trust()
    evidence: list[Evidence] = []
    problems: list[str] = []
    for file in files:
        try:
            evidence.append(examined(file, trust))
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            problems.append(f"{file} cannot be read: {why}.")
    with ExitStack() as stack:
        asked = open_registers(house, stack)
        asked.find({one.sha256: one.job_ids for one in evidence})
        proofs = tuple(_judged(one, asked, trust) for one in evidence)
        return ProofReport(proofs, tuple(asked.registers), tuple(asked.notes), tuple(problems))


def examined(file: Path, trust: Trust) -> Evidence:
    """Read one file: its digest, its label, its credentials; none of them is believed yet.

    Raises:
        OSError: it cannot be read, or is no file.
    """
    with open(file, "rb", opener=_at_once) as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        digest, data = hashlib.sha256(), bytearray()
        while chunk := opened.read(_CHUNK_BYTES):
            digest.update(chunk)
            if len(data) <= LOOKED_INTO_BYTES_MAX:
                data += chunk
    sha256 = digest.hexdigest()
    if len(data) > LOOKED_INTO_BYTES_MAX:
        note = f"It is larger than {LOOKED_INTO_BYTES_MAX >> 20} MiB, so it was not looked into."
        return Evidence(file, sha256, note=note, looked_into=False)
    return _looked_into(file, sha256, bytes(data), trust)


def _at_once(path: str, flags: int) -> int:
    """Open without waiting, as one would for somebody to write to a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _looked_into(file: Path, sha256: str, data: bytes, trust: Trust) -> Evidence:
    media_type = next(
        (told for start, head, told in _HEADS if data[start : start + len(head)] == head), None
    )
    if media_type is None:
        return Evidence(file, sha256)
    label = read_label(data)
    try:
        credentials = read_credentials(data, media_type, anchors=trust.anchors)
    except CredentialsMissing as error:
        if not has_credentials(data):
            return Evidence(file, sha256, label)
        note = f"It has credentials, which were not read: {error}"
        return Evidence(file, sha256, label, note=note, looked_into=False)
    return Evidence(file, sha256, label, credentials)


def _judged(evidence: Evidence, asked: AskedRegisters, trust: Trust) -> Proof:
    released = asked.with_bytes(evidence.sha256, evidence.job_ids)
    if released is not None:
        return _released(evidence, released)
    for job_id in evidence.job_ids:
        if made := asked.made_for(job_id, evidence.sha256):
            claim = _claim(evidence) if job_id == evidence.signed_job_id else None
            return Proof(evidence, ProofVerdict.OURS, made.because, job_id, claim=claim)
    if _is_signed_by_us(evidence.credentials, trust) and _is_trusted(evidence.credentials):
        return _signed_only(evidence, asked)
    for job_id in evidence.job_ids:
        if was := asked.of_job(job_id):
            return _like_a_job(evidence, was[0], trust)
    if _is_signed_by_us(evidence.credentials, trust):
        because = "We signed it, and its bytes were changed after that."
        job_id = evidence.signed_job_id
        return Proof(evidence, ProofVerdict.CHANGED, because, job_id, claim=_claim(evidence))
    return Proof(evidence, ProofVerdict.UNKNOWN, _unknown(evidence, asked, trust))


def _released(evidence: Evidence, release: KnownRelease) -> Proof:
    if release.withdrawn is None:
        because = "These very bytes were released."
        return Proof(evidence, ProofVerdict.OURS, because, release.job_id, release)
    taken = release.withdrawn
    by = f" by {taken.by}" if taken.by else ""
    return Proof(
        evidence,
        ProofVerdict.WITHDRAWN,
        f"It was released, and withdrawn on {taken.at:%Y-%m-%d}{by}: {taken.because}",
        release.job_id,
        release,
    )


def _like_a_job(evidence: Evidence, release: KnownRelease, trust: Trust) -> Proof:
    """Conclude of a file that names a job of ours and is not what was released for it."""
    credentials = evidence.credentials
    if credentials is None or not credentials.untouched or release.job_id != evidence.signed_job_id:
        return _changed(evidence, release)
    # As somebody signed it, so nobody changed it: the same order file gives the same job's name anywhere.
    return Proof(
        evidence,
        ProofVerdict.UNKNOWN,
        "Its credentials name a job of ours, but these bytes were never released by us; they are "
        f"as they were signed, {_signed_by(credentials, trust)}.",
    )


def _signed_by(credentials: Credentials, trust: Trust) -> str:
    """Say who signed, to stand at a sentence's end."""
    who = credentials.signer or "somebody without a name"
    if not credentials.known_signer:
        return f"by {who}, whom nobody that is trusted here vouches for"
    if trust.own:
        return f"by {who}, trusted, with a certificate that is none of ours"
    return f"by {who}, trusted; which certificates are ours is not configured"


def _changed(evidence: Evidence, release: KnownRelease) -> Proof:
    is_signed = release.job_id == evidence.signed_job_id
    source = "credentials" if is_signed else "label"
    said = f"Its {source} {'name' if is_signed else 'names'}"
    gone = " That one was withdrawn since." if release.withdrawn else ""
    return Proof(
        evidence,
        ProofVerdict.CHANGED,
        f"{said} a job of ours, and its bytes are not those that were released for it: "
        f"somebody changed the file, or put our {source} into another one"
        f"{'' if is_signed else ', or ran the same order file elsewhere'}.{gone}",
        release.job_id,
        release,
    )


def _is_signed_by_us(credentials: Credentials | None, trust: Trust) -> bool:
    return (
        credentials is not None
        and credentials.known_signer
        and credentials.claim is not None
        and trust.is_ours(credentials.certificate)
    )


def _is_trusted(credentials: Credentials | None) -> bool:
    return credentials is not None and credentials.state is CredentialsState.TRUSTED


def _signed_only(evidence: Evidence, asked: AskedRegisters) -> Proof:
    """Conclude from our own credentials alone, which fit the bytes."""
    job_id = evidence.signed_job_id
    if asked.registers:
        because = (
            "We signed it, it is unchanged, and it was never released, as far as "
            f"{asked.named} can tell: it must not be used."
        )
    else:
        because = (
            "We signed it, and it is unchanged; whether it was approved, released or withdrawn "
            "cannot be told without the books or the store."
        )
    return Proof(evidence, ProofVerdict.OURS, because, job_id, claim=_claim(evidence))


def _claim(evidence: Evidence) -> Claim | None:
    return evidence.credentials.claim if evidence.credentials else None


def _unknown(evidence: Evidence, asked: AskedRegisters, trust: Trust) -> str:
    if evidence.sha256 in asked.disputed:
        return (
            "The store lists these bytes as released, and the books have no such release; "
            "`mintage assets verify` tells what is wrong."
        )
    if not asked.registers:
        where = "neither books nor store could be asked"
    else:
        where = f"its bytes were never released, as far as {asked.named} can tell"
    return f"{_what_it_says(evidence, trust)}, and {where}."


def _what_it_says(evidence: Evidence, trust: Trust) -> str:
    """Say what the file says of itself and how far that goes, as a sentence's beginning."""
    credentials = evidence.credentials
    if not evidence.job_ids:
        if not evidence.looked_into:
            return "What it says of itself was not read"
        return "Nothing in it says that it is ours"
    if credentials is None or not credentials.claim:
        return "Its label says that it is ours, as anybody's could"
    if credentials.known_signer and not trust.own:
        return (
            f"Its credentials are trusted, signed by {credentials.signer}, and name job "
            f"{evidence.signed_job_id}; whether that is us cannot be told, as no signing "
            "certificate of ours is in MINTAGE_TRUST_ANCHORS"
        )
    if trust.anchors is None:
        why = "no trust anchors are configured"
    elif not credentials.known_signer:
        why = "nobody that is trusted here signed them"
    else:
        why = "they were not signed with a certificate of ours"
    return f"Its credentials say that it is ours, but {why}"
