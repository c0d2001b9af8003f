"""The names that a label is written under in XMP.

Sources: IPTC Photo Metadata Standard 2025.1, sections on IPTC Core and Extension; ISO 16684-1 for
`dc` and `xmp`; https://cv.iptc.org/newscodes/digitalsourcetype/ for the kinds of source.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

NAMESPACES: Final = MappingProxyType(
    {
        "dc": "http://purl.org/dc/elements/1.1/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
        "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    }
)
"""Prefix to address, in the order in which a packet declares them."""

ALTERNATIVES: Final = MappingProxyType(
    {
        "dc:title": "title",
        "dc:description": "description",
        "dc:rights": "rights",
        "Iptc4xmpCore:AltTextAccessibility": "alt",
    }
)
"""The properties that have a text for each language, and the label's field of each."""

SIMPLE: Final = MappingProxyType(
    {
        "dc:identifier": "job_id",
        # IPTC's own field for it, "Job Id": where a DAM shows one, it is this and not dc:identifier.
        "photoshop:TransmissionReference": "job_id",
        "photoshop:Credit": "credit",
        "xmp:CreatorTool": "creator_tool",
        "Iptc4xmpExt:DigitalSourceType": "source_type",
    }
)
"""The properties with one text, and the label's field of each."""

TAGS: Final = "dc:subject"
"""The property with any number of texts: IPTC's keywords."""

SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""What stands before a term of IPTC's vocabulary; IPTC names its terms with http, not https."""

DEFAULT_LANGUAGE: Final = "x-default"
"""The tag of the text that a reader shows who asks for no language, or for one that is missing."""

PACKET_BYTES_MAX: Final = 65_502
"""What one segment of a JPEG holds besides its length and the 29 bytes that say it is XMP."""

LABEL_ENTRIES: Final[tuple[str, ...]] = (
    *sorted(f"xmp:{name.partition(':')[2]}" for name in (*ALTERNATIVES, *SIMPLE, TAGS)),
    # A language whose tag has a script or a number in it, such as zh-Hant or es-419.
    "xmp:lang",
)
"""What the criterion `no_metadata` calls the things that a label writes, for its `allow`."""
