"""The form of an order's `output:` where it is a list: the master first, then its renditions.

A rendition is another file of the same picture, made from the accepted master for nothing: cropped
from its middle where its shape is another one, and not enlarged unless `upscale_max` allows it.
What an entry does not say is as the master has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from flows.problems import FieldPath
from generators import Output

RENDITIONS_MAX: Final = 20

Entry = Mapping[str, object]
OutputForm = Entry | Sequence[Entry]
"""An order's `output:`: the master alone, or a list that begins with it."""

DONE: Final = "done"
NAME: Final = "name"
RECEIPTS: Final = "receipts"
MANIFEST: Final = "manifest"
PLACE_WANTED: Final = "a name without a folder `receipts` and without `manifest`, such as mug/small"
_INHERITED: Final = ("format", "quality", "progressive")
_UPSCALE_MAX: Final = "1"


def master_of(output: OutputForm) -> Entry:
    """Give the entry that says what the master is."""
    if isinstance(output, Mapping):
        return output
    return output[0] if output else {}


def master_path(output: OutputForm) -> FieldPath:
    """Say where the master's entry stands."""
    return ("output",) if isinstance(output, Mapping) else ("output", 0)


def renditions_of(output: OutputForm) -> Sequence[Entry]:
    """Give the entries of the renditions, in their order; the nth stands at `output[n]`."""
    return () if isinstance(output, Mapping) else output[1:]


def completed(entry: Entry, master: Output | None) -> dict[str, object]:
    """Give a rendition's own fields with those of the master in place of what it does not say.

    One side given alone keeps the master's shape. `master` is None where it is wrong itself: then
    something stands in, so that the rest can be judged.
    """
    made = {key: value for key, value in entry.items() if key not in {NAME, DONE}}
    made.setdefault("upscale_max", _UPSCALE_MAX)
    if master is None:
        return {"width": 1, "height": 1, "format": "png", **made}
    for field in _INHERITED:
        made.setdefault(field, getattr(master, field))
    width, height = made.get("width"), made.get("height")
    if "width" not in made:
        made["width"] = _in_shape(height, master.width, master.height) or master.width
    if "height" not in made:
        made["height"] = _in_shape(width, master.height, master.width) or master.height
    return made


def _in_shape(side: object, wanted_of_master: int, side_of_master: int) -> int | None:
    """Give the side that belongs to the other one in the master's shape, to the nearest pixel."""
    if isinstance(side, bool) or not isinstance(side, int):
        return None
    return max(1, (2 * side * wanted_of_master + side_of_master) // (2 * side_of_master))


def default_names(name: str, master: Output, renditions: Sequence[Output]) -> list[str]:
    """Name the renditions of a job that have no name of their own, after what sets them apart.

    `<master>-<width>x<height>`, or `<master>-<format>` in the master's size; both where it takes
    both to tell two of them apart.
    """
    short = [
        one.format
        if (one.width, one.height) == (master.width, master.height)
        else f"{one.width}x{one.height}"
        for one in renditions
    ]
    times = Counter(short)
    return [
        f"{name}-{word}" if times[word] == 1 else f"{name}-{one.width}x{one.height}-{one.format}"
        for word, one in zip(short, renditions, strict=True)
    ]


def place_fault(name: str) -> str | None:
    """Say what is wrong with where a rendition of this name would lie, or None.

    Whoever copies a campaign without its receipts and manifests leaves out whatever is called as
    they are. A job may still be: orders from before there were renditions keep their names.
    """
    *folders, last = name.casefold().split("/")
    if RECEIPTS in folders:
        return f"{name!r}, in a folder that is called as that of the receipts is"
    if last == MANIFEST or any(part.startswith(f"{MANIFEST}.") for part in (*folders, last)):
        return f"{name!r}, which is called as the manifests are"
    return None


def default_done(output: Output) -> list[object]:
    """Say what done means for a rendition that does not say so itself."""
    return [
        {"dimensions": {"width": output.width, "height": output.height}},
        {"format": {"is": output.format}},
        "not_blank",
    ]
