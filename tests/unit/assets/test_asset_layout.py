"""Where things lie in a store, and what may not lie there."""

from __future__ import annotations

import pytest

from assets import (
    NAME_BYTES_MAX,
    BadKey,
    edition_prefix,
    manifest_key,
    receipt_key,
    release_key,
    staging_key,
)

ORDER = "product-photos@0123abcdef"


def test_staged_bytes_lie_under_the_first_two_digits_of_their_digest() -> None:
    assert staging_key("ab" * 32) == f"staging/ab/{'ab' * 32}"


@pytest.mark.parametrize("digest", ["", "AB" * 32, "ab" * 31, "../" + "a" * 61, "ab" * 32 + "\n"])
def test_only_a_digest_names_staged_bytes(digest: str) -> None:
    with pytest.raises(BadKey):
        staging_key(digest)


def test_an_orders_files_lie_together() -> None:
    folder = "released/autumn-2026/product-photos/0123abcdef/"
    assert edition_prefix("autumn-2026", ORDER) == folder
    assert manifest_key("autumn-2026", ORDER) == folder + "manifest.json"
    assert receipt_key("autumn-2026", ORDER, "mug/oak-1") == folder + "receipts/mug/oak-1.json"
    key = release_key("autumn-2026", ORDER, "mug/oak-1", "image/webp")
    assert key == folder + "mug/oak-1.webp"


@pytest.mark.parametrize(
    ("media_type", "extension"),
    [
        ("image/png", "png"),
        ("image/jpeg", "jpg"),
        ("image/webp", "webp"),
        ("image/avif", "avif"),
    ],
)
def test_the_media_type_decides_the_extension(media_type: str, extension: str) -> None:
    assert release_key("c", ORDER, "x", media_type).endswith(f"/x.{extension}")


@pytest.mark.parametrize("media_type", ["text/html", "image/webp; x=1", "", "application/json"])
def test_what_is_no_image_cannot_be_released(media_type: str) -> None:
    with pytest.raises(BadKey, match="media type"):
        release_key("c", ORDER, "x", media_type)


@pytest.mark.parametrize(
    "name", ["", "../x", "a/../../x", "/x", "a//b", "a\0b", "a\nb", "a\\b", "é" * 251]
)
def test_a_name_cannot_leave_its_folder(name: str) -> None:
    with pytest.raises(BadKey):
        release_key("c", ORDER, name, "image/png")
    with pytest.raises(BadKey):
        receipt_key("c", ORDER, name)


def test_the_longest_name_fits_a_key() -> None:
    name = "/".join(["n" * 124] * 4) + "n"
    assert len(name) == NAME_BYTES_MAX
    assert release_key("c", ORDER, name, "image/png").endswith(".png")


@pytest.mark.parametrize("campaign", ["", ".", "..", "a/b", "a\n"])
def test_a_campaign_is_one_folder(campaign: str) -> None:
    with pytest.raises(BadKey):
        edition_prefix(campaign, ORDER)


@pytest.mark.parametrize("order_id", ["", "slug", "@x", "slug@", "a/b@x", "slug@..", "slug@x/y"])
def test_an_order_id_is_a_slug_and_an_edition(order_id: str) -> None:
    with pytest.raises(BadKey):
        edition_prefix("c", order_id)
