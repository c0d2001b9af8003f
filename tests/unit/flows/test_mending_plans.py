"""Free remedies first: when a file is mended, how, and when the money has to go to another attempt."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from flows.briefs import JobBrief
from flows.mending import encoding_for, plan_mend
from generators import Encoding, Trim
from ledger import MendKind
from validators import Remedy, Severity, Verdict, parse_done

CROP, NEW, FLAT, AGAIN = (
    Remedy("recrop"),
    Remedy("new_seed"),
    Remedy("reencode", "flatten"),
    Remedy("reencode"),
)


def verdict(
    criterion: str,
    remedy: Remedy | None,
    measured: Mapping[str, int] | None = None,
    *,
    severity: Severity = "block",
) -> Verdict:
    return Verdict(
        criterion,
        1,
        {},
        passed=False,
        measured=dict(measured or {}),
        reason="it is wrong",
        severity=severity,
        remedy=remedy,
    )


def test_bars_are_cut_off_as_thick_as_they_were_measured() -> None:
    bars = {"top_px": 64, "bottom_px": 60, "left_px": 0, "right_px": 1}
    plan = plan_mend([verdict("borders", CROP, bars)], ())
    assert plan is not None
    assert (plan.kind, plan.trim) == (MendKind.RECROP, Trim(64, 60, 0, 1))
    assert plan.because == "borders: it is wrong"


@pytest.mark.parametrize(
    ("remedies", "tried", "kind"),
    [
        ([CROP], (), MendKind.RECROP),
        ([AGAIN, FLAT, CROP], (), MendKind.RECROP),
        ([AGAIN, FLAT], (), MendKind.FLATTEN),
        ([AGAIN], (MendKind.RECROP, MendKind.FLATTEN), MendKind.REENCODE),
        ([AGAIN], (MendKind.REENCODE,), None),
        ([CROP, AGAIN], (MendKind.REENCODE,), None),
        ([CROP, NEW], (), None),
        ([CROP, None], (), None),
        ([Remedy("avoid", "text")], (), None),
        ([Remedy("reencode", "in gold")], (), None),
        ([], (), None),
    ],
)
def test_a_file_is_mended_where_everything_that_blocks_can_be_and_each_way_once(
    remedies: list[Remedy | None], tried: tuple[MendKind, ...], kind: MendKind | None
) -> None:
    plan = plan_mend([verdict("some_rule", remedy) for remedy in remedies], tried)
    assert (None if plan is None else plan.kind) is kind


def test_what_only_warns_neither_asks_for_a_mend_nor_stands_in_its_way() -> None:
    warned = verdict("sharpness", NEW, severity="review")
    assert plan_mend([warned], ()) is None
    plan = plan_mend([warned, verdict("transparency", FLAT)], ())
    assert plan is not None
    assert (plan.flatten, plan.because) == (True, "transparency: it is wrong")


BRIEF = JobBrief("a mug", 64, 64, "jpeg", 88, Decimal(2), {}, {})


@pytest.mark.parametrize(
    ("done", "encoding"),
    [
        ([], Encoding("jpeg", 88, progressive=True)),
        ([{"progressive": {"is": True}}], Encoding("jpeg", 88, progressive=True)),
        ([{"progressive": {"is": False}}], Encoding("jpeg", 88)),
        ([{"jpeg_quality": {"max": 80}}], Encoding("jpeg", 80, progressive=True)),
        ([{"jpeg_quality": {"min": 90}}], Encoding("jpeg", 88, progressive=True, no_finer=True)),
        (
            [{"jpeg_quality": {"min": 70, "max": 80}}],
            Encoding("jpeg", 80, progressive=True, no_finer=True),
        ),
        ([{"resolution": {"min_dpi": 300}}], Encoding("jpeg", 88, progressive=True)),
        (
            [{"resolution": {"min_dpi": 300, "unstated": False}}],
            Encoding("jpeg", 88, progressive=True, dpi=300),
        ),
        (
            [{"resolution": {"max_dpi": 96, "unstated": False}}],
            Encoding("jpeg", 88, progressive=True, dpi=96),
        ),
        (
            [{"colour_mode": {"is": ["grey", "rgb"]}}],
            Encoding("jpeg", 88, progressive=True, layouts=("grey", "rgb")),
        ),
        (
            [{"colour_mode": {"is": "grey"}}],
            Encoding("jpeg", 88, progressive=True, layouts=("grey",)),
        ),
    ],
)
def test_a_mended_file_is_written_within_what_the_order_asks_of_a_file(
    done: list[object], encoding: Encoding
) -> None:
    criteria = parse_done([{"format": {"is": "jpeg"}}, *done])
    assert isinstance(criteria, tuple)
    assert encoding_for(BRIEF, criteria) == encoding
