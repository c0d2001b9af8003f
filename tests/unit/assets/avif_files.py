"""AVIF files in the forms that the standard allows and Pillow does not write, made from Pillow's own."""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass, field

from unit.assets import label_files as files


def box(kind: bytes, *payload: bytes) -> bytes:
    """Return a box."""
    body = b"".join(payload)
    return struct.pack(">I", 8 + len(body)) + kind + body


def long_box(kind: bytes, *payload: bytes) -> bytes:
    """Return a box whose size stands in eight bytes."""
    body = b"".join(payload)
    return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body


def full(kind: bytes, version: int, *payload: bytes) -> bytes:
    """Return a box with a version."""
    return box(kind, bytes((version, 0, 0, 0)), *payload)


def children(data: bytes, start: int, stop: int) -> dict[bytes, bytes]:
    """Return the payloads of the boxes in a run of bytes."""
    found = {}
    while start < stop:
        size = int.from_bytes(data[start : start + 4], "big")
        found[data[start + 4 : start + 8]] = data[start + 8 : start + size]
        start += size
    return found


@functools.cache
def parts() -> tuple[bytes, bytes, bytes, bytes]:
    """Return ftyp, hdlr and iprp of a small picture of Pillow's, and its coded pixels."""
    data = files.encoded(files.picture(), "avif", speed=10)
    top = children(data, 0, len(data))
    meta = children(top[b"meta"], 4, len(top[b"meta"]))
    kept = (box(b"ftyp", top[b"ftyp"]), box(b"hdlr", meta[b"hdlr"]), box(b"iprp", meta[b"iprp"]))
    return *kept, top[b"mdat"]


@dataclass(frozen=True, kw_only=True)
class Form:
    """In which of the allowed forms a file is built."""

    iloc: int = 0
    offset_size: int = 4
    length_size: int = 4
    base_size: int = 0
    index_size: int = 0
    method: int = 0
    """1: the pixels lie in idat, within the meta box."""
    infe: int = 2
    iinf: int = 0
    iref: int | None = None
    pitm: int = 0
    item: int = 1
    split: bool = False
    """The pixels lie in two runs."""
    meta_last: bool = False
    open_end: bool = False
    """The last box says 0 in the place of its size: up to the end of the file."""
    long_media: bool = False
    before: tuple[bytes, ...] = ()
    """Boxes between ftyp and the rest."""
    behind: tuple[bytes, ...] = ()
    xmp: bytes = b""
    """A packet in an item of its own; with `method` 1 in idat too."""
    more: tuple[bytes, ...] = field(default=())
    """More boxes in meta."""


def _ids(version: int) -> str:
    return ">I" if version else ">H"


def _iloc(form: Form, start: int, pixels: int) -> bytes:
    items = [(form.item, start, pixels)]
    if form.xmp:
        items.append((form.item + 6, start + pixels, len(form.xmp)))
    sizes = form.offset_size << 12 | form.length_size << 8 | form.base_size << 4 | form.index_size
    many = ">I" if form.iloc == 2 else ">H"
    out = [struct.pack(">H", sizes), struct.pack(many, len(items))]
    for item, offset, length in items:
        out.append(struct.pack(many, item))
        if form.iloc:
            out.append(struct.pack(">H", form.method))
        base = offset if form.base_size else 0
        cut = length // 3 if form.split and item == form.item else length
        runs = [(offset, cut), (offset + cut, length - cut)] if cut < length else [(offset, cut)]
        out += (bytes(2), base.to_bytes(form.base_size, "big"), struct.pack(">H", len(runs)))
        for at, size in runs:
            out.append(bytes(form.index_size))
            out.append((at - base).to_bytes(form.offset_size, "big"))
            out.append(size.to_bytes(form.length_size, "big"))
    return full(b"iloc", form.iloc, *out)


def _entries(form: Form) -> bytes:
    number = ">I" if form.infe == 3 else ">H"
    entries = [
        full(b"infe", form.infe, struct.pack(number, form.item), bytes(2), b"av01Colour\0"),
    ]
    if form.xmp:
        item = struct.pack(number, form.item + 6)
        names = b"mimeXMP\0application/rdf+xml\0"
        entries.append(full(b"infe", form.infe, item, bytes(2), names))
    count = struct.pack(_ids(form.iinf), len(entries))
    return full(b"iinf", form.iinf, count, *entries)


def _references(form: Form) -> bytes:
    if form.iref is None or not form.xmp:
        return b"" if form.iref is None else full(b"iref", form.iref)
    ids = _ids(form.iref)
    described = (struct.pack(ids, form.item + 6), b"\0\1", struct.pack(ids, form.item))
    return full(b"iref", form.iref, box(b"cdsc", *described))


def _properties(form: Form) -> bytes:
    """Return iprp with the association moved to the item's number."""
    iprp = parts()[2]
    inside = children(iprp, 8, len(iprp))
    said = inside[b"ipma"][10:]
    ids = _ids(form.item > 0xFFFF)
    version = 1 if form.item > 0xFFFF else 0
    ipma = full(b"ipma", version, struct.pack(">I", 1), struct.pack(ids, form.item), said)
    return box(b"iprp", box(b"ipco", inside[b"ipco"]), ipma)


def built(form: Form) -> bytes:
    """Return the file."""
    ftyp, handler, _, pixels = parts()
    payload = pixels + form.xmp

    def meta(start: int) -> bytes:
        primary = full(b"pitm", form.pitm, struct.pack(_ids(form.pitm), form.item))
        inside = box(b"idat", payload) if form.method else b""
        return full(
            b"meta",
            0,
            handler,
            primary,
            _iloc(form, 0 if form.method else start, len(pixels)),
            _entries(form),
            _references(form),
            _properties(form),
            inside,
            *form.more,
        )

    media = b"" if form.method else (long_box if form.long_media else box)(b"mdat", payload)
    head = len(media) - len(payload)
    front = b"".join((ftyp, *form.before))
    start = len(front) + head + (0 if form.meta_last else len(meta(0)))
    order = (media, meta(start)) if form.meta_last else (meta(start), media)
    whole = b"".join((front, *order, *form.behind))
    if form.open_end:
        last = len(whole) - len(order[1])
        whole = whole[:last] + bytes(4) + whole[last + 4 :]
    return whole
