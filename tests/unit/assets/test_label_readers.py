"""Programs that are not ours read labels: exiftool, Pillow's decoders, C2PA's own reader, the gates."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import credential_authority
import pytest
from unit.assets import label_files as files

from assets import (
    LABEL_ENTRIES,
    Label,
    has_credentials,
    read_label,
    without_credentials,
    write_label,
)
from assets.credentials import Claim, CredentialsState, open_signer, read_credentials
from assets.labels.terms import ALTERNATIVES, SIMPLE, TAGS
from validators import inspect, parse_done

pytestmark = pytest.mark.xdist_group("label readers")

CLAIM = Claim("Mug", "job", "order", "studio", "plain", "algorithmicMedia", "00", (), "Mintage 1")
FIELDS = {
    "XMP-dc:Title": files.LABEL.title["de-DE"],
    "XMP-dc:Title-de-DE": files.LABEL.title["de-DE"],
    "XMP-dc:Title-en": files.LABEL.title["en"],
    "XMP-dc:Title-ja": files.LABEL.title["ja"],
    "XMP-dc:Description": files.LABEL.description["en"],
    "XMP-dc:Rights": files.LABEL.rights["en"],
    "XMP-dc:Rights-de-DE": files.LABEL.rights["de-DE"],
    "XMP-dc:Subject": list(files.LABEL.tags),
    "XMP-dc:Identifier": files.LABEL.job_id,
    "XMP-iptcCore:AltTextAccessibility": files.LABEL.alt["de-DE"],
    "XMP-iptcCore:AltTextAccessibility-de-DE": files.LABEL.alt["de-DE"],
    "XMP-iptcCore:AltTextAccessibility-zh-hant": files.LABEL.alt["zh-Hant"],
    "XMP-photoshop:Credit": files.LABEL.credit,
    "XMP-photoshop:TransmissionReference": files.LABEL.job_id,
    "XMP-xmp:CreatorTool": files.LABEL.creator_tool,
    "XMP-iptcExt:DigitalSourceType": (
        "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    ),
}
"""What exiftool calls the fields of a label."""


def labelled(data: bytes, label: Label = files.LABEL) -> bytes:
    written = write_label(data, label)
    assert written is not None
    return written


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Return what exiftool says of a labelled file of every kind, from one call."""
    if shutil.which("exiftool") is None:
        pytest.fail("exiftool is missing; infra/test_tools.sh installs it")
    folder = tmp_path_factory.mktemp("labels")
    kinds = files.plain_files()
    for kind, data in kinds.items():
        (folder / f"{kind}.{kind.split()[0]}").write_bytes(labelled(data))
    asked = ["-json", "-G1", "-struct", "-a", "-validate", "-warning", "-error", "-all"]
    done = subprocess.run(["exiftool", *asked, folder], capture_output=True, check=True, timeout=60)
    rows = json.loads(done.stdout)
    assert len(rows) == len(kinds)
    return {Path(row["SourceFile"]).stem: row for row in rows}


@pytest.mark.parametrize("kind", files.plain_files())
def test_exiftool_reads_every_field_in_every_language(
    told: dict[str, dict[str, object]], kind: str
) -> None:
    assert FIELDS.items() <= told[kind].items()
    assert told[kind]["ExifTool:Validate"] == "OK"
    assert not [tag for tag in told[kind] if "Warning" in tag or "Error" in tag]


def verdicts(data: bytes, allow: tuple[str, ...]) -> dict[str, bool]:
    criteria = parse_done([{"no_metadata": {"allow": list(allow)}}])
    assert isinstance(criteria, tuple), criteria
    return {verdict.criterion: verdict.passed for verdict in inspect(data, criteria)}


@pytest.mark.parametrize("kind", files.plain_files())
def test_the_gates_let_a_labelled_file_pass(kind: str) -> None:
    found = verdicts(labelled(files.plain_files()[kind]), LABEL_ENTRIES)
    assert found == {"intact": True, "no_metadata": True}


@pytest.mark.parametrize("image_format", files.FORMATS)
def test_a_label_lets_no_place_and_nobody_elses_property_pass(image_format: str) -> None:
    foreign = files.FOREIGN_XMP
    only_place = foreign.replace(b'photoshop:Credit="Somebody Else" ', b"").replace(
        b'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" ', b""
    )
    only_other = foreign.replace(b"exif:GPSLatitude", b"exif:FNumber")
    only_known = foreign.replace(b' exif:GPSLatitude="52,30N"', b"").replace(
        b' xmlns:exif="http://ns.adobe.com/exif/1.0/"', b""
    )
    found = {
        packet: verdicts(files.with_xmp(image_format, packet), LABEL_ENTRIES)["no_metadata"]
        for packet in (only_place, only_other, only_known)
    }
    assert found == {only_place: False, only_other: False, only_known: True}


def test_every_entry_of_a_label_is_one_that_the_gate_knows_by_that_name() -> None:
    data = labelled(files.plain_files()["webp lossy RGB"])
    for entry in LABEL_ENTRIES:
        others = tuple(other for other in LABEL_ENTRIES if other != entry)
        assert not verdicts(data, others)["no_metadata"], entry


@pytest.mark.parametrize("image_format", files.FORMATS)
def test_credentials_over_a_label_are_good_and_a_label_over_credentials_breaks_them(
    image_format: str, tmp_path: Path
) -> None:
    media_type = f"image/{image_format}"
    signer = open_signer(*credential_authority.paper().lay(tmp_path))
    anchors = credential_authority.authority().anchors

    def state(data: bytes) -> CredentialsState | None:
        found = read_credentials(data, media_type, anchors=anchors)
        return found.state if found is not None else None

    plain = files.plain_files()[
        f"{image_format} RGB" if image_format != "webp" else "webp lossy RGB"
    ]
    signed = signer.sign(labelled(plain), media_type, CLAIM)
    assert has_credentials(signed)
    assert state(signed) is CredentialsState.TRUSTED
    assert read_label(signed) == files.LABEL

    over = labelled(signed, files.OTHER)
    assert has_credentials(over)
    assert state(over) is CredentialsState.INVALID
    assert read_label(over) == files.OTHER
    assert files.shown(over) == files.shown(plain)

    bare = without_credentials(over)
    assert not has_credentials(bare)
    assert state(bare) is None
    assert files.shown(bare) == files.shown(plain)
    assert read_label(bare) == files.OTHER
    assert labelled(bare) == labelled(plain)
    assert state(signer.sign(bare, media_type, CLAIM)) is CredentialsState.TRUSTED
    assert verdicts(bare, LABEL_ENTRIES) == {"intact": True, "no_metadata": True}


def test_a_file_without_credentials_is_returned_as_it_is() -> None:
    for data in files.plain_files().values():
        assert not has_credentials(data)
        assert without_credentials(data) == data


def test_other_programs_boxes_in_a_jpeg_are_no_credentials_and_stay() -> None:
    box = (24).to_bytes(4, "big") + b"jumb" + (16).to_bytes(4, "big") + b"jumd" + b"other\0\0\0"
    data = files.jpeg_with(files.jpeg_segment(0xEB, b"JP\0\1\0\0\0\1" + box))
    assert not has_credentials(data)
    assert without_credentials(data) == data


def test_the_page_on_labels_names_every_field_that_is_written() -> None:
    page = (Path(__file__).parents[3] / "docs" / "labels.md").read_text(encoding="utf-8")
    for field in (*ALTERNATIVES, *SIMPLE, TAGS):
        assert f"`{field}`" in page
