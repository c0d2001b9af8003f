"""Reads an order's `output:` for one job: the master's form, and each rendition's with its name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from pydantic import ValidationError

from flows.briefs import canonical_json
from flows.done_reading import DoneReader, Fault, Report
from flows.job_labels import RenditionBrief
from flows.job_names import NAME_WANTED, name_fault
from flows.label_text import BOUND_WANTED as LABEL_BOUND_WANTED
from flows.label_text import label_variables
from flows.order_form import OrderForm, did_you_mean, show
from flows.placeholders import Unbound, Variables, fill, fill_words
from flows.problems import FieldPath
from flows.renditions_form import (
    DONE,
    NAME,
    PLACE_WANTED,
    RENDITIONS_MAX,
    completed,
    default_done,
    default_names,
    master_of,
    master_path,
    place_fault,
    renditions_of,
)
from generators import Output
from validators import Criterion

BOUND_WANTED: Final = "a placeholder that the matrix, the items or `variant` bind"

RULES_BYTES_MAX: Final = 128 * 1024**2
"""Every job's record has the rules of its renditions, and a logo in them is a picture each time."""

_WHOLE_FIELDS: Final = frozenset({"width", "height", "quality"})
_MASTERS_DONE_WANTED: Final = "them in the order's `done:`; only renditions have their own"
_ALONE_WANTED: Final = (
    "a rule that one file is judged by alone: the master is compared with other pictures"
)
_PERSON_WANTED: Final = "severity: block or warn; a person looks at the master, not at renditions"


@dataclass(slots=True)
class OutputPlanner:
    """Reads the outputs of one order's jobs. Holds what was read already."""

    form: OrderForm
    dones: DoneReader
    path: FieldPath = field(init=False)
    """Where the master's entry stands."""
    _outputs: dict[str, Output | list[Fault]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.path = master_path(self.form.output)

    def problems(self, job_count: int) -> Iterator[Fault]:
        """List what is wrong with the outputs whatever the placeholders stand for."""
        entries = renditions_of(self.form.output)
        if len(entries) > RENDITIONS_MAX:
            wanted = f"at most {RENDITIONS_MAX} beside the master"
            yield ("output",), f"{len(entries)} renditions", wanted
        size = sum(len(canonical_json(entry.get(DONE, ""))) for entry in entries)
        if job_count * size > RULES_BYTES_MAX:
            yield (
                ("output",),
                f"rules of renditions of {size // 1024:,} KiB in each of {job_count:,} jobs",
                f"at most {RULES_BYTES_MAX // 1024**2} MiB in all; ask for the logo in the master only",
            )

    def rendition_name_path(self, number: int) -> FieldPath:
        """Say where the name of the nth rendition stands, or the entry that has none."""
        entry = renditions_of(self.form.output)[number - 1]
        return ("output", number) if entry.get(NAME) is None else ("output", number, NAME)

    def master(self, row: Variables, report: Report) -> Output | None:
        """Read the master's form, its name left out; None after a problem with it."""
        entry = dict(master_of(self.form.output))
        entry.pop(NAME, None)
        if entry.pop(DONE, None) is not None:
            report((*self.path, DONE), "rules of its own for the master", _MASTERS_DONE_WANTED)
        filled = _filled(entry, row, self.path, report)
        if not isinstance(filled, dict):
            return None
        return self._read(filled, self.path, tuple(Output.model_fields), report)

    def name(self, row: Variables, report: Report) -> str | None:
        """Fill the job's name in; None after a problem with it."""
        path = (*self.path, NAME)
        template = master_of(self.form.output).get(NAME)
        if template is None:
            report(path, "nothing", NAME_WANTED)
            return None
        return _name(template, row, path, BOUND_WANTED, report)

    def renditions(
        self, name: str | None, row: Variables, master: Output | None, report: Report
    ) -> tuple[RenditionBrief, ...]:
        """Read the renditions of a job; what is wrong is reported and left out."""
        entries = renditions_of(self.form.output)[:RENDITIONS_MAX]
        if not entries:
            return ()
        read = [
            (number, entry, output)
            for number, entry in enumerate(entries, 1)
            if (output := self._rendition(number, entry, row, master, report)) is not None
        ]
        if name is None or master is None:
            for number, entry, output in read:
                self._done(number, entry, row, output, report)
            return ()
        unnamed = [output for _, entry, output in read if entry.get(NAME) is None]
        defaults = iter(default_names(name, master, unnamed))
        variables = label_variables(self.form, name, row)
        made = []
        for number, entry, output in read:
            path: FieldPath = ("output", number)
            template = entry.get(NAME)
            if template is None:
                own: str | None = next(defaults)
                fault = name_fault(str(own))
                if fault is not None:
                    report(path, fault, NAME_WANTED)
            else:
                sizes = {"width": output.width, "height": output.height, "format": output.format}
                own = _name(
                    template, {**sizes, **variables}, (*path, NAME), LABEL_BOUND_WANTED, report
                )
            misplaced = None if own is None else place_fault(own)
            if misplaced is not None:
                report(self.rendition_name_path(number), misplaced, PLACE_WANTED)
            done = self._done(number, entry, row, output, report)
            made.append(_brief(own or "", output, done))
        return tuple(made)

    def _rendition(
        self,
        number: int,
        entry: Mapping[str, object],
        row: Variables,
        master: Output | None,
        report: Report,
    ) -> Output | None:
        path: FieldPath = ("output", number)
        own = {key: value for key, value in entry.items() if key not in {NAME, DONE}}
        filled = _filled(own, row, path, report)
        if not isinstance(filled, dict):
            return None
        fields = (*Output.model_fields, DONE)
        output = self._read(completed(_whole(filled), master), path, fields, report)
        if output is None or master is None:
            return output
        if (output.width, output.height, output.format) == (
            master.width,
            master.height,
            master.format,
        ):
            report(
                path,
                f"{output.width}x{output.height} {output.format}, which is what the master is",
                "another size or another format",
            )
        growth = max(Decimal(output.width) / master.width, Decimal(output.height) / master.height)
        if growth > output.upscale_max:
            report(
                (*path, "upscale_max"),
                f"{output.width}x{output.height} pixels, {growth:.2f} times as large as the "
                f"master's {master.width}x{master.height}",
                f"at most {output.upscale_max.normalize():f} times (upscale_max), or a larger "
                "master",
            )
        return output

    def _done(
        self,
        number: int,
        entry: Mapping[str, object],
        row: Variables,
        output: Output,
        report: Report,
    ) -> Sequence[object]:
        """Fill a rendition's definition of done in, and judge it."""
        place: FieldPath = ("output", number)
        if entry.get(DONE) is None:
            return default_done(output)
        done = _filled(entry[DONE], row, (*place, DONE), report)
        criteria = None if done is None else self.dones.criteria(done, report, place)
        if criteria is None or not isinstance(done, list):
            return ()
        self.dones.compare(output, criteria, report, place)
        for index, criterion in enumerate(criteria):
            fault = _unfit(criterion)
            if fault is not None:
                report((*place, DONE, index, criterion.name), *fault)
        if not {one.name for one in criteria} & {"dimensions", "format"}:
            report(
                (*place, DONE),
                "no `dimensions` and no `format`",
                "at least one of them, so that a stranger could tell a right file from a wrong one",
            )
        return done

    def _read(
        self, raw: Mapping[str, object], path: FieldPath, fields: tuple[str, ...], report: Report
    ) -> Output | None:
        data = _whole(raw)
        key = canonical_json([data, fields])
        known = self._outputs.get(key)
        if known is None:
            # A job's name differs from the others' and is judged on its own.
            known = self._outputs[key] = _read_output({**data, NAME: "name"}, fields)
        if isinstance(known, list):
            for inside, found, wanted in known:
                report((*path, *inside), found, wanted)
            return None
        return known


def _unfit(criterion: Criterion) -> tuple[str, str] | None:
    """Say what keeps a criterion from judging a rendition, or None."""
    if criterion.name == "not_seen_before":
        return f"{criterion.name} for a rendition", _ALONE_WANTED
    if criterion.severity == "review":
        return "severity: review for a rendition", _PERSON_WANTED
    return None


def _brief(name: str, output: Output, done: Sequence[object]) -> RenditionBrief:
    return RenditionBrief(
        name=name,
        width=output.width,
        height=output.height,
        format=output.format,
        quality=output.quality,
        upscale_max=str(output.upscale_max),
        progressive=output.progressive,
        done=tuple(done),
    )


def _name(
    template: object, row: Variables, path: FieldPath, bound_wanted: str, report: Report
) -> str | None:
    """Fill a file's name in; None after a problem with it."""
    if isinstance(template, (bool, dict, list)):
        report(path, show(template), NAME_WANTED)
        return None
    try:
        name = unicodedata.normalize("NFC", fill_words(str(template), row))
    except Unbound as unbound:
        for _, found in unbound.faults:
            report(path, found, bound_wanted)
        return None
    fault = name_fault(name)
    if fault is not None:
        report(path, fault, NAME_WANTED)
    return name if fault is None else None


def _filled(value: object, row: Variables, path: FieldPath, report: Report) -> object:
    """Fill a value in; None after a problem with it."""
    try:
        return fill(value, row)
    except Unbound as unbound:
        for inside, found in unbound.faults:
            report((*path, *inside), found, BOUND_WANTED)
        return None


def _whole(raw: Mapping[str, object]) -> dict[str, object]:
    """Read whole numbers that a filling left as text."""
    return {
        key: int(value)
        if key in _WHOLE_FIELDS and isinstance(value, str) and value.isdecimal()
        else value
        for key, value in raw.items()
    }


def _read_output(data: dict[str, object], fields: tuple[str, ...]) -> Output | list[Fault]:
    try:
        return Output.model_validate(data)
    except ValidationError as error:
        faults: list[Fault] = []
        for detail in error.errors(include_url=False):
            path: FieldPath = tuple(part for part in detail["loc"] if part in data)
            if detail["type"] == "missing":
                name = str(detail["loc"][-1])
                wanted = Output.model_fields[name].description or "this field"
                faults.append(((name,), "nothing", wanted))
            elif detail["type"] == "extra_forbidden":
                hint = did_you_mean(str(detail["loc"][-1]), fields)
                faults.append((path, f"an unknown field{hint}", f"only {', '.join(fields)}"))
            elif not detail["loc"]:
                # Each field is right by itself and they are not together.
                faults.append((path, str(detail["ctx"]["error"]), "what can be made"))
            else:
                field_name = str(detail["loc"][0])
                wanted = Output.model_fields[field_name].description or detail["msg"]
                faults.append((path, show(data.get(field_name)), wanted))
        return faults
