"""Contact sheets as bytes: what is written, what is taken over, what cannot get out of a text."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest
import sheet_parts
from PIL import Image, ImageCms

from assets import (
    ManifestHeader,
    ManifestRow,
    MemoryStore,
    Missing,
    NoLink,
    StoreUnavailable,
    write_manifest,
)
from assets.sheet import (
    SheetHeader,
    Thumbnails,
    edition_sheet,
    origin_of,
    plain_links,
    read_thumbnails,
    relative_links,
    signed_links,
    thumbnail,
    write_sheet,
)
from assets.sheet.asset_lines import cost_nano
from assets.sheet.thumbnails import PIXELS_MAX, SIDE_PX

EDITION = f"released/{sheet_parts.CAMPAIGN}/product-photos/0123abcdef/"
HEADER = SheetHeader("A sheet")


class Page(HTMLParser):
    """What a browser makes of a page: its elements and what stands in scripts and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.inside: dict[str, str] = {}
        self.policy = ""
        self._open: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; none has a handler of its own."""
        values = dict(attrs)
        self.tags.append(tag)
        assert [name for name in values if name.startswith("on")] == []
        if tag == "meta" and values.get("http-equiv") == "Content-Security-Policy":
            self.policy = str(values["content"])
        self._open = f"{tag} {values.get('id') or values.get('type') or ''}".strip()

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  the parser's own signature
        """Note that text stands in nothing that counts."""
        self._open = None

    def handle_data(self, data: str) -> None:
        """Keep the text of an element."""
        if self._open:
            self.inside[self._open] = self.inside.get(self._open, "") + data

    def assets(self) -> list[dict[str, object]]:
        """Read the assets as the page's script does."""
        return [json.loads(line) for line in self.inside["script sheet-assets"].split("\n") if line]


def opened(uri: str | None) -> Image.Image:
    assert uri is not None
    assert uri.startswith("data:image/webp;base64,")
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def page_of(rows: list[ManifestRow], header: SheetHeader = HEADER) -> Page:
    store = MemoryStore()
    write_sheet(store, "index.html", rows, header, thumbnail_of=lambda _: None)
    return Page(store.get("index.html").decode())


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "avif", "gif"])
def test_every_format_gets_a_thumbnail(form: str) -> None:
    shown = opened(thumbnail(sheet_parts.picture(3, (640, 320), form)))
    assert shown.size == (SIDE_PX, SIDE_PX // 2)
    red, green, blue = shown.convert("RGB").getpixel((80, 40))  # type: ignore[misc]
    assert all(abs(a - b) < 12 for a, b in zip((red, green, blue), (111, 17, 39), strict=True))


def test_a_small_picture_is_not_enlarged() -> None:
    assert opened(thumbnail(sheet_parts.picture(1, (12, 9)))).size == (12, 9)


def test_transparency_stays_and_odd_modes_are_shown() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (300, 300), (10, 200, 30, 0)).save(file, "PNG")
    assert opened(thumbnail(file.getvalue())).convert("RGBA").getpixel((9, 9))[3] == 0  # type: ignore[index]
    for mode, form in (("CMYK", "JPEG"), ("L", "PNG"), ("P", "PNG"), ("I;16", "PNG"), ("1", "PNG")):
        file = io.BytesIO()
        Image.new(mode, (300, 200)).save(file, form)
        assert opened(thumbnail(file.getvalue())).size == (160, 107), mode


def test_a_rotation_that_the_file_asks_for_is_carried_out() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 200)).save(file, "JPEG", exif=exif)
    assert opened(thumbnail(file.getvalue())).size == (80, 160)


def test_colours_of_another_profile_are_turned_into_srgb() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    picture = Image.new("RGB", (32, 32), (230, 20, 20))
    for profile, is_blue in ((swapped, True), (srgb, False), (b"no profile", False)):
        file = io.BytesIO()
        picture.save(file, "PNG", icc_profile=profile)
        red, _, blue = opened(thumbnail(file.getvalue())).convert("RGB").getpixel((9, 9))  # type: ignore[misc]
        assert (blue > red) == is_blue
        assert abs(blue - red) > 150


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says that it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"%PDF-1.7 nothing",
        sheet_parts.picture(1, (300, 300), "jpeg")[:-200],
        sheet_parts.picture(1, (300, 300), "png")[:60],
        png_that_claims(20_000, PIXELS_MAX // 20_000 + 1),
        png_that_claims(2**31 - 1, 2**31 - 1),
    ],
    ids=["nothing", "head", "svg", "pdf", "cut jpeg", "cut png", "bomb", "larger than anything"],
)
def test_bytes_that_are_no_whole_picture_have_no_thumbnail(data: bytes) -> None:
    assert thumbnail(data) is None


def test_only_new_assets_are_read_and_decoded() -> None:
    store = MemoryStore()
    rows = [sheet_parts.shelved(store, number, f"mug-{number}") for number in range(5)]
    write_manifest(store, EDITION, ManifestHeader(sheet_parts.ORDER, sheet_parts.CAMPAIGN), rows)
    sheet = edition_sheet(store, EDITION)
    assert (sheet.key, sheet.count, sheet.without_thumbnail) == (f"{EDITION}index.html", 5, 0)
    assert sheet.bytes == len(store.get(sheet.key))
    first = dict(read_thumbnails(store, sheet.key))
    assert first.keys() == {row.sha256 for row in rows}
    rows.append(sheet_parts.shelved(store, 5, "mug-5"))
    with Thumbnails(store) as thumbnails:
        assert [thumbnails(row) for row in rows[:5]] == [first[row.sha256] for row in rows[:5]]
        assert thumbnails.made == 0
        assert thumbnails(rows[5]) is not None
        assert thumbnails.made == 1


def test_a_sheet_of_what_is_latest_takes_thumbnails_of_the_editions() -> None:
    store = MemoryStore()
    rows = [sheet_parts.shelved(store, number, f"mug-{number}") for number in range(2)]
    write_manifest(store, EDITION, ManifestHeader(), rows)
    edition_sheet(store, EDITION)
    write_manifest(store, "latest/autumn-2026/", ManifestHeader(), rows)
    sheet = edition_sheet(store, "latest/autumn-2026/")
    found = Page(store.get(sheet.key).decode()).assets()
    assert found[0]["file"] == f"./../../{EDITION}mug-0.png"
    assert [one["thumbnail"] for one in found] == [
        uri for _, uri in read_thumbnails(store, f"{EDITION}index.html")
    ]


def test_missing_and_changed_files_have_no_thumbnail() -> None:
    store = MemoryStore()
    row = sheet_parts.shelved(store, 1, "mug")
    with Thumbnails(store) as thumbnails:
        assert thumbnails(replace(row, key=f"{EDITION}lost.png", sha256="1" * 64)) is None
        assert thumbnails(replace(row, sha256="2" * 64)) is None
        assert thumbnails(replace(row, bytes=row.bytes - 1)) is None
        assert thumbnails(replace(row, bytes=10**12)) is None
        assert thumbnails(row) is not None


def test_what_is_no_thumbnail_in_a_page_is_passed_over() -> None:
    store = MemoryStore()
    digest = "a" * 64
    good = thumbnail(sheet_parts.picture(1))
    lines = [
        f'{{"sha256":"{digest}","thumbnail":"https://tracker.example/pixel.png"}}',
        f'{{"sha256":"{digest}","thumbnail":"data:image/svg+xml;base64,AAAABBBBCCCCDDDDEEEE"}}',
        f'{{"sha256":"{digest}","thumbnail":"data:image/webp;base64,AAAABBBBCCCC<>DDDDEEEE"}}',
        f'{{"sha256":"{digest[1:]}","thumbnail":"{good}"}}',
        f'{{"sha256":"{"b" * 64}","thumbnail":"{good}","name":"kept"}}',
        "x" * (3 << 20),
    ]
    store.replace("index.html", "\n".join(lines).encode(), media_type="text/html")
    assert list(read_thumbnails(store, "index.html")) == [("b" * 64, good)]
    with pytest.raises(Missing):
        next(read_thumbnails(store, "none.html"))


def test_no_text_gets_out_of_its_place() -> None:
    rows = sheet_parts.hostile_rows(MemoryStore())
    rows.append(replace(rows[0], key=f"{EDITION}half.png", title="half of a pair: \ud83d"))
    page = page_of(rows, SheetHeader(sheet_parts.HOSTILE[2], order=sheet_parts.HOSTILE[1]))
    plain = page_of([])
    assert [tag for tag in page.tags if tag not in {"li", "bdi", "a"}] == [
        tag for tag in plain.tags if tag not in {"li", "bdi", "a"}
    ]
    assert [one["prompt"] for one in page.assets()][:-1] == list(sheet_parts.HOSTILE)
    assert json.loads(page.inside["script sheet-facts"])["order"] == sheet_parts.HOSTILE[1]
    assert page.inside["title"] == sheet_parts.HOSTILE[2]


def test_the_policy_lets_only_the_page_s_own_style_and_script_work() -> None:
    page = page_of([], replace(HEADER, image_origin="https://bucket.s3.example"))
    rules = dict(rule.partition(" ")[::2] for rule in page.policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data: 'self' https://bucket.s3.example"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    for rule, element in (("script-src", "script module"), ("style-src", "style")):
        digest = hashlib.sha256(page.inside[element].encode()).digest()
        assert rules[rule] == f"'sha256-{base64.b64encode(digest).decode()}'"


def test_nothing_on_the_page_comes_from_elsewhere() -> None:
    store = MemoryStore()
    write_sheet(store, "index.html", [], HEADER, thumbnail_of=lambda _: None)
    text = html.unescape(store.get("index.html").decode())
    assert "http://" not in text.replace('["http:"', "")
    assert "https://" not in text
    assert "innerHTML" not in text
    assert "eval(" not in text


def test_links_lead_from_the_page_to_files_beside_it() -> None:
    link = relative_links(EDITION.rstrip("/"))
    assert link(f"{EDITION}a:b/50% #1?.png") == "./a%3Ab/50%25%20%231%3F.png"
    assert relative_links("")("campaign/x.png") == "./campaign/x.png"
    assert relative_links("latest/autumn")(f"{EDITION}ü.png") == f"./../../{EDITION}%C3%BC.png"


def test_links_of_a_store_that_no_browser_opens_are_none() -> None:
    store = MemoryStore()
    assert plain_links(store)(f"{EDITION}a.png") is None
    assert origin_of(None) == ""
    assert origin_of("file:///x/a.png") == "file:"
    assert origin_of("https://bucket.s3.example/a.png?X-Amz-Signature=1") == (
        "https://bucket.s3.example"
    )
    with pytest.raises(NoLink, match="leave out --links"):
        signed_links(store, timedelta(days=1))


def test_costs_stay_exact() -> None:
    assert cost_nano(Decimal("0.1") + Decimal("0.2")) == "300000000"
    assert cost_nano(Decimal("123456789012.000000001")) == "123456789012000000001"


def test_memory_does_not_grow_with_the_assets() -> None:
    row = sheet_parts.shelved(MemoryStore(), 1, "mug")
    uri = "data:image/webp;base64," + "A" * 3000

    def peak(count: int) -> int:
        def rows() -> Iterator[ManifestRow]:
            return (replace(row, seed=number) for number in range(count))

        store = NoWhere()
        tracemalloc.start()
        write_sheet(store, "index.html", rows(), HEADER, thumbnail_of=lambda _: uri, workers=1)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(1500) < peak(150) + 200_000, "1,350 assets are 5 MB of page"


class NoWhere(MemoryStore):
    """A store that keeps nothing of what is written."""

    def replace(self, *_: object, **__: object) -> None:
        """Take it."""


def test_a_sheet_that_cannot_be_finished_leaves_the_one_that_is_there() -> None:
    store = MemoryStore()
    rows = [sheet_parts.shelved(store, number, f"mug-{number}") for number in range(3)]
    write_sheet(store, "index.html", rows, HEADER, thumbnail_of=lambda _: None)
    before = store.get("index.html")

    def fails(row: ManifestRow) -> str:
        raise StoreUnavailable(f"gone before {row.name}")

    with pytest.raises(StoreUnavailable, match="gone before mug-0"):
        write_sheet(store, "index.html", rows, HEADER, thumbnail_of=fails)
    assert store.get("index.html") == before
