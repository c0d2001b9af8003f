"""Whether a picture is nearly the same as one that is known.

A distance of at most 12 of 64 bits by default: of 66 photographs and wallpapers no two different
ones were nearer than 16 (variants of one wallpaper and the two eyes of a stereo pair are, and are
nearly the same), and copies that were re-encoded, resized, mirrored or made brighter were all
within it; the figures are in docs/criteria-rates.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.fingerprint import BITS, Fingerprint, Likeness, fingerprint, nearest
from validators.picture import Picture
from validators.word_list import AS_LIST


class KnownPicture(BaseModel):
    """A picture that must not come again: what people call it, and its hash."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=300)]
    phash: Annotated[str, Field(pattern="^[0-9a-f]{16}$")]


def _known(value: object) -> object:
    if isinstance(value, str):
        raise ValueError(  # noqa: TRY004 - pydantic reports ValueError only
            "a folder of pictures that can be read, or a list of {name, phash}"
        )
    return tuple(value) if isinstance(value, list) else value


class NotSeenBefore(Criterion):
    """The picture is no near duplicate of a known one, nor of its mirror image.

    Known are the pictures of the folder `forbidden` (forbidden or licensed ones; an order names the
    folder, what is kept are the hashes), and with `against` the other pictures of this order and
    what was `released` before. Re-encoded, resized and brightened copies are found; cropped or
    turned ones are not, and neither are two pictures of the same thing.
    """

    name = "not_seen_before"
    version = 1
    cost_ms = 2.0
    example: ClassVar = {"against": ["order", "released"], "max_distance": 12}

    forbidden: Annotated[
        tuple[KnownPicture, ...], Field(max_length=10_000), BeforeValidator(_known)
    ] = Field(
        default=(),
        description="a folder of pictures that must not come again",
        json_schema_extra={"reads": "folder of pictures"},
    )
    against: Annotated[tuple[Literal["order", "released"], ...], AS_LIST] = Field(
        default=("order", "released"),
        description="what else it is compared with: the pictures of this order, released ones",
    )
    max_distance: Annotated[int, Field(ge=0, le=20)] = Field(
        default=12,
        description="up to how many bits apart two pictures are nearly the same",
        json_schema_extra={"unit": "bits of 64"},
    )

    @property
    def depends_on_books(self) -> bool:
        """Say so where more than the forbidden pictures is compared."""
        return bool(self.against)

    def inspect(self, picture: Picture) -> Finding:
        """Compare with the forbidden pictures; the hashes are measured for the other comparisons.

        What else is in the order and what was released is in the books, which an inspector never
        sees: who reads them finds the nearest of those by the hashes of this finding and calls
        `told` with it.
        """
        return self.compare(fingerprint(picture), self.forbidden)

    def compare(self, found: Fingerprint, known: Sequence[KnownPicture]) -> Finding:
        """Judge a picture by its hashes alone against known ones."""
        twin = nearest(found, (picture.phash for picture in known))
        return self.told(found, twin, "" if twin is None else known[twin.index].name)

    def told(self, found: Fingerprint, twin: Likeness | None, name: str) -> Finding:
        """Judge a picture by the nearest of the known ones, and by what people call that one."""
        measured: dict[str, JSONValue] = {
            "phash": found.phash,
            "phash_mirrored": found.mirrored,
        }
        if twin is None:
            return Finding(passed=True, measured=measured)
        measured |= {"nearest": name, "distance_bits": twin.distance, "mirrored": twin.mirrored}
        if twin.distance > self.max_distance:
            return Finding(passed=True, measured=measured)
        image = "the mirror image of" if twin.mirrored else "the same as"
        reason = f"The picture is nearly {image} {name} ({twin.distance} of {BITS} bits differ)."
        return Finding(False, measured, reason, Remedy("new_seed"))  # noqa: FBT003 - the verdict
