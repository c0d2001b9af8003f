"""A signer for simulated houses: quick, always with the same bytes, and it signs nothing twice."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any

from simulation.mortal import SimProcess

from assets.labels import has_credentials

_END = 12
"""The bytes of a PNG's last chunk."""


@dataclass(frozen=True)
class SimSigner:
    """Writes into a PNG, where content credentials belong, what is claimed of it."""

    process: SimProcess
    certificate_sha256: str = "ce" * 32

    def sign(self, data: bytes, media_type: str, claim: Any, **parents: Any) -> bytes:
        """Sign a file, or die over it."""
        assert media_type == "image/png"
        assert parents == {"parent": None, "parent_media_type": None}
        assert not has_credentials(data), "it was signed before"
        self.process.moment()
        told = json.dumps([claim.job_id, claim.rules_sha256, claim.rendition_of, claim.verdicts])
        box = b"jumb" + struct.pack(">I", 30) + b"jumdc2pa" + told.encode()
        chunk = b"caBX" + struct.pack(">I", len(box) + 4) + box
        crc = struct.pack(">I", zlib.crc32(chunk))
        return data[:-_END] + struct.pack(">I", len(chunk) - 4) + chunk + crc + data[-_END:]
