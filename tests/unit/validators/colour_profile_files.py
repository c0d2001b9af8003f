"""ICC profiles made here, number by number, as a program writes them and as it should not."""

from __future__ import annotations

import struct
from collections.abc import Mapping

Xyz = tuple[float, float, float]

SRGB_XYZ: tuple[Xyz, Xyz, Xyz] = (
    (0.4360, 0.2225, 0.0139),
    (0.3851, 0.7169, 0.0971),
    (0.1431, 0.0606, 0.7139),
)
P3_XYZ: tuple[Xyz, Xyz, Xyz] = (
    (0.5151, 0.2412, -0.0010),
    (0.2920, 0.6922, 0.0419),
    (0.1571, 0.0666, 0.7841),
)
ADOBE_XYZ: tuple[Xyz, Xyz, Xyz] = (
    (0.6097, 0.3111, 0.0195),
    (0.2053, 0.6257, 0.0609),
    (0.1492, 0.0632, 0.7446),
)


def fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)


def srgb_light(signal: float) -> float:
    """Return the light of a signal, by IEC 61966-2-1."""
    return signal / 12.92 if signal <= 0.04045 else ((signal + 0.055) / 1.055) ** 2.4


SRGB_PARAMETRIC = b"para" + bytes(4) + struct.pack(">HH", 3, 0)
SRGB_PARAMETRIC += fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
SRGB_FIVE = b"para" + bytes(4) + struct.pack(">HH", 4, 0)
SRGB_FIVE += fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045, 0, 0)


def table_curve(count: int) -> bytes:
    values = [round(65535 * srgb_light(index / (count - 1))) for index in range(count)]
    return b"curv" + bytes(4) + struct.pack(f">I{count}H", count, *values)


def gamma_curve(power: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(power * 256))


def described(name: str) -> bytes:
    raw = name.encode("latin-1") + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(raw)) + raw + bytes(78)


def described_in_languages(name: str) -> bytes:
    raw = name.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(raw), 28) + raw


def profile(tags: Mapping[bytes, bytes], model: bytes = b"RGB ") -> bytes:
    """Return a profile with these tags."""
    offset = 132 + 12 * len(tags)
    table, body = b"", b""
    for name, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += name + struct.pack(">II", offset + len(body), len(value))
        body += padded
    head = struct.pack(">I", offset + len(body)) + bytes(4) + b"\x04\x20\x00\x00mntr" + model
    head += b"XYZ " + bytes(12) + b"acsp" + bytes(88)
    return head[:128] + struct.pack(">I", len(tags)) + table + body


def rgb_profile(name: str, primaries: tuple[Xyz, Xyz, Xyz], curve: bytes) -> bytes:
    """Return an RGB profile of three primaries and one tone curve for all of them."""
    tags = {b"desc": described(name)}
    for letter, xyz in zip((b"r", b"g", b"b"), primaries, strict=True):
        tags[letter + b"XYZ"] = b"XYZ " + bytes(4) + fixed(*xyz)
        tags[letter + b"TRC"] = curve
    return profile(tags)


SRGB = rgb_profile("sRGB, made for a test", SRGB_XYZ, SRGB_PARAMETRIC)
DISPLAY_P3 = rgb_profile("Display P3, made for a test", P3_XYZ, SRGB_PARAMETRIC)
ADOBE_RGB = rgb_profile("Adobe RGB, made for a test", ADOBE_XYZ, gamma_curve(2.19921875))
