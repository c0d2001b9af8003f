"""What an order takes from other files, its brand kit and the pictures that it names, put into it.

Done before the order's form is read, so that what the books keep needs no other file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flows.brand_kits import BrandKit, find_kit, known_kits, read_kit, with_brand
from flows.briefs import canonical_json
from flows.errors import BadOrder
from flows.order_form import SLUG, OrderForm, did_you_mean, show
from flows.problems import FieldPath, Places, Problem, covers, dotted
from flows.reference_files import read_done_files

_DONE = "done"
_OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Sources:
    """An order's data with all that it takes from other files in it, and what is wrong with those.

    `identity` leads from a content, as canonical JSON, to the digest of the file that it is from.
    """

    data: dict[str, object]
    kit: BrandKit | None = None
    problems: tuple[Problem, ...] = ()
    told: tuple[str, ...] = ()
    """The fields that the problems are about."""
    identity: Mapping[str, str] = field(default_factory=dict)

    def covers(self, path: str) -> bool:
        """Whether a later problem with a field is only one of these again."""
        return covers(self.told, path)

    def stamped(self, form: OrderForm) -> OrderForm:
        """Note in the form which kit it was."""
        return (
            form if self.kit is None else form.model_copy(update={"brand_sha256": self.kit.sha256})
        )

    def as_identity(self, value: object) -> object:
        """Give a value with the digests of files in place of what was made from them."""
        if not self.identity:
            return value
        if isinstance(value, (str, list)):
            digest = self.identity.get(canonical_json(value))
            if digest is not None:
                return {"sha256": digest}
        if isinstance(value, Mapping):
            return {key: self.as_identity(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.as_identity(inner) for inner in value]
        return value


def is_slug(value: object) -> bool:
    """Whether a value can be a kit's name; anything else never becomes a path."""
    return isinstance(value, str) and re.fullmatch(SLUG, value) is not None


def read_sources(data: dict[str, object], places: Places) -> Sources:
    """Read the kit and every file that an order, or a file of rules, names."""
    file = Path(places.file)
    slug = data.get("brand")
    named = slug if isinstance(slug, str) and is_slug(slug) else None
    problems: list[Problem] = []
    told: list[FieldPath] = []
    kit = None
    if named is not None:
        kit, problems = _kit(file, named, places)
        told += [("brand",)] if problems else []
    identity = {} if kit is None else dict(kit.identity)
    made = dict(data)
    for place, done in _dones(data):
        branded = with_brand(done, named, kit)
        read = read_done_files(branded.items, file.parent)
        # A reference that nothing stands for is no path either, and is told of once.
        unsolved = {*branded.unread, *(path for path, _, _ in branded.faults)}
        of_files = [fault for fault in read.faults if fault[0] not in unsolved]
        for path, found, wanted in (*branded.faults, *of_files):
            problems.append(places.problem((*place, *path), found, wanted))
            told.append((*place, *path))
        told += [(*place, *path) for path in branded.unread]
        identity |= read.identity
        _put(made, place, read.items)
    return Sources(
        data=made,
        kit=kit,
        problems=tuple(problems),
        told=tuple(map(dotted, told)),
        identity=identity,
    )


def _dones(data: Mapping[str, object]) -> Iterator[tuple[FieldPath, list[object]]]:
    """Find the definitions of done: the order's own, and those of renditions, by where they stand."""
    done = data.get(_DONE)
    if isinstance(done, list):
        yield (), done
    output = data.get(_OUTPUT)
    for index, entry in enumerate(output) if isinstance(output, list) else ():
        done = entry.get(_DONE) if isinstance(entry, dict) else None
        if index and isinstance(done, list):
            yield (_OUTPUT, index), done


def _put(data: dict[str, object], place: FieldPath, done: list[object]) -> None:
    """Put a definition of done in the place of the one that was written."""
    if not place:
        data[_DONE] = done
        return
    output = data[_OUTPUT]
    assert isinstance(output, list)  # noqa: S101  it was found there
    data[_OUTPUT] = [
        {**entry, _DONE: done} if index == place[1] else entry for index, entry in enumerate(output)
    ]


def _kit(file: Path, slug: str, places: Places) -> tuple[BrandKit | None, list[Problem]]:
    found = find_kit(file, slug)
    if found is None:
        known = known_kits(file)
        return None, [
            places.problem(
                ("brand",),
                f"{show(slug)}{did_you_mean(slug, known)}",
                f"a brand kit: brands/{slug}.yaml beside this file, or above it up to where you are"
                + (f"; there is {', '.join(known)}" if known else ""),
            )
        ]
    try:
        return read_kit(found, slug), []
    except BadOrder as bad:
        return None, list(bad.problems)
