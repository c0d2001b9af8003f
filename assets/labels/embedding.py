"""Labels and credentials in the bytes of a picture, whatever its format."""

from __future__ import annotations

from typing import Protocol

from assets.labels import avif_labels, jpeg_labels, png_labels, webp_labels
from assets.labels.label import Label
from assets.labels.packet_reading import label_in
from assets.labels.packet_writing import packet_of


class _Container(Protocol):
    """What a module of this package knows of one format."""

    def with_packet(self, data: bytes, packet: bytes) -> bytes | None: ...

    def packet_in(self, data: bytes) -> bytes | None: ...

    def has_credentials(self, data: bytes) -> bool: ...

    def without_credentials(self, data: bytes) -> bytes: ...


def write_label(data: bytes, label: Label) -> bytes | None:
    """Return the picture with this label in it as XMP, or None when it is no sound picture.

    PNG, JPEG, WebP and AVIF. Lossless: the coded pixels, the colour profile and everything else stay
    byte for byte. What the file said before in the label's place goes: any XMP packet as a whole,
    IPTC's older fields in a JPEG, the texts of a PNG under its own words for title, author,
    description, copyright, software and source, and the texts of Exif's first directory (place,
    orientation and camera stay: another rule judges them). The same file and label always give the
    same bytes, and labelling twice is the same as labelling once.

    None where a part is missing or damaged, where other data follow the picture, and where an AVIF
    is built in a way that cannot be changed safely. Content credentials are left where they are,
    but they were signed over other bytes and no longer fit: take them out first, by
    `without_credentials`. Linear in the bytes; nothing is raised, whatever the bytes are.
    """
    container = _container(data)
    return container.with_packet(data, packet_of(label)) if container is not None else None


def read_label(data: bytes) -> Label | None:
    """Return what the file says of itself, or None when it is no such picture or says nothing.

    Whoever wrote it: nothing of it is proof. A damaged file is read as far as its parts are whole.
    Nothing is raised.
    """
    container = _container(data)
    packet = container.packet_in(data) if container is not None else None
    return label_in(packet) if packet else None


def has_credentials(data: bytes) -> bool:
    """Tell whether content credentials are inside: a JUMBF box of C2PA's; not whether they are good.

    Anything else that lies where they belong is none, and `without_credentials` takes it out too.
    """
    container = _container(data)
    return container is not None and container.has_credentials(data)


def without_credentials(data: bytes) -> bytes:
    """Return the picture without its content credentials; the same bytes where there are none.

    What is none and lies in a chunk or box that is only for them goes too. The same bytes where
    they cannot be taken out safely.
    """
    container = _container(data)
    return container.without_credentials(data) if container is not None else data


def _container(data: bytes) -> _Container | None:
    if data.startswith(png_labels.SIGNATURE):
        return png_labels
    if data.startswith(b"\xff\xd8\xff"):
        return jpeg_labels
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return webp_labels
    return avif_labels if avif_labels.is_avif(data) else None
