"""Brand kits: what a brand looks like and says, in one file that orders refer to by its name.

`brand: acme` in an order means `brands/acme.yaml` beside the order, or in a folder above it up to
the working directory. In `done`, `brand.palette` stands for the kit's palette, and so on.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from flows.briefs import canonical_json
from flows.errors import BadOrder
from flows.order_form import did_you_mean, show
from flows.order_text import read_order_text
from flows.problems import FieldPath, Places, Problem
from flows.reference_files import Fault, FolderTree, NotReadable
from validators import HexColour, Zone, as_data_address

KITS_FOLDER: Final = "brands"
_REFERENCE: Final = re.compile(r"brand\.[a-z_]+(\.[a-z0-9_]+)?")
_ZONES: Final = "safe_zones"
_NO_BRACES: Final = r"^[^{}\r\n\t]*[^\s{}][^{}\r\n\t]*$"
_WORD: Final = r"^[^{}\r\n\t]*\w[^{}\r\n\t]*$"
_Font = Annotated[str, Field(pattern=_NO_BRACES, max_length=100)]
_Phrase = Annotated[str, Field(pattern=_WORD, max_length=200)]
_ZoneName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class KitForm(BaseModel):
    """A whole brand kit, as docs/brand-kits.md shows one."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(
        pattern=_NO_BRACES,
        max_length=100,
        description="the brand's name on one line, without braces, such as Acme",
    )
    palette: list[HexColour] = Field(
        [], max_length=16, description='a list of up to 16 colours, each as "#rrggbb" in quotes'
    )
    forbidden_colours: list[HexColour] = Field(
        [], max_length=16, description='a list of up to 16 colours, each as "#rrggbb" in quotes'
    )
    logo: str | None = Field(
        None, min_length=1, description="the path of the logo's picture, beside this file or below"
    )
    fonts: list[_Font] = Field([], max_length=50, description="a list of the names of fonts")
    forbidden_words: list[_Phrase] = Field(
        [], max_length=100, description="a list of words or phrases, each without braces"
    )
    safe_zones: dict[_ZoneName, Zone] = Field(
        {},
        max_length=50,
        description="zones by names such as headline, each a mapping with left, top, width and "
        "height in parts of the picture's sides, from 0 to 1",
    )


@dataclass(frozen=True, slots=True)
class BrandKit:
    """A kit that was read: `values` are what its references stand for, by name.

    `sha256` is of all that the kit says, with the logo's file and not its path.
    """

    slug: str
    form: KitForm
    sha256: str
    values: Mapping[str, object]
    identity: Mapping[str, str]
    """Leads from the logo's content to the digest of its file, as in `ReadDone`."""


def find_kit(order_file: Path, slug: str) -> Path | None:
    """Find a kit's file beside the order, or above it up to the working directory."""
    return next(
        (
            found
            for folder in _folders(order_file)
            if (found := folder / KITS_FOLDER / f"{slug}.yaml").is_file()
        ),
        None,
    )


def known_kits(order_file: Path) -> tuple[str, ...]:
    """List the names of the kits that an order may refer to."""
    return tuple(
        sorted(
            {
                file.stem
                for folder in _folders(order_file)
                for file in (folder / KITS_FOLDER).glob("*.yaml")
            }
        )
    )


def _folders(order_file: Path) -> list[Path]:
    # Not resolved: a problem names the kit's file as the order's folder was written.
    beside = order_file.parent
    here = Path.cwd()
    real = beside.resolve()
    if not real.is_relative_to(here):
        return [beside]
    return [beside, *(above for above in real.parents if above.is_relative_to(here))]


def read_kit(file: Path, slug: str) -> BrandKit:
    """Read a kit.

    Raises:
        BadOrder: with every problem that was found, each with its line.
    """
    data, places = read_order_text(file, "a brand kit: `name: Acme` and so on")
    problems: list[Problem] = []
    form = None
    try:
        form = KitForm.model_validate(data)
    except ValidationError as error:
        problems += [_problem(one, places) for one in error.errors(include_url=False)]
    address, logo_sha256 = None, None
    path = data.get("logo")
    try:
        if isinstance(path, str) and path:
            address, logo_sha256 = _logo(file.parent, path)
    except NotReadable as error:
        problems.append(places.problem(("logo",), error.found, error.wanted))
    if form is not None:
        problems += [
            places.problem(
                ("forbidden_colours", index),
                f"{colour}, which is in the palette as well",
                "a colour that is not the brand's own",
            )
            for index, colour in enumerate(form.forbidden_colours)
            if colour in form.palette
        ]
    if problems or form is None:
        problems.sort(key=lambda problem: problem.line or 0)
        raise BadOrder(places.file, list(dict.fromkeys(problems)))
    said = form.model_dump(mode="json")
    content = canonical_json({**said, "logo": logo_sha256})
    return BrandKit(
        slug=slug,
        form=form,
        sha256=hashlib.sha256(content.encode()).hexdigest(),
        values=_values(said, address),
        identity={} if address is None else {canonical_json(address): str(logo_sha256)},
    )


def _logo(folder: Path, path: str) -> tuple[str, str]:
    """Read a logo as a `data:` address, and the digest of its file. Raises NotReadable."""
    data = FolderTree(folder).picture(path)
    address = as_data_address(data)
    if address is None:
        raise NotReadable(f"{show(path)}, which is no picture", "a PNG, JPEG, WebP or AVIF")
    return address, hashlib.sha256(data).hexdigest()


def _values(said: Mapping[str, object], logo: str | None) -> dict[str, object]:
    """List what a kit's references stand for; what it does not have is not there."""
    zones = said[_ZONES]
    assert isinstance(zones, dict)  # noqa: S101  the form says so
    every = {f"brand.{name}": value for name, value in said.items() if name != _ZONES}
    every["brand.logo"] = logo
    every |= {f"brand.{_ZONES}.{name}": zone for name, zone in zones.items()}
    return {name: value for name, value in every.items() if value}


def _problem(error: ErrorDetails, places: Places) -> Problem:
    # pydantic adds "[key]" to the path of a wrong key; only what is in the file may stay.
    path: FieldPath = tuple(part for part in error["loc"] if part != "[key]")
    last = path[-1]
    if error["type"] == "missing":
        siblings = Zone.model_fields if path[0] == _ZONES else KitForm.model_fields
        return places.problem(path, "nothing", str(siblings[str(last)].description))
    if error["type"] == "extra_forbidden":
        known = tuple(KitForm.model_fields if len(path) == 1 else Zone.model_fields)
        hint = did_you_mean(str(last), known)
        return places.problem(path, f"an unknown field{hint}", f"only {', '.join(known)}")
    found = show(error["input"]) if not isinstance(error["input"], Zone) else "a zone"
    own = error.get("ctx", {}).get("error")
    wanted = KitForm.model_fields[str(path[0])].description
    return places.problem(path, found, str(own) if own else str(wanted))


@dataclass(frozen=True, slots=True)
class BrandedDone:
    """A `done:` list with a kit's values in place of its references, and what went wrong."""

    items: list[object]
    faults: tuple[Fault, ...]
    unread: tuple[FieldPath, ...]
    """References to a kit that is wrong itself, about which nothing more is to be said."""


def with_brand(items: Iterable[object], slug: str | None, kit: BrandKit | None) -> BrandedDone:
    """Replace every parameter such as `brand.palette`; `slug` is what the order names, if anything."""
    made: list[object] = []
    faults: list[Fault] = []
    unread: list[FieldPath] = []
    for index, item in enumerate(items):
        name, parameters = (
            next(iter(item.items())) if isinstance(item, Mapping) and len(item) == 1 else ("", None)
        )
        if not isinstance(parameters, Mapping):
            made.append(item)
            continue
        changed = dict(parameters)
        for field, value in parameters.items():
            if not isinstance(value, str) or not _refers(value, slug):
                continue
            place: FieldPath = ("done", index, name, field)
            if slug is not None and kit is None:
                unread.append(place)
            elif kit is not None and value in kit.values:
                changed[field] = kit.values[value]
            else:
                faults.append((place, *_unknown(value, kit)))
        made.append({name: changed})
    return BrandedDone(made, tuple(faults), tuple(unread))


def _refers(value: str, slug: str | None) -> bool:
    if slug is not None:
        return value.startswith("brand.")
    # Without a brand, other words that begin so, such as an address, are only words.
    return bool(_REFERENCE.fullmatch(value)) and value.split(".")[1] in KitForm.model_fields


def _unknown(value: str, kit: BrandKit | None) -> tuple[str, str]:
    if kit is None:
        return f"{value}, and no brand", "`brand: acme` at the top, the name of a kit in brands/"
    known = tuple(kit.values)
    found = f"{value}, which the brand {kit.slug} does not have"
    return f"{found}{did_you_mean(value, known)}", f"one of {', '.join(known)}"


class ForbiddenWords:
    """Finds a brand's forbidden words in a text, as whole words in any case."""

    def __init__(self, words: Iterable[str]) -> None:
        self._patterns: Final = tuple((word, _pattern(word)) for word in words)

    def first_in(self, text: str) -> str | None:
        """Return the first of the words that is in the text."""
        plain = _folded(text)
        return next((word for word, pattern in self._patterns if pattern.search(plain)), None)


def _pattern(word: str) -> re.Pattern[str]:
    parts = r"\s+".join(map(re.escape, _folded(word).split()))
    return re.compile(rf"(?<!\w){parts}(?!\w)")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
