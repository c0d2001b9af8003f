"""Which assets a filter means, condition by condition."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from asset_shelf import shelf_rows

from assets import CONDITION_NAMES, AssetFilter, BadFilter, ManifestRow, read_condition
from assets.asset_filter import check_named
from assets.manifest import COLUMNS

(PLAIN,) = shelf_rows("autumn-2026", "product-photos@0123abcdef", 1, byte_count=20_500)
ROW = dataclasses.replace(
    PLAIN,
    name="mug/Oak-1",
    width=1024,
    height=768,
    cost_usd=Decimal("0.0031"),
    alt="Is it a mug?",
    language="de-AT",
    tags=("Herbst", "mugs"),
    verdicts=("intact", "sharpness (warned)"),
    released_at=datetime(2026, 11, 22, 23, 59, tzinfo=UTC),
)
RENDITION = dataclasses.replace(ROW, name="mug/oak-1-small", master=ROW.key)


def takes(wanted: AssetFilter, row: ManifestRow) -> bool:
    return wanted.chosen([row]) == [row]


@pytest.mark.parametrize(
    "condition",
    [
        "size=1024x768",
        "size = 1024 × 768",  # noqa: RUF001  as people write it
        "size!=768x1024",
        "width>=1024",
        "width<1025",
        "height=768",
        "bytes>20kB",
        "bytes <= 20,500",
        "bytes<0.1MB",
        "cost<0.01",
        "cost_usd=0.0031",
        "cost<=$0.0031",
        "seed=0",
        "format=WEBP",
        "format!=png",
        "format!=jpg",
        "name=mug/*",
        "name=mug/oak-1",
        "name=MUG/OAK-?",
        "name!=lamp/*",
        "provider=replicate",
        "model=*/flux-schnell",
        "campaign=autumn-*",
        "order=product-photos",
        "order=product-photos@0123abcdef",
        "order_id=product-photos@*",
        "job_id=*#mug/oak-0",
        "language=de",
        "language=de-at",
        "language!=en",
        "alt=Is it a mug?",
        "alt!=",
        "approved_by=",
        "prompt=*morning light*",
        "tag=herbst",
        "tags!=spring",
        "verdicts=sharpness*",
        "texts=*Eine weiße*",
        "master=yes",
        "released_at>=2026-11-22",
        "released-at<2026-11-23",
        "source_type=trainedAlgorithmicMedia",
        "Media Type=image/*",
    ],
)
def test_a_condition_that_holds_takes_the_asset_and_its_opposite_does_not(condition: str) -> None:
    assert takes(AssetFilter(where=(read_condition(condition),)), ROW)
    opposites = {"!=": "=", ">=": "<", "<=": ">", "=": "!=", ">": "<=", "<": ">="}
    sign = next(sign for sign in ("!=", ">=", "<=", "=", ">", "<") if sign in condition)
    opposite = condition.replace(sign, opposites[sign], 1)
    assert not takes(AssetFilter(where=(read_condition(opposite),)), ROW)


def test_a_jpeg_is_found_by_the_end_of_its_name_too() -> None:
    jpeg = dataclasses.replace(ROW, format="jpeg")
    for condition in ("format=jpg", "format=JPG", "format=.jpg", "format=jpeg", "format=jp*"):
        wanted = AssetFilter(where=(read_condition(condition),))
        assert wanted.chosen([ROW, jpeg]) == [jpeg], condition


def test_a_day_is_one_of_utc_whatever_zone_a_manifest_writes() -> None:
    zone = timezone(timedelta(hours=14))
    row = dataclasses.replace(ROW, released_at=datetime(2026, 11, 23, 13, tzinfo=zone))
    assert takes(AssetFilter(where=(read_condition("released_at=2026-11-22"),)), row)


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "../staging", "/a", "a/", "a\\b", "\0"])
def test_names_that_no_campaign_and_no_order_can_have_are_refused(text: str) -> None:
    check_named("autumn-2026", "photos@2026-11-22")
    check_named("Herbst 2026", "photos")
    with pytest.raises(BadFilter, match="can be no campaign"):
        check_named(text, None)
    for order in (text, f"{text}@1", f"photos@{text}"):
        with pytest.raises(BadFilter, match="can be no order"):
            check_named(None, order)


def test_every_column_of_the_manifest_can_be_asked_about() -> None:
    assert set(COLUMNS) <= set(CONDITION_NAMES)


def test_renditions_are_told_from_masters() -> None:
    for condition, taken in (
        ("master=yes", [ROW]),
        ("master=no", [RENDITION]),
        ("master=*oak-0*", [RENDITION]),
        ("master!=yes", [RENDITION]),
    ):
        wanted = AssetFilter(where=(read_condition(condition),))
        assert wanted.chosen([ROW, RENDITION]) == taken, condition


def test_one_column_twice_means_either_and_everything_else_must_hold() -> None:
    rows = shelf_rows("autumn-2026", "cards@1", 9)

    def names(*conditions: str, tags: tuple[str, ...] = ()) -> list[str]:
        wanted = AssetFilter(where=tuple(map(read_condition, conditions)), tags=tags)
        return [row.name.rpartition("-")[2] for row in wanted.chosen(rows)]

    assert names("format=webp", "format=png") == ["0", "1", "3", "4", "6", "7"]
    assert names("format=webp", "format=png", "width>512", "width<1600") == ["0", "1"]
    assert names("format!=webp", "format!=png") == ["2", "5", "8"]
    assert names(tags=("autumn", "MUGS")) == ["1", "3", "5", "7"]
    assert names(tags=("autumn", "spring")) == []


@pytest.mark.parametrize(
    ("condition", "marks"),
    [
        ("colour=red", ("'colour'", "width")),
        ("widht>=3", ("'widht'", "did you mean 'width'?")),
        ("landscape", ("'landscape' is no condition", "width>=1024")),
        ("width=wide", ("'wide' is no number",)),
        ("width=nan", ("'nan' is no number",)),
        ("width>=1e999999", ("'1e999999' is no number",)),
        ("cost<1e9999999999", ("is no number",)),
        ("seed=-inf", ("'-inf' is no number",)),
        ("bytes=1 parsec", ("'1 parsec' is no number",)),
        ("size=large", ("'large' is no size", "1024x1024")),
        (" " * 20_000 + "width", ("is no condition",)),
        ("size>1x1", ("size has no order", "size=")),
        ("name>a", ("name has no order",)),
        ("released_at=yesterday", ("'yesterday' is no day", "2026-11-22")),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(
    condition: str, marks: tuple[str, ...]
) -> None:
    with pytest.raises(BadFilter) as refused:
        read_condition(condition)
    for mark in marks:
        assert mark in str(refused.value)


def test_a_filter_that_narrows_nothing_takes_everything() -> None:
    everything = AssetFilter()
    assert not everything.narrows
    assert takes(everything, ROW)
    for narrower in (
        AssetFilter(latest=True),
        AssetFilter(tags=("x",)),
        AssetFilter(campaign="autumn-2026"),
    ):
        assert narrower.narrows


def test_days_hold_their_whole_day() -> None:
    def in_days(row: ManifestRow, **days: datetime) -> bool:
        return takes(AssetFilter(**days), row)  # type: ignore[arg-type]

    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    assert in_days(ROW, until=midnight)
    assert not in_days(ROW, since=midnight)
