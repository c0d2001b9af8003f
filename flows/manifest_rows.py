"""The books' releases as a manifest's rows: what a file is, what it says, what it passed, what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import TypedDict

from assets import ManifestRow, receipt_key, release_key
from flows.briefs import JobBrief
from flows.job_labels import JobLabel, Texts
from flows.rework import Changes
from flows.signing import MASTER
from ledger import Books, ReleasedView, RenditionView, VerdictSeverity, usd
from ledger.verdict_marks import VerdictMark

BATCH = 500
"""Releases whose verdicts are read at once: memory stays flat, and the books are asked seldom."""

UNDETERMINED = "und"
"""BCP 47's tag of a text in a language that nobody named."""

UNLABELLED = JobLabel(title={}, source_type="")
"""What the files of books from before there were labels say of themselves."""

Verdicts = Sequence[VerdictMark]


def manifest_rows(books: Books, views: Iterable[ReleasedView]) -> Iterator[ManifestRow]:
    """Give each release's row, and right after it those of its renditions."""
    source = iter(views)
    while batch := list(islice(source, BATCH)):
        marks = books.verdict_marks([view.attempt_id for view in batch])
        for view in batch:
            master = _master(view, marks.get((view.attempt_id, MASTER), ()))
            yield master
            for one in view.renditions:
                yield _rendition(master, one, marks.get((view.attempt_id, one.number), ()))


@dataclass(frozen=True, slots=True)
class Placed:
    """Where one file of a released or approved job lies, and what it is."""

    key: str
    receipt_key: str
    sha256: str
    byte_count: int


def place_of_rendition(campaign: str, order_id: str, one: RenditionView) -> Placed:
    """Say where a rendition lies: under its own name, beside its master."""
    return Placed(
        release_key(campaign, order_id, one.name, one.media_type),
        receipt_key(campaign, order_id, one.name),
        one.sha256,
        one.byte_count,
    )


def _master(view: ReleasedView, verdicts: Verdicts) -> ManifestRow:
    brief = JobBrief.from_json(view.brief_json)
    return ManifestRow(
        name=view.name,
        key=view.release_key,
        sha256=view.sha256,
        bytes=view.byte_count,
        media_type=view.media_type,
        width=view.width,
        height=view.height,
        campaign=view.campaign,
        order_id=view.order_id,
        job_id=view.job_id,
        prompt=_prompt_sent(view, brief),
        provider=view.provider,
        model=view.model,
        seed=view.seed,
        cost_usd=usd(view.cost_nano),
        receipt=view.receipt_key,
        released_at=view.released_at,
        format=_format(view.media_type),
        verdicts=_names(verdicts),
        approved_by=view.approved_by or "",
        **_texts(brief.label or UNLABELLED),
    )


def _rendition(master: ManifestRow, one: RenditionView, verdicts: Verdicts) -> ManifestRow:
    place = place_of_rendition(master.campaign, master.order_id, one)
    return replace(
        master,
        name=one.name,
        key=place.key,
        receipt=place.receipt_key,
        sha256=one.sha256,
        bytes=one.byte_count,
        media_type=one.media_type,
        format=_format(one.media_type),
        width=one.width,
        height=one.height,
        # The job is paid for once, and its master has that.
        cost_usd=Decimal(0),
        verdicts=_names(verdicts),
        master=master.key,
    )


class _Texts(TypedDict):
    title: str
    alt: str
    language: str
    credit: str
    rights: str
    tags: tuple[str, ...]
    source_type: str
    texts: Mapping[str, Mapping[str, str]]


def _texts(label: JobLabel) -> _Texts:
    """Say what a label says: in its main language, and in every one that has a name.

    A text that there is not in the main language is given as its first one; `texts` then shows in
    which language that is.
    """
    language = _language(label)
    told = {
        "title": label.title,
        "alt": label.alt,
        "description": label.description,
        "rights": label.rights,
    }
    return _Texts(
        title=_in(language, label.title),
        alt=_in(language, label.alt),
        language="" if language == UNDETERMINED else language,
        credit=label.credit,
        rights=_in(language, label.rights),
        tags=label.tags,
        source_type=label.source_type,
        texts={name: texts for name, texts in told.items() if set(texts) - {UNDETERMINED}},
    )


def _in(language: str, texts: Texts) -> str:
    return texts.get(language) or next(iter(texts.values()), "")


def _language(label: JobLabel) -> str:
    """Give the main language: that of the title, which every label has, or where nobody said it of others."""
    for texts in (label.title, label.alt, label.rights):
        tag = next(iter(texts), UNDETERMINED)
        if tag != UNDETERMINED:
            return tag
    return UNDETERMINED


def _format(media_type: str) -> str:
    return media_type.removeprefix("image/")


def _names(verdicts: Verdicts) -> tuple[str, ...]:
    """Name what was passed; what was broken and let pass says by whom: by the rule, or by a person."""
    return tuple(
        one.criterion
        if one.passed
        else f"{one.criterion} (warned)"
        if one.severity == VerdictSeverity.WARN
        else f"{one.criterion} (let pass)"
        for one in verdicts
    )


def _prompt_sent(view: ReleasedView, brief: JobBrief) -> str:
    changes = Changes.from_json(view.changes_json)
    return brief.prompt if changes is None else changes.prompt or brief.prompt
