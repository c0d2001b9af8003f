"""Exif in odd places: what it says beside the label goes from there too, and the rest of it stays."""

from __future__ import annotations

import json
import shutil
import subprocess
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from unit.assets import label_files as files

from assets import read_label, write_label

SECRET = "A text of the provider's own"


def exif_bytes() -> bytes:
    exif = Image.Exif()
    texts = (0x010E, 0x013B, 0x8298, 0x0131)
    exif.update(dict.fromkeys(texts, SECRET) | {0x0112: 6, 0x0110: "Camera"})
    exif[0x9C9B] = SECRET.encode("utf-16-le")
    return exif.tobytes()


def in_hex(exif: bytes, kind: str = "exif") -> bytes:
    lines = (exif[at : at + 36].hex() for at in range(0, len(exif), 36))
    return f"\n{kind}\n{len(exif):8}\n{chr(10).join(lines)}\n".encode()


def texts(exif: bytes) -> dict[str, bytes]:
    """Write Exif into each kind of text that a PNG has."""
    plain, keyword = in_hex(exif), b"Raw profile type exif\0"
    return {
        "tEXt": files.png_chunk(b"tEXt", keyword + plain),
        "zTXt": files.png_chunk(b"zTXt", keyword + b"\0" + zlib.compress(plain)),
        "iTXt": files.png_chunk(b"iTXt", keyword + b"\0\0\0\0" + plain),
        "iTXt packed": files.png_chunk(b"iTXt", keyword + b"\1\0\0\0" + zlib.compress(plain)),
        "tEXt of odd case": files.png_chunk(b"tEXt", keyword.replace(b"type", b"Type") + plain),
    }


def all_files() -> dict[str, bytes]:
    exif = exif_bytes()
    made = {f"{kind}.png": files.png_with(chunk) for kind, chunk in texts(exif).items()}
    for number, head in enumerate((b"Exif\0\0", b"Exif\0\xff", b"EXIF\0\0", b"\0\1Exif\0\0")):
        segment = files.jpeg_segment(0xE1, head + exif.removeprefix(b"Exif\0\0"))
        made[f"{number}.jpg"] = files.jpeg_with(segment)
    return made


def labelled(data: bytes) -> bytes:
    written = write_label(data, files.LABEL)
    assert written is not None
    assert read_label(written) == files.LABEL
    assert write_label(written, files.LABEL) == written
    assert files.shown(written) == files.shown(data)
    return written


def test_exiftool_finds_no_text_of_exif_beside_the_label_and_the_rest_of_exif(
    tmp_path: Path,
) -> None:
    if shutil.which("exiftool") is None:
        pytest.fail("exiftool is missing; infra/test_tools.sh installs it")
    for name, data in all_files().items():
        (tmp_path / f"before {name}").write_bytes(data)
        (tmp_path / f"after {name}").write_bytes(labelled(data))
    asked = ["exiftool", "-json", "-a", "-G1", "-EXIF:all", "-PNG:all", tmp_path]
    done = subprocess.run(asked, capture_output=True, check=True, timeout=60)
    found = {Path(one["SourceFile"]).name: one for one in json.loads(done.stdout)}
    assert len(found) == 2 * len(all_files())
    for name, one in found.items():
        if "odd case" in name:
            continue  # This one reader minds it.
        said = [field for field, value in one.items() if SECRET in str(value)]
        assert bool(said) == name.startswith("before"), (name, said)
        assert one.get("IFD0:Model") == "Camera", (name, one)


def test_pillow_reads_the_rest_of_exif_from_a_text() -> None:
    for kind, chunk in texts(exif_bytes()).items():
        after = labelled(files.png_with(chunk))
        assert SECRET.encode().hex().encode() not in after
        with Image.open(BytesIO(after)) as image:
            if "odd case" not in kind:
                assert dict(image.getexif()) == {0x0112: 6, 0x0110: "Camera"}, kind


@pytest.mark.parametrize(
    "text",
    [b"", b"hello", b"\nexif\n 5\nabc", b"\nexif\n 4\nno hex", b"\nexif\nx\n00"],
)
def test_a_text_that_is_said_to_be_exif_and_is_none_goes(text: bytes) -> None:
    keyword = b"Raw profile type exif\0"
    for chunk in (
        files.png_chunk(b"tEXt", keyword + text),
        files.png_chunk(b"zTXt", keyword + b"\0" + text),
        files.png_chunk(b"zTXt", keyword + b"\0" + zlib.compress(text)),
        files.png_chunk(b"zTXt", keyword + b"\0" + zlib.compress(in_hex(exif_bytes()))[:-9]),
    ):
        assert b"Raw profile" not in labelled(files.png_with(chunk))


def test_exif_without_texts_stays_in_a_text_as_it_is() -> None:
    exif = Image.Exif()
    exif[0x0110] = "Camera"
    for chunk in texts(exif.tobytes()).values():
        assert chunk in labelled(files.png_with(chunk))
