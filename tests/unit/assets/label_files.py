"""Labels and small pictures of every kind for the tests of labels."""

from __future__ import annotations

import functools
import struct
import zlib
from io import BytesIO

from PIL import Image

from assets import TRAINED, Label
from assets.labels.packet_writing import packet_of

FORMATS = ("png", "jpeg", "webp", "avif")
SIZE = (52, 38)

LABEL = Label(
    title={"de-DE": "Tasse „Größe 2“ & <Krug>", "en": "Mug 'size 2' & <jug>", "ja": "マグカップ"},
    alt={"de-DE": "Eine gelbe Tasse ☕️ auf Eiche", "zh-Hant": "橡木上的黃色杯子 👩🏽‍🍳"},
    description={"en": 'A "yellow" mug,\non oak; 5 > 4 && 3 < 4'},
    rights={"en": "© 2026 Acme Example", "de-DE": "© 2026 Acme Example, alle Rechte vorbehalten"},
    credit="Acme Example/Müller & Söhne",
    creator_tool="Mintage 0.1.0 (studio/plain)",
    source_type=TRAINED,
    job_id="product-photos@0123abcdef#mug/oak-1",
    tags=("Becher & Gläser", "autumn", "黄色"),
)
OTHER = Label({"fr": "Lampe"}, {}, {}, {}, "", "", "algorithmicMedia", "lamps@1#lamp")

FOREIGN_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    b'photoshop:Credit="Somebody Else" exif:GPSLatitude="52,30N"/></rdf:RDF></x:xmpmeta>'
)


def picture(mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    """Return a picture in which no two places are alike, with soft alpha where it has one."""
    ramp = Image.linear_gradient("L").resize(size)
    turned = Image.radial_gradient("L").resize(size)
    image = Image.merge("RGB", (ramp, turned, ramp.transpose(Image.Transpose.ROTATE_180)))
    if mode == "RGBA":
        image.putalpha(turned)
        return image
    if mode == "I;16":
        return Image.frombytes(
            "I;16", size, bytes(n * 7 % 251 for n in range(2 * size[0] * size[1]))
        )
    return image.quantize(32) if mode == "P" else image.convert(mode)


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    """Return the picture as a file."""
    buffer = BytesIO()
    image.save(buffer, image_format.upper(), **options)
    return buffer.getvalue()


@functools.cache
def plain_files() -> dict[str, bytes]:
    """Return a file of every kind that encoders write, by a name that says which."""
    files = {
        f"png {mode}": encoded(picture(mode), "png") for mode in ("RGB", "RGBA", "L", "P", "1")
    }
    files["png 16 bit"] = encoded(picture("I;16"), "png")
    for mode in ("RGB", "L", "CMYK"):
        files[f"jpeg {mode}"] = encoded(picture(mode), "jpeg")
    files["jpeg progressive"] = encoded(picture(), "jpeg", progressive=True, quality=95)
    for mode in ("RGB", "RGBA"):
        files[f"webp lossy {mode}"] = encoded(picture(mode), "webp")
        files[f"webp lossless {mode}"] = encoded(picture(mode), "webp", lossless=True)
        files[f"avif {mode}"] = encoded(picture(mode), "avif", speed=10)
    files["webp of one pixel"] = encoded(picture("RGB", (1, 1)), "webp", lossless=True)
    files["avif of odd sides"] = encoded(picture("RGB", (33, 21)), "avif", speed=10)
    return files


def shown(data: bytes) -> tuple[object, ...]:
    """Return all that a decoder shows of a file: mode, size, palette, profile, pixels."""
    with Image.open(BytesIO(data)) as image:
        image.load()
        profile = image.info.get("icc_profile")
        return image.mode, image.size, image.getpalette(), profile, image.tobytes()


def png_chunk(kind: bytes, payload: bytes) -> bytes:
    """Return a chunk of PNG."""
    checksum = struct.pack(">I", zlib.crc32(kind + payload))
    return struct.pack(">I", len(payload)) + kind + payload + checksum


def png_with(*chunks: bytes) -> bytes:
    """Return a PNG with these chunks behind its header."""
    data = encoded(picture(), "png")
    return data[:33] + b"".join(chunks) + data[33:]


def jpeg_segment(code: int, payload: bytes) -> bytes:
    """Return a segment of JPEG."""
    return struct.pack(">BBH", 0xFF, code, len(payload) + 2) + payload


def jpeg_with(*segments: bytes) -> bytes:
    """Return a JPEG with these segments behind its JFIF header."""
    data = encoded(picture(), "jpeg")
    return data[:20] + b"".join(segments) + data[20:]


def webp_with(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a WebP in the extended form with these chunks behind the picture."""
    body = encoded(picture("RGBA"), "webp")[8:]
    for kind, payload in chunks:
        body += kind + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def with_xmp(image_format: str, xmp: bytes) -> bytes:
    """Return a file that carries this packet, as Pillow or another program writes it."""
    if image_format == "png":
        return png_with(png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
    return encoded(picture(), image_format, xmp=xmp)


PACKET = packet_of(LABEL)


def pillow_packet(data: bytes) -> object:
    """Return the XMP packet that Pillow finds."""
    with Image.open(BytesIO(data)) as image:
        return image.info.get("xmp")
