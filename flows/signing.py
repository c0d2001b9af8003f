"""Signing: a file that has passed gets the house's content credentials, and is judged again with them.

What is signed says which gates the file passed; the rules are named by a digest that anybody can
work out again from the receipt. The bytes from before are staged and stay there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assets import stage, staged
from assets.labels import has_credentials, without_credentials
from flows.briefs import JobBrief, canonical_json
from flows.labelling import MINTAGE_VERSION, label_of, labelled, media_type_of
from flows.order_run import OrderRun
from generators import source_type
from ledger import JobView, SigningRecord
from validators import INTACT, INTACT_VERSION, Criterion, Verdict, rule_of

if TYPE_CHECKING:
    from assets.credentials import Claim, Signer

MASTER = 0
"""The number of a master among the files of its job."""


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A staged file that has passed by `verdicts`, and will be judged by `criteria` when signed."""

    number: int
    name: str
    sha256: str
    media_type: str
    verdicts: tuple[Verdict, ...]
    criteria: tuple[Criterion, ...]
    rendition_of: str | None = None
    """The bytes of the master that it was made of, where it is a rendition."""


def rules_digest(criteria: Sequence[Criterion]) -> str:
    """Give the SHA-256 of rules: of the canonical JSON of each one's name, version and parameters.

    The rule `intact`, by which every file is judged, is among them. They are sorted as a receipt has
    them under `verified_by`, so that the digest of those three words there is the same.
    """
    rules = [
        {"criterion": INTACT, "version": INTACT_VERSION, "parameters": {}},
        *(
            {"criterion": one.criterion, "version": one.version, "parameters": one.parameters}
            for one in map(rule_of, criteria)
        ),
    ]
    rules.sort(
        key=lambda one: (one["criterion"], one["version"], canonical_json(one["parameters"]))
    )
    return hashlib.sha256(canonical_json(rules).encode()).hexdigest()


def told_verdicts(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Name the rules that a file has passed, as manifests do.

    A rule that is broken and does not block says so: it only warns, or a person lets the file pass,
    without whom it is not released.
    """
    return tuple(
        one.criterion
        if one.passed
        else f"{one.criterion} (warned)"
        if one.severity == "warn"
        else f"{one.criterion} (let pass)"
        for one in verdicts
    )


async def sign(
    run: OrderRun, signer: Signer, view: JobView, brief: JobBrief, file: Unsigned
) -> SigningRecord:
    """Sign a staged file and stage the signed one; nothing is booked here.

    Where the provider's own bytes had content credentials, they are named as what this was made of;
    where those cannot be read, the claim says that.

    Raises:
        Missing, DigestMismatch: bytes are not in the store any more.
        Unsignable: its very bytes cannot be signed.
        CredentialsError: nothing can be signed now; nothing is concluded then.
    """
    attempt_id = str(view.attempt_id)
    came_sha256 = await run.keeper.run(lambda books: books.came_sha256(attempt_id))
    claim = _claim(run, view, brief, file)

    def make() -> tuple[str, int]:
        data = staged(run.store, file.sha256)
        parent = None if came_sha256 is None else staged(run.store, came_sha256)
        bare = without_credentials(data)
        if bare != data:
            # Built before this house signed: right as it came, with its maker's credentials.
            parent = data if parent is None and has_credentials(data) else parent
            data = labelled(bare, label_of(brief, view.job_id))
        signed = signer.sign(
            data,
            file.media_type,
            claim,
            parent=parent,
            parent_media_type=None if parent is None else media_type_of(parent),
        )
        return stage(run.store, signed), len(signed)

    to_sha256, byte_count = await run.in_thread(make)
    return SigningRecord(
        number=file.number,
        from_sha256=file.sha256,
        to_sha256=to_sha256,
        certificate_sha256=signer.certificate_sha256,
        rules_sha256=claim.rules_sha256,
        media_type=file.media_type,
        byte_count=byte_count,
    )


def _claim(run: OrderRun, view: JobView, brief: JobBrief, file: Unsigned) -> Claim:
    from assets.credentials import Claim

    label, order = brief.label, run.record
    title = next(iter(label.title.values()), "") if label is not None else ""
    return Claim(
        title=title or file.name,
        job_id=view.job_id,
        order_id=order.order_id,
        provider=order.provider,
        model=order.model,
        source_type=source_type(order.provider, run.form.generator.params)
        if label is None
        else label.source_type,
        rules_sha256=rules_digest(file.criteria),
        verdicts=told_verdicts(file.verdicts),
        creator_tool=f"Mintage {MINTAGE_VERSION}",
        rendition_of=file.rendition_of,
    )
