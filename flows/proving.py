"""Tells of a file that was found anywhere whether it is ours, unchanged, approved, or withdrawn.

The bytes decide: a file is ours when its SHA-256 was released. What a file says of itself, in its label
or its credentials, only leads to where to look; credentials count by themselves where they are
trusted, of our own certificate, and fit the bytes, and even then they tell of no approval: a file is
signed before a person sees it.
"""

from __future__ import annotations

import errno
import hashlib
import os
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
    """These bytes were released here, or our own credentials say that they are as we signed them."""
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

    @property
    def signed_job_id(self) -> str:
        """The job that its credentials name; empty where they name none."""
        claim = self.credentials.claim if self.credentials else None
        return claim.job_id if claim else ""

    @property
    def job_ids(self) -> tuple[str, ...]:
        """The jobs that it says it is of, the better word first."""
        said = [self.signed_job_id, self.label.job_id if self.label else ""]
        return tuple(dict.fromkeys(one for one in said if one))


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
        return Evidence(file, sha256, note="It is too large to be looked into.")
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
        note = f"It has credentials, which were not read: {error}" if has_credentials(data) else ""
        return Evidence(file, sha256, label, note=note)
    return Evidence(file, sha256, label, credentials)


def _judged(evidence: Evidence, asked: AskedRegisters, trust: Trust) -> Proof:
    released = asked.with_bytes(evidence.sha256, evidence.job_ids)
    if released is not None:
        return _released(evidence, released)
    for job_id in evidence.job_ids:
        if was := asked.of_job(job_id):
            return _changed(evidence, was[0])
    if _is_signed_by_us(evidence.credentials, trust):
        return _signed_only(evidence, asked)
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


def _changed(evidence: Evidence, release: KnownRelease) -> Proof:
    is_signed = release.job_id == evidence.signed_job_id
    source = "credentials" if is_signed else "label"
    said = f"Its {source} {'name' if is_signed else 'names'}"
    gone = " That one was withdrawn since." if release.withdrawn else ""
    return Proof(
        evidence,
        ProofVerdict.CHANGED,
        f"{said} a job of ours, and its bytes are not those that were released for it: "
        f"somebody changed the file, or put our {source} into another one.{gone}",
        release.job_id,
        release,
    )


def _is_signed_by_us(credentials: Credentials | None, trust: Trust) -> bool:
    return (
        credentials is not None
        and credentials.known_signer
        and credentials.claim is not None
        and trust.is_ours(credentials.serial)
    )


def _signed_only(evidence: Evidence, asked: AskedRegisters) -> Proof:
    """Conclude from our own credentials alone."""
    credentials, job_id = evidence.credentials, evidence.signed_job_id
    if credentials is None or credentials.state is not CredentialsState.TRUSTED:
        because = "We signed it, and its bytes were changed after that."
        return Proof(evidence, ProofVerdict.CHANGED, because, job_id, claim=_claim(evidence))
    if asked.registers:
        because = (
            f"We signed it, and it was never released, as far as {asked.named} can tell: it must "
            "not be used."
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
    if not evidence.job_ids:
        return f"Nothing in it says that it is ours, and {where}."
    credentials = evidence.credentials
    if credentials is None or not credentials.claim:
        return f"Its label says that it is ours, as anybody's could, and {where}."
    if trust.anchors is None:
        why = "no trust anchors are configured"
    elif not credentials.known_signer:
        why = "nobody that is trusted here signed them"
    else:
        why = "they were not signed with a certificate of ours"
    return f"Its credentials say that it is ours, but {why}, and {where}."
