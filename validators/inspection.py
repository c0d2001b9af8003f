"""The inspection: bytes in, verdicts out."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Sequence
from typing import Final

from validators.containers import Defect
from validators.criterion import Criterion, Finding, JSONValue, Verdict
from validators.errors import BrokenCriterion, InspectionFailed
from validators.picture import Limits, Picture, open_picture, sha256_of
from validators.registry import INTACT

INTACT_VERSION: Final = 2
"""Raised whenever the same bytes could get another verdict on being intact."""

DEFAULT_LIMITS: Final = Limits()
"""What a file may have where nobody says otherwise."""


def inspect(
    data: bytes,
    criteria: Sequence[Criterion],
    *,
    claimed_media_type: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    report_all: bool = True,
    sha256: str | None = None,
) -> tuple[Verdict, ...]:
    """Judge a file: first whether it is one intact still picture, then by each criterion.

    The first verdict is always `intact`. When it did not pass it is the only one: there is no
    picture to judge. Criteria are asked from the cheapest to the dearest, those that cost the same
    in their order; without `report_all` nothing is asked after the first one that blocks.
    `claimed_media_type` is what the file was handed over as; None, or a generic type, claims
    nothing. `sha256` is the digest of these very bytes where the caller has just computed it.
    Whatever the bytes are, they give a verdict. Keeps no state: any number of threads may
    inspect at once, and decoding lets other threads run. `InspectorPool` does the same in processes
    of their own, as files from outside deserve.

    Raises:
        InspectionFailed: a criterion raised; nothing was concluded.
        BrokenCriterion: a finding cannot be written as JSON.
    """
    sha256 = sha256 or sha256_of(data)
    picture = open_picture(data, sha256, claimed_media_type, limits)
    if isinstance(picture, Defect):
        return (refusal(data, sha256, picture),)
    return judged(picture, criteria, report_all=report_all)


def judged(
    picture: Picture, criteria: Sequence[Criterion], *, report_all: bool
) -> tuple[Verdict, ...]:
    """Judge an intact picture by each criterion, as `inspect` does once it is opened."""
    verdicts = [_intact(picture)]
    for criterion in in_order(criteria):
        verdicts.append(_judge(criterion, picture))
        if verdicts[-1].blocks and not report_all:
            break
    return tuple(verdicts)


def in_order(criteria: Sequence[Criterion]) -> list[Criterion]:
    """Return the criteria in the order in which they are asked."""
    return sorted(criteria, key=lambda one: one.cost_ms)


def refusal(data: bytes, sha256: str, defect: Defect) -> Verdict:
    """Return the only verdict on a file that is not one intact still picture."""
    measured: dict[str, JSONValue] = {
        "flaw": defect.flaw.value,
        "detail": defect.detail,
        "byte_count": len(data),
        "sha256": sha256,
    }
    return Verdict(
        INTACT, INTACT_VERSION, {}, passed=False, measured=measured, reason=defect.reason
    )


def _intact(picture: Picture) -> Verdict:
    measured: dict[str, JSONValue] = {
        "format": picture.format,
        "width": picture.width,
        "height": picture.height,
        "byte_count": picture.byte_count,
        "sha256": picture.sha256,
    }
    return Verdict(INTACT, INTACT_VERSION, {}, passed=True, measured=measured, reason=None)


def _judge(criterion: Criterion, picture: Picture) -> Verdict:
    # A criterion that raises is a mistake in the program. A failed verdict would send the job
    # back to build and spend money on it, a passed one would release what nobody judged.
    try:
        finding = criterion.inspect(picture)
    except Exception as error:
        cause = f"{type(error).__name__}: {error}"
        raise InspectionFailed(criterion.name, picture.sha256, cause) from error
    return dataclasses.replace(
        rule_of(criterion),
        passed=finding.passed,
        measured=_plain(criterion, finding),
        reason=finding.reason,
        remedy=finding.remedy,
        marks=finding.marks,
    )


@functools.lru_cache(maxsize=1024)
def rule_of(criterion: Criterion) -> Verdict:
    """Return a verdict that names the rule and has found nothing yet.

    Kept, because writing out the parameters costs as much as most judgements about the file.
    """
    return Verdict(
        criterion.name,
        criterion.version,
        criterion.parameters(),
        passed=True,
        measured={},
        reason=None,
        severity=criterion.severity,
    )


def _plain(criterion: Criterion, finding: Finding) -> dict[str, JSONValue]:
    """Return what was measured after making sure that the books can keep it."""
    measured = dict(finding.measured)
    try:
        json.dumps(measured, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise BrokenCriterion(criterion.name, f"what it measured is no JSON ({error})") from error
    return measured
