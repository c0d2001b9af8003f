"""Pictures with metadata, made here."""

from __future__ import annotations

from PIL import Image, PngImagePlugin
from unit.validators.sample_pictures import encoded, photograph

MACHINE_MADE = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 6.0.0">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    b' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType='
    b'"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>'
    b'</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
PLACE_IN_XMP = MACHINE_MADE.replace(
    b' Iptc4xmpExt:DigitalSourceType="',
    b' xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="52,30N" exif:FNumber="8"'
    b' Iptc4xmpExt:DigitalSourceType="',
)


def _exif(place: bool) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x0110] = "Model 1"
    if place:
        exif.get_ifd(0x8825).update({0: b"\x02\x03\x00\x00", 1: "N", 2: (52.0, 30.0, 0.0)})
    return exif


CAMERA = _exif(place=False)
CAMERA_WITH_PLACE = _exif(place=True)


def with_exif(image_format: str, exif: Image.Exif) -> bytes:
    """Return a picture that carries EXIF."""
    return encoded(photograph(), image_format, exif=exif)


def with_xmp(image_format: str, xmp: bytes) -> bytes:
    """Return a picture that carries XMP."""
    if image_format != "png":
        return encoded(photograph(), image_format, xmp=xmp)
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp.decode())
    return encoded(photograph(), "png", pnginfo=info)
