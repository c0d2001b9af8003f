"""Which colours the numbers in the file stand for."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, get_args

from pydantic import BeforeValidator, Field

from validators.colour_profiles import ColourSpace, profile_of
from validators.criterion import Criterion, Finding, JSONValue, Remedy
from validators.picture import Picture

_TITLES: Final[dict[ColourSpace, str]] = {
    "srgb": "sRGB",
    "display_p3": "Display P3",
    "adobe_rgb": "Adobe RGB",
    "grey": "a grey profile",
    "cmyk": "a printing (CMYK) profile",
    "other": "another colour profile",
}


def _as_tuple(value: object) -> object:
    if value == []:
        raise ValueError("at least one of " + ", ".join(get_args(ColourSpace)))
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


class ColourProfile(Criterion):
    """The file's colours are sRGB, or another of the spaces that are allowed.

    `is` is srgb, display_p3, adobe_rgb, grey, cmyk or other, or a list of those that are allowed. A
    profile is judged by its numbers, never by its name. A file that states no colours is read as
    sRGB by every browser, so it passes unless `untagged` is false.
    """

    name = "colour_profile"
    version = 1
    cost_ms = 0.05
    example: ClassVar = {"is": "srgb"}

    allowed: Annotated[tuple[ColourSpace, ...], BeforeValidator(_as_tuple)] = Field(
        default=("srgb",), alias="is", description="the colours that are allowed, one or a list"
    )
    untagged: bool = Field(default=True, description="whether a file that states none passes")

    def inspect(self, picture: Picture) -> Finding:
        """Compare the colours that the file states with those that are allowed."""
        profile = profile_of(picture)
        wanted = " or ".join(_TITLES[one] for one in self.allowed)
        if profile is None:
            reason = (
                None if self.untagged else f"The file does not say which colours; not {wanted}."
            )
            measured: dict[str, JSONValue] = {"space": None}
        else:
            measured = {"space": profile.space, "name": profile.name, "source": profile.source}
            shown = f"{_TITLES[profile.space]} ({profile.name})"
            reason = f"The file's colours are {shown}, not {wanted}."
            if profile.space in self.allowed:
                reason = None
        if reason is None:
            return Finding(passed=True, measured=measured)
        return Finding(passed=False, measured=measured, reason=reason, remedy=Remedy("reencode"))
