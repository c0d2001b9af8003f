"""A label is written into a picture without touching what it shows, and read back as it was."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from unit.assets import label_files as files

from assets import Label, read_label, write_label
from assets.labels.exif_texts import without_texts
from assets.labels.packet_reading import label_in
from assets.labels.packet_writing import packet_of
from assets.labels.terms import PACKET_BYTES_MAX
from generators.finishing import encoded as finished
from generators.finishing import encoder_options

PLAIN = files.plain_files()
TAGS = st.sampled_from(["en", "de-DE", "zh-Hant", "es-419", "sr-Latn-RS", 'a"<&\n'])
TEXT = st.text(max_size=12)
TEXTS = st.dictionaries(TAGS, TEXT, max_size=3) | st.fixed_dictionaries({"x-default": TEXT})
LABELS = st.builds(
    Label,
    title=TEXTS,
    alt=TEXTS,
    description=TEXTS,
    rights=TEXTS,
    credit=TEXT,
    creator_tool=TEXT,
    source_type=st.sampled_from(["trainedAlgorithmicMedia", "algorithmicMedia"]),
    job_id=TEXT,
    tags=st.lists(TEXT, max_size=4).map(tuple),
)


def plain(text: str) -> str:
    """Return what of a text can stand in XML: another way than the writer's to say it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (c for c in lines if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff"))
    return "".join(c for c in kept if not "\ud800" <= c <= "\udfff").strip()


def labelled(data: bytes, label: Label = files.LABEL) -> bytes:
    written = write_label(data, label)
    assert written is not None
    return written


@pytest.mark.parametrize("kind", PLAIN)
def test_the_picture_of_a_labelled_file_is_the_same_to_the_last_bit(kind: str) -> None:
    before = PLAIN[kind]
    after = labelled(before)
    assert files.shown(after) == files.shown(before)
    assert read_label(after) == files.LABEL
    with Image.open(BytesIO(after)) as image:
        image.verify()


@pytest.mark.parametrize("kind", PLAIN)
def test_labelling_twice_is_the_same_as_labelling_once(kind: str) -> None:
    once = labelled(PLAIN[kind])
    assert labelled(once) == once
    other = labelled(labelled(PLAIN[kind], files.OTHER))
    assert other == once
    assert read_label(labelled(once, files.OTHER)) == files.OTHER


@pytest.mark.parametrize("image_format", files.FORMATS)
def test_files_as_the_studio_writes_them_can_be_labelled(image_format: str) -> None:
    made = finished(files.picture("RGBA"), image_format, encoder_options(image_format, 88))
    after = labelled(made)
    assert files.shown(after) == files.shown(made)
    assert len(after) - len(made) < len(files.PACKET) + 120


@pytest.mark.parametrize("image_format", files.FORMATS)
def test_a_packet_that_was_there_is_replaced_with_its_bytes(image_format: str) -> None:
    before = files.with_xmp(image_format, files.FOREIGN_XMP)
    foreign = read_label(before)
    assert foreign is not None
    assert foreign.credit == "Somebody Else"
    after = labelled(before)
    assert read_label(after) == files.LABEL
    assert b"Somebody" not in after
    assert b"GPSLatitude" not in after
    assert after.count(b"<x:xmpmeta") == 1
    assert files.shown(after) == files.shown(before)


@pytest.mark.parametrize("image_format", files.FORMATS)
def test_exif_and_colour_profile_stay_and_only_the_texts_of_exif_go(image_format: str) -> None:
    exif = Image.Exif()
    exif.update({0x0112: 6, 0x010E: "A text of the provider's own", 0x0110: "Model of a camera"})
    exif.update({0x8298: "(c) Somebody Else", 0x0131: "Other 1.0"})
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 0.0)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    before = files.encoded(files.picture(), image_format, exif=exif, icc_profile=profile)
    after = labelled(before)
    assert files.shown(after) == files.shown(before)
    with Image.open(BytesIO(after)) as image, Image.open(BytesIO(before)) as was:
        kept = image.getexif()
        assert image.info["icc_profile"] == profile
        # libavif turns the orientation into a property of the picture's own.
        assert kept.get(0x0112) == was.getexif().get(0x0112)
        assert kept[0x0110] == "Model of a camera"
        assert kept.get_ifd(0x8825)[1] == "N"
        assert not {0x010E, 0x8298, 0x0131} & set(kept)
    assert b"of the provider" not in after
    assert b"Somebody" not in after
    assert labelled(after) == after


def test_exif_that_cannot_be_read_stays_as_it_is() -> None:
    exif = Image.Exif()
    exif[0x010E] = "A text"
    whole = exif.tobytes()
    assert without_texts(whole) != whole
    for odd in (
        b"",
        b"Exif\0\0",
        whole[:14],
        whole[:20],
        b"XXXXX" + whole,
        b"II*\0\xff\xff\xff\xff",
    ):
        assert without_texts(odd) == odd
    for end in range(len(whole)):
        assert len(without_texts(whole[:end])) == end


def test_other_texts_of_a_png_go_where_they_would_contradict_the_label() -> None:
    raw = b"Raw profile type iptc\0\0" + b"x"
    before = files.png_with(
        files.png_chunk(b"tEXt", b"Title\0Other title"),
        files.png_chunk(b"iTXt", b"description\0\0\0\0\0Other text"),
        files.png_chunk(b"zTXt", raw),
        files.png_chunk(b"tEXt", b"Software\0Other 1.0"),
        files.png_chunk(b"tEXt", b"Warning\0Hot surface"),
        files.png_chunk(b"pHYs", bytes(9)),
    )
    after = labelled(before)
    assert b"Other" not in after
    assert b"Raw profile" not in after
    assert b"Hot surface" in after
    assert b"pHYs" in after
    assert after.index(b"XML:com.adobe.xmp") < after.index(b"IDAT")


def test_extended_xmp_and_the_older_fields_of_iptc_go_from_a_jpeg() -> None:
    fields = b"\x1c\x02\x05\0\x05Title"
    kept = b"8BIM\x03\xed\0\0\0\0\0\x10" + bytes(16)
    resources = (
        b"8BIM\x04\x04\0\0\0\0\0\x0a" + fields + kept + b"8BIM\x04\x25\0\0\0\0\0\x10" + bytes(16)
    )
    before = files.jpeg_with(
        files.jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + files.FOREIGN_XMP),
        files.jpeg_segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + b"more"),
        files.jpeg_segment(0xED, b"Photoshop 3.0\0" + resources),
        files.jpeg_segment(0xFE, b"a comment"),
    )
    after = labelled(before)
    assert after.count(b"ns.adobe.com/xap") == 2  # The segment's name, and the packet's own use.
    assert b"xmp/extension" not in after
    assert fields not in after
    assert b"Photoshop 3.0\0" + kept + b"\xff" in after
    assert b"a comment" in after
    assert after.index(b"JFIF") < after.index(b"ns.adobe.com") < after.index(b"a comment")
    assert files.shown(after) == files.shown(before)
    only_fields = files.jpeg_segment(0xED, b"Photoshop 3.0\0" + resources[:22])
    assert b"Photoshop" not in labelled(files.jpeg_with(only_fields))


def test_a_webp_in_the_simple_form_gets_the_header_that_announces_its_label() -> None:
    for kind, alpha in (("lossy RGB", 0), ("lossless RGB", 0), ("lossless RGBA", 0x10)):
        before = PLAIN[f"webp {kind}"]
        after = labelled(before)
        assert before[12:16] in {b"VP8 ", b"VP8L"}
        assert after[12:16] == b"VP8X"
        assert after[20] == 0x04 | alpha
        assert int.from_bytes(after[24:27], "little") + 1 == files.SIZE[0]
        assert int.from_bytes(after[27:30], "little") + 1 == files.SIZE[1]
        assert int.from_bytes(after[4:8], "little") == len(after) - 8
        assert before[12:] in after


def test_a_webp_whose_writer_left_the_last_pad_out_can_be_labelled() -> None:
    before = files.webp_with((b"EXIF", b"odd"))
    short = before[:4] + (len(before) - 9).to_bytes(4, "little") + before[8:-1]
    assert labelled(short) == labelled(before)


@settings(max_examples=60, deadline=None)
@given(label=LABELS)
def test_what_is_written_is_read_back_in_every_language(label: Label) -> None:
    once = label_in(packet_of(label))
    # What XML cannot carry is gone after the first time; nothing changes after that.
    assert once is not None
    assert label_in(packet_of(once)) == once
    assert packet_of(once) == packet_of(label)
    for said, read in ((label.title, once.title), (label.rights, once.rights)):
        assert list(read.values()) == [text for text in map(plain, said.values()) if text]
    assert (once.credit, once.source_type) == (plain(label.credit), label.source_type)
    assert once.tags == tuple(dict.fromkeys(filter(None, map(plain, label.tags))))


def test_what_xml_cannot_carry_is_left_out_and_the_rest_is_written() -> None:
    odd = Label({"en": "a\x00b\x1b\ud800c\r\nd"}, {"en": " \t"}, {}, {}, "\uffff", "", "", "id")
    assert label_in(packet_of(odd)) == Label({"en": "abc\nd"}, {}, {}, {}, "", "", "", "id")


def test_an_empty_label_takes_a_packet_out_and_says_nothing() -> None:
    empty = Label({}, {}, {}, {}, "", "", "", "")
    assert read_label(labelled(PLAIN["png RGB"], empty)) is None


def test_a_label_that_is_too_long_for_a_jpeg_is_cut_at_words_and_its_id_is_not() -> None:
    tags = [f"x-{number:08}-{number:08}-{number:08}-abcde" for number in range(300)]
    texts = dict.fromkeys(tags, "Wörter & <Zeichen> 字 " * 2_000)
    job_id = "o@1#" + "n" * 900
    label = Label(texts, texts, texts, texts, "c" * 90_000, "t" * 90_000, "s" * 9_000, job_id)
    packet = packet_of(label)
    assert len(packet) <= PACKET_BYTES_MAX
    read = label_in(packet)
    assert read is not None
    assert read_label(labelled(PLAIN["jpeg RGB"], label)) == read
    assert read.job_id == job_id
    assert list(read.title) == tags[:50]
    assert all(text.endswith("…") for text in read.title.values())
    worst = dict.fromkeys(tags, "&" * 9_000)
    ids = tuple("&" * 50 + str(number) for number in range(99))
    text = "&" * 9_000
    label = Label(worst, worst, worst, worst, text, text, text, text, ids)
    assert len(packet_of(label)) <= PACKET_BYTES_MAX
    one = Label({"en": "word " * 1_500}, {}, {}, {}, "", "", "", "")
    read = label_in(packet_of(one))
    assert read is not None
    assert read.title["en"] == one.title["en"].strip()


def test_the_main_language_is_what_readers_show_who_ask_for_none() -> None:
    text = files.PACKET.decode()
    title = text[text.index("<dc:title>") : text.index("</dc:title>")]
    order = [
        line.partition('"')[2].partition('"')[0] for line in title.splitlines() if "lang" in line
    ]
    assert order == ["x-default", "de-DE", "en", "ja"]
    assert title.count("Größe") == 2


def test_a_default_that_no_language_repeats_is_read_as_it_is() -> None:
    read = label_in(packet_of(Label({"x-default": "a", "en": "b"}, {}, {}, {}, "", "", "", "")))
    assert read is not None
    assert read.title == {"x-default": "a", "en": "b"}
