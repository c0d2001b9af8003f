"""What a file says of itself is written into it before anything judges it or names it by its digest.

The rules that judge a file know of that: what a label writes, and what a signature adds, is there
because the order and the house asked for it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from importlib.metadata import version

from assets.labels import (
    LABEL_ENTRIES,
    Label,
    has_credentials,
    without_credentials,
    write_label,
)
from flows.briefs import JobBrief
from validators import Criterion

MINTAGE_VERSION = version("mintage")

CREDENTIALS = "c2pa"
"""What the rule `no_metadata` calls content credentials."""

_NO_METADATA = "no_metadata"


def label_of(brief: JobBrief, job_id: str) -> Label | None:
    """Give what a job's files say of themselves; None where the order wants nothing in them."""
    texts = brief.label
    if texts is None or not texts.embed:
        return None
    return Label(
        title=texts.title,
        alt=texts.alt,
        description=texts.description,
        rights=texts.rights,
        credit=texts.credit,
        creator_tool=f"Mintage {MINTAGE_VERSION}",
        source_type=texts.source_type,
        job_id=job_id,
        tags=texts.tags,
    )


def labelled(data: bytes, label: Label | None) -> bytes:
    """Write a label into a file. What is no sound picture stays as it is: the inspectors judge it."""
    if label is None:
        return data
    return write_label(data, label) or data


def ready_to_judge(came: bytes, finished: bytes, label: Label | None, *, signs: bool) -> bytes:
    """Label what was built and finished.

    A provider's own content credentials say something of its very bytes, and of none that were
    changed: they are taken out then. Bytes that were right as they came keep them, and get no label,
    unless the house signs itself (`signs`) and names them as what its own are made of. Credentials
    that do not hold, and whatever else lies in their place, keep no label out.
    """
    if finished == came and not signs and (label is None or hold(came)):
        return came
    return labelled(without_credentials(finished), label)


def hold(data: bytes) -> bool:
    """Tell whether content credentials are inside that can be read and are about these very bytes.

    Where the extra that reads them is not installed, they only have to look like credentials.
    """
    if not has_credentials(data):
        return False
    from assets.credentials import CredentialsMissing, CredentialsState, read_credentials

    try:
        found = read_credentials(data, media_type_of(data), anchors=None)
    except CredentialsMissing:
        return True
    return found is not None and found.state is not CredentialsState.INVALID


def media_type_of(data: bytes) -> str:
    """Tell the media type of bytes that carry content credentials, and so are of the four formats."""
    if data.startswith(b"\x89PNG"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if data.startswith(b"RIFF") else "image/avif"


def criteria_for(
    criteria: tuple[Criterion, ...], *, labels: bool, signed: bool
) -> tuple[Criterion, ...]:
    """Let rules about metadata know what is in a file by order of the house.

    `labels`: a label is written into the job's files; `signed`: the file has the house's own content
    credentials.
    """
    if not (labels or signed) or all(one.name != _NO_METADATA for one in criteria):
        return criteria
    entries = (*(LABEL_ENTRIES if labels else ()), *((CREDENTIALS,) if signed else ()))
    return tuple(_allowing(one, entries) if one.name == _NO_METADATA else one for one in criteria)


@functools.lru_cache(maxsize=256)
def _allowing(criterion: Criterion, entries: tuple[str, ...]) -> Criterion:
    """Copy a rule about metadata with more that may stay; its verdicts then say so."""
    return criterion.model_copy(update={"allow": _with(criterion.parameters()["allow"], entries)})


def _with(allowed: object, entries: Iterable[str]) -> tuple[str, ...]:
    """Add what is not allowed already, by its own name or by that of its kind."""
    before = tuple(map(str, allowed)) if isinstance(allowed, list | tuple) else ()
    more = (one for one in entries if not {one, one.partition(":")[0]} & set(before))
    return (*before, *dict.fromkeys(more))
