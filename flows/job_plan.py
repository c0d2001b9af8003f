"""Turns one row of an order into one job, or says what is wrong with it.

The forms of output and criteria are asked once for each distinct filling, not once for each job:
an order of 100,000 jobs has a handful of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic import ValidationError

from flows.briefs import JobBrief, canonical_json
from flows.job_names import NAME_WANTED, name_fault
from flows.order_form import OrderForm, show
from flows.placeholders import Unbound, Variables, fill, has_placeholder
from flows.problems import FieldPath
from generators import Output
from validators import Criterion, parse_done

Report = Callable[[FieldPath, str, str], None]
"""Takes a problem: the field, what was found, what is wanted."""

_WHOLE_FIELDS = frozenset({"width", "height", "quality"})
_BOUND_WANTED = "a placeholder that the matrix, the items or `variant` bind"


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """One job as planned: where it stands in the order, its name, its brief."""

    position: int
    name: str
    brief: JobBrief


@dataclass(slots=True)
class JobPlanner:
    """Makes jobs of one order. Holds what was already judged, so that it is not judged again."""

    form: OrderForm
    _outputs: dict[str, Output | list[tuple[FieldPath, str, str]]] = field(default_factory=dict)
    _dones: dict[str, tuple[Criterion, ...] | list[tuple[FieldPath, str, str]]] = field(
        default_factory=dict
    )

    def job(self, position: int, row: Variables, report: Report) -> PlannedJob | None:
        """Fill one row in; None after any problem was reported."""
        form = self.form
        failed = False

        def filled(path: FieldPath, value: object) -> object:
            nonlocal failed
            try:
                return fill(value, row)
            except Unbound as unbound:
                failed = True
                report(path, unbound.found, _BOUND_WANTED)
                return None

        prompt = filled(("brief", "prompt"), form.brief.prompt)
        params = filled(("generator", "params"), form.generator.params)
        raw_output = filled(("output",), form.output)
        done = filled(("done",), form.done)
        if failed:
            return None
        output = self._output(raw_output, report)
        criteria = self.criteria(done, report)
        if output is None or criteria is None:
            return None
        fault = name_fault(output.name)
        if fault is not None:
            report(("output", "name"), fault, NAME_WANTED)
            return None
        if not str(prompt).strip():
            report(("brief", "prompt"), "an empty prompt", "a text that says what to make")
            return None
        return PlannedJob(
            position,
            output.name,
            JobBrief(
                prompt=str(prompt),
                width=output.width,
                height=output.height,
                format=output.format,
                quality=output.quality,
                upscale_max=Decimal(output.upscale_max),
                params=params if isinstance(params, dict) else {},
                variables=row if has_placeholder(form.done) else {},
            ),
        )

    def _output(self, raw: object, report: Report) -> Output | None:
        if not isinstance(raw, dict):
            return None
        data = {
            key: int(value)
            if key in _WHOLE_FIELDS and isinstance(value, str) and value.isdecimal()
            else str(value)
            if key == "name" and isinstance(value, int) and not isinstance(value, bool)
            else value
            for key, value in raw.items()
        }
        # The name differs for each job and is judged on its own.
        key = canonical_json({name: value for name, value in data.items() if name != "name"})
        known = self._outputs.get(key)
        if known is None:
            known = self._outputs[key] = _read_output(data)
        if isinstance(known, list):
            for problem in known:
                report(*problem)
            return None
        name = data.get("name")
        if not isinstance(name, str):
            report(("output", "name"), show(name), NAME_WANTED)
            return None
        return known.model_copy(update={"name": name})

    def criteria(self, done: object, report: Report) -> tuple[Criterion, ...] | None:
        """Read a filled `done:` list; None after any problem was reported."""
        key = canonical_json(done)
        known = self._dones.get(key)
        if known is None:
            known = self._dones[key] = _read_done(done)
        if isinstance(known, list):
            for problem in known:
                report(*problem)
            return None
        return known


def _read_output(data: dict[str, object]) -> Output | list[tuple[FieldPath, str, str]]:
    try:
        return Output.model_validate(data)
    except ValidationError as error:
        problems: list[tuple[FieldPath, str, str]] = []
        for detail in error.errors(include_url=False):
            path: FieldPath = ("output", *(part for part in detail["loc"] if part in data))
            if detail["type"] == "missing":
                name = str(detail["loc"][-1])
                wanted = Output.model_fields[name].description or "this field"
                problems.append((("output", name), "nothing", wanted))
            elif detail["type"] == "extra_forbidden":
                problems.append(
                    (path, "an unknown field", f"only {', '.join(Output.model_fields)}")
                )
            else:
                known = Output.model_fields.get(str(detail["loc"][0]))
                wanted = (known.description if known else None) or detail["msg"]
                problems.append((path, show(data.get(str(detail["loc"][0]))), wanted))
        return problems


def _read_done(done: object) -> tuple[Criterion, ...] | list[tuple[FieldPath, str, str]]:
    if not isinstance(done, list):
        return [(("done",), show(done), "a list of criteria")]
    read = parse_done(done)
    if isinstance(read, tuple):
        return read
    return [
        (("done", problem.index, *problem.field), problem.found, problem.wanted) for problem in read
    ]
