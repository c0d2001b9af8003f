"""What bytes look like by their beginning: an accepted format, or a phrase for people."""

from __future__ import annotations

import codecs
import re
from typing import Final

from validators.formats import ImageFormat

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_JPEG_START: Final = b"\xff\xd8\xff"
_TEXT_WINDOW: Final = 4096

_SIGNATURES: Final[tuple[tuple[bytes, str], ...]] = (
    (PNG_SIGNATURE, "a PNG picture"),
    (_JPEG_START, "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"II+\x00", "a TIFF picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (b"8BPS", "a Photoshop document"),
    (b"\x00\x00\x01\x00", "an icon file"),
    (b"%!PS", "a PostScript (EPS) document"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript (EPS) document"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1a\x45\xdf\xa3", "a WebM or Matroska video"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"OggS", "an Ogg sound or video"),
    (b"ID3", "an MP3 sound"),
)

_BRANDS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"avif", "an AVIF picture"),
    (b"avis", "an AVIF animation"),
    (b"heic", "a HEIC picture"),
    (b"heix", "a HEIC picture"),
    (b"mif1", "a HEIF picture"),
)

_MARKUP: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"<(\?xml[^>]*>.*?<|!doctype\s+)?svg\b", re.DOTALL), "an SVG drawing"),
    (re.compile(r"<(!doctype\s+html|html|head|body)\b"), "an HTML page"),
    (re.compile(r"<script\b"), "a web script"),
    (re.compile(r"<\?xml|<[a-z]"), "an XML document"),
    (re.compile(r"\{\s*[\"}]|\[\s*[\"{\[\]0-9-]"), "a JSON document"),
)


def sniff(data: bytes) -> ImageFormat | None:
    """Return the accepted format that the bytes begin like, or None.

    A beginning that is itself cut off still counts, so that it is called truncated and not unknown.
    """
    if not data:
        return None
    if data.startswith(PNG_SIGNATURE) or PNG_SIGNATURE.startswith(data):
        return "png"
    if data.startswith(_JPEG_START) or _JPEG_START.startswith(data):
        return "jpeg"
    if data.startswith(b"RIFF") and (data[8:12] == b"WEBP" or len(data) < 12):  # noqa: PLR2004 - RIFF, size, WEBP
        return "webp"
    if data[4:8] == b"ftyp" and {b"avif", b"avis"} & set(_brands(data)):
        return "avif"
    return None


def looks_like(data: bytes) -> str:
    """Return a phrase with its article for what the bytes look like, such as "an HTML page"."""
    if not data:
        return "nothing at all"
    if data[4:8] == b"ftyp":
        brands = set(_brands(data))
        return next((phrase for brand, phrase in _BRANDS if brand in brands), "an MP4 video")
    if data.startswith(b"RIFF"):
        return "a WebP picture" if data[8:12] == b"WEBP" else "a RIFF sound or video (WAV, AVI)"
    for signature, phrase in _SIGNATURES:
        if data.startswith(signature):
            return phrase
    if not data.strip(b"\x00"):
        return "zero bytes"
    return _looks_like_text(data)


def _brands(data: bytes) -> list[bytes]:
    size = int.from_bytes(data[:4], "big")
    window = data[: min(size, 256)] if size else data[:256]
    return [window[at : at + 4] for at in range(8, len(window) - 3, 4) if at != 12]  # noqa: PLR2004 - the minor version


def _looks_like_text(data: bytes) -> str:
    window = data[:_TEXT_WINDOW]
    # An incremental decoder forgives a character that the window cuts in two.
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(window)
    except UnicodeDecodeError:
        return "data of no known kind"
    if any(ord(char) < 32 and char not in "\t\n\r\f" for char in text):  # noqa: PLR2004 - control characters
        return "data of no known kind"
    text = text.lstrip().lower()
    return next((phrase for pattern, phrase in _MARKUP if pattern.match(text)), "plain text")
