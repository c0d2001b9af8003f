"""Signs files: a manifest of what made them and which gates they passed, bound to their bytes."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from assets.credentials.claim import Claim, definition
from assets.credentials.errors import BadCertificate, SigningFailed, Unsignable
from assets.credentials.papers import Papers, read_papers
from assets.credentials.reading import CredentialsState, read_credentials
from assets.credentials.sdk import MEDIA_TYPES, context, sdk
from assets.labels import Label, without_credentials, write_label

CREATED: Final = "c2pa.created"
TRANSCODED: Final = "c2pa.transcoded"
"""What C2PA calls a change of encoding or of scale: what finishing does to a generator's file."""
RELABELLED: Final = "c2pa.edited.metadata"
"""What C2PA calls it where the picture stays as the generator gave it, and its label alone is ours."""

_DOT: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
"""A PNG of one black pixel."""
_NO_ANSWER: Final = "http resolver"
"""What the library says where an authority could not be asked."""
_NO_LABEL: Final = Label({}, {}, {}, {}, "", "", "", "")
_TRIAL: Final = Claim("trial", "trial", "trial", "", "", "algorithmicMedia", "", (), "Mintage")


@dataclass(frozen=True, slots=True)
class Signer:
    """An organisation's certificate at work. May be used by many threads at once.

    Nothing of the library outlives one call, so that threads share nothing but text.
    """

    papers: Papers = field(repr=False)
    timestamp_url: str | None = field(default=None, repr=False)

    @property
    def certificate_sha256(self) -> str:
        """The SHA-256 of the signing certificate in DER, in hex."""
        return self.papers.certificate_sha256

    @property
    def subject(self) -> str:
        """Whose certificate it is, as readers of a file are shown."""
        return self.papers.subject

    @property
    def expires(self) -> datetime:
        """The last moment at which it may sign."""
        return self.papers.expires

    @property
    def stamped_by(self) -> str:
        """The host of the time stamp authority; empty where there is none."""
        return urlsplit(self.timestamp_url or "").hostname or ""

    def sign(
        self,
        data: bytes,
        media_type: str,
        claim: Claim,
        *,
        parent: bytes | None = None,
        parent_media_type: str | None = None,
    ) -> bytes:
        """Sign a file; pixels and XMP stay as they are, credentials in it are replaced.

        Args:
            data: the finished and labelled bytes; nothing may change them after this.
            media_type: of `data`; PNG, JPEG, WebP or AVIF.
            claim: what is signed.
            parent: the generator's own bytes where they carry credentials, which are kept as the
                parent of the new ones. They may be broken: then the parent is kept with what is
                wrong with it; and where they cannot be read at all, the claim says that instead.
                Without credentials they are not needed.
            parent_media_type: of `parent`; that of `data` without it.

        Raises:
            Unsignable: these bytes cannot be signed, and others can.
            SigningFailed: nothing can be signed now, or the time stamp could not be had.
            CredentialsMissing: the extra is not installed.
        """
        if media_type not in MEDIA_TYPES:
            raise Unsignable(f"{media_type} files cannot be signed; PNG, JPEG, WebP, AVIF can.")
        parent_type = parent_media_type or media_type
        try:
            return self._verified(data, media_type, claim, parent, parent_type)
        except SigningFailed as error:
            failed = error
        # Without a time stamp nobody else is asked: so it comes out what was at fault.
        alone = replace(self, timestamp_url=None)
        if not alone.signs(data, media_type, claim, parent, parent_type):
            if parent is not None:
                return self.sign(data, media_type, replace(claim, parent_unreadable=True))
            if alone.signs(_DOT, "image/png", _TRIAL):
                raise Unsignable(str(failed))
        raise failed

    def signs(
        self,
        data: bytes,
        media_type: str,
        claim: Claim,
        parent: bytes | None = None,
        parent_media_type: str | None = None,
    ) -> bool:
        """Say whether these bytes can be signed here and now; takes the time of signing them."""
        try:
            self._verified(data, media_type, claim, parent, parent_media_type or media_type)
        except SigningFailed:
            return False
        return True

    def _verified(
        self, data: bytes, media_type: str, claim: Claim, parent: bytes | None, parent_type: str
    ) -> bytes:
        """Sign, and read what was signed."""
        signed = self._signed(data, media_type, claim, parent, parent_type)
        found = read_credentials(signed, media_type, anchors=None)
        if found is None or found.state is CredentialsState.INVALID:
            why = "; ".join(found.problems) if found else "there are none in it"
            raise SigningFailed(f"The signed bytes of {claim.job_id} do not verify: {why}.")
        return signed

    def check(self) -> None:
        """Sign one pixel, with a time stamp where there is an authority. Raises as `sign` does."""
        self.sign(_DOT, "image/png", _TRIAL)

    def _signed(
        self, data: bytes, media_type: str, claim: Claim, parent: bytes | None, parent_type: str
    ) -> bytes:
        library = sdk()
        action = CREATED if parent is None else _change(parent, data)
        out = io.BytesIO()
        try:
            with (
                context() as settings,
                self._hand() as hand,
                library.Builder(
                    json.dumps(definition(claim, action=action)), context=settings
                ) as builder,
            ):
                if parent is not None:
                    # The library then says that the parent was opened, and binds it to that action.
                    builder.set_intent(library.C2paBuilderIntent.EDIT)
                    builder.add_ingredient(
                        {"title": "What the generator gave", "relationship": "parentOf"},
                        parent_type,
                        io.BytesIO(parent),
                    )
                builder.sign(hand, media_type, io.BytesIO(data), out)
        except library.C2paError as error:
            raise SigningFailed(self._why(claim.job_id, str(error))) from None
        return out.getvalue()

    def _why(self, job_id: str, error: str) -> str:
        """Say why a file was not signed; never with the authority's address, which can hold a password."""
        if not self.timestamp_url:
            return f"The file of {job_id} could not be signed: {error}."
        if _NO_ANSWER in error:
            return (
                f"The file of {job_id} was not signed, because the time stamp authority "
                f"{self.stamped_by} does not answer; try again, or unset "
                "MINTAGE_SIGNING_TIMESTAMP_URL."
            )
        return (
            f"The file of {job_id} could not be signed with a time stamp of {self.stamped_by}: "
            f"{error.replace(self.timestamp_url, self.stamped_by)}."
        )

    def _hand(self) -> Any:  # noqa: ANN401  the library has no types
        library = sdk()
        return library.Signer.from_info(
            library.C2paSignerInfo(
                alg=self.papers.algorithm.encode(),
                sign_cert=self.papers.chain,
                private_key=self.papers.key,
                ta_url=self.timestamp_url.encode() if self.timestamp_url else None,
            )
        )


def _change(parent: bytes, data: bytes) -> str:
    """Say what was done to a parent, by comparing both without credentials and with the same label."""
    before, after = (write_label(without_credentials(one), _NO_LABEL) for one in (parent, data))
    return RELABELLED if before is not None and before == after else TRANSCODED


def open_signer(
    certificate: Path,
    key: Path,
    *,
    timestamp_url: str | None = None,
    anchors: bytes | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Signer:
    """Read an organisation's certificate and key, and find out whether they sign.

    Args:
        certificate: a PEM file: the signing certificate, then its issuers without the root.
        key: a PEM file that only its owner can read, with the key unlocked.
        timestamp_url: an authority (RFC 3161) that is asked for the time of each signature.
        anchors: the roots that readers trust, in PEM; with them the chain has to lead to one.
        clock: says whether the certificate is in time.

    Raises:
        BadCertificate: they cannot sign, and why.
        CredentialsMissing: the extra is not installed.
    """
    sdk()
    papers = read_papers(certificate, key, now=clock(), anchors=anchors)
    try:
        # The library has the last word on a certificate, and says it only when it signs.
        Signer(papers).check()
    except SigningFailed as error:
        raise BadCertificate(f"The certificate {certificate} cannot sign: {error}") from error
    return Signer(papers, timestamp_url)
