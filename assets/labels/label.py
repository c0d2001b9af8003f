"""The label: title, alt text, credit, rights, and that a machine made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Texts: TypeAlias = Mapping[str, str]
"""One text in one or more languages: BCP 47 tag to text, the main language first."""

TRAINED: Final = "trainedAlgorithmicMedia"
"""IPTC's word for media that a trained model made."""
ALGORITHMIC: Final = "algorithmicMedia"
"""IPTC's word for media that an algorithm without training data made, as the studio's cards are."""


@dataclass(frozen=True, slots=True)
class Label:
    """What one file says of itself. An empty text is not written.

    The words are those of the IPTC Photo Metadata Standard 2025.1
    (https://iptc.org/standards/photo-metadata/): title is `dc:title`, description `dc:description`,
    alt `Iptc4xmpCore:AltTextAccessibility`, rights `dc:rights`, credit `photoshop:Credit`,
    creator_tool `xmp:CreatorTool`, source_type the last part of `Iptc4xmpExt:DigitalSourceType`,
    job_id `dc:identifier` and `photoshop:TransmissionReference`, and tags `dc:subject`, which IPTC
    calls keywords.
    """

    title: Texts
    alt: Texts
    description: Texts
    rights: Texts
    credit: str
    creator_tool: str
    source_type: str
    """A term of https://cv.iptc.org/newscodes/digitalsourcetype/, such as `TRAINED`."""
    job_id: str
    tags: tuple[str, ...] = ()
