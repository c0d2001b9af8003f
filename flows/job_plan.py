"""Turns one row of an order into one job, or says what is wrong with it.

The forms of output and criteria are asked once for each distinct filling, not once for each job:
an order of 100,000 jobs has a handful of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from pydantic import ValidationError

from flows.brand_kits import ForbiddenWords
from flows.briefs import JobBrief, canonical_json
from flows.job_names import NAME_WANTED, name_fault
from flows.order_form import PROMPT_CHARS_MAX, PROMPT_WANTED, OrderForm, did_you_mean, show
from flows.placeholders import Unbound, Variables, fill, fill_words, has_placeholder
from flows.problems import FieldPath
from generators import Output
from validators import Criterion, Problem, contradictions, parse_done, registered

T = TypeVar("T")
R = TypeVar("R")

Report = Callable[[FieldPath, str, str], None]
"""Takes a problem: the field, what was found, what is wanted."""

_WHOLE_FIELDS = frozenset({"width", "height", "quality"})
_MEETABLE = "what `output` makes, or no file could ever pass"
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
    forbidden: ForbiddenWords = field(default_factory=lambda: ForbiddenWords(()))
    """What the brand keeps out of prompts; asked when an order is planned, not again when it runs."""
    _outputs: dict[str, Output | list[tuple[FieldPath, str, str]]] = field(default_factory=dict)
    _dones: dict[str, tuple[Criterion, ...] | list[tuple[FieldPath, str, str]]] = field(
        default_factory=dict
    )
    _recorded: dict[str, tuple[Criterion, ...]] = field(default_factory=dict)
    _compared: dict[tuple[int, int], list[tuple[FieldPath, str, str]]] = field(default_factory=dict)

    def job(self, position: int, row: Variables, report: Report) -> PlannedJob | None:
        """Fill one row in. Every problem of the row is reported; None after any of them."""
        faults = 0

        def counted(path: FieldPath, found: str, wanted: str) -> None:
            nonlocal faults
            faults += 1
            report(path, found, wanted)

        planned = self.draft(position, row, counted)
        return None if faults else planned

    def draft(self, position: int, row: Variables, report: Report) -> PlannedJob | None:
        """Fill one row in as far as it can be: what is reported is patched, so that the rest can be judged.

        None when there is no output or no params to speak of; a job whose name is wrong has none.
        """
        form = self.form

        def filled(path: FieldPath, value: T, fill_in: Callable[[T, Variables], R]) -> R | None:
            try:
                return fill_in(value, row)
            except Unbound as unbound:
                for inside, found in unbound.faults:
                    report((*path, *inside), found, _BOUND_WANTED)
                return None

        prompt = filled(("brief", "prompt"), form.brief.prompt, fill_words)
        if prompt is not None and not 0 < len(prompt.strip()) <= PROMPT_CHARS_MAX:
            report(("brief", "prompt"), show(prompt), PROMPT_WANTED)
            prompt = None
        word = None if prompt is None else self.forbidden.first_in(prompt)
        if word is not None:
            report(
                ("brief", "prompt"),
                show(prompt),
                f"a prompt without {show(word)}, which the brand {form.brand} forbids",
            )
        params = filled(("generator", "params"), form.generator.params, fill)
        rest = {key: value for key, value in form.output.items() if key != "name"}
        output = self._output(filled(("output",), rest, fill), report)
        done = filled(("done",), form.done, fill)
        criteria = None if done is None else self.criteria(done, report)
        if output is not None and criteria is not None:
            self._compare(output, criteria, report)
        name = self._name(filled, report)
        if output is None or not isinstance(params, dict):
            return None
        return PlannedJob(
            position,
            name or "",
            JobBrief(
                prompt=prompt or "?",
                width=output.width,
                height=output.height,
                format=output.format,
                quality=output.quality,
                upscale_max=Decimal(output.upscale_max),
                params=params,
                variables=row if has_placeholder(form.done) else {},
                progressive=output.progressive,
            ),
        )

    def _name(
        self,
        filled: Callable[[FieldPath, str, Callable[[str, Variables], str]], str | None],
        report: Report,
    ) -> str | None:
        """Fill the job's name in; None after a problem with it."""
        field = ("output", "name")
        template = self.form.output.get("name")
        if template is None:
            report(field, "nothing", NAME_WANTED)
            return None
        if isinstance(template, (bool, dict, list)):
            report(field, show(template), NAME_WANTED)
            return None
        name = filled(field, str(template), fill_words)
        fault = None if name is None else name_fault(name)
        if fault is not None:
            report(field, fault, NAME_WANTED)
        return name if fault is None else None

    def _compare(self, output: Output, criteria: tuple[Criterion, ...], report: Report) -> None:
        """Report each criterion that no file of this output could ever pass."""
        # Both were read once for each distinct filling and are kept, so their ids stand for them.
        key = (id(output), id(criteria))
        known = self._compared.get(key)
        if known is None:
            known = self._compared[key] = [
                (("done", index, criterion.name), found, _MEETABLE)
                for index, criterion in enumerate(criteria)
                if (
                    found := criterion.contradicts(
                        width=output.width, height=output.height, format_=output.format
                    )
                    or criterion.contradicts_encoding(format_=output.format, quality=output.quality)
                )
            ]
        for problem in known:
            report(*problem)

    def _output(self, raw: object, report: Report) -> Output | None:
        if not isinstance(raw, dict):
            return None
        data = {
            key: int(value)
            if key in _WHOLE_FIELDS and isinstance(value, str) and value.isdecimal()
            else value
            for key, value in raw.items()
        }
        key = canonical_json(data)
        known = self._outputs.get(key)
        if known is None:
            # A job's name differs from the others' and is judged on its own.
            known = self._outputs[key] = _read_output({**data, "name": "name"})
        if isinstance(known, list):
            for problem in known:
                report(*problem)
            return None
        return known

    def criteria(self, done: object, report: Report) -> tuple[Criterion, ...] | None:
        """Read a filled `done:` list; None after any problem was reported."""
        key = canonical_json(done)
        known = self._dones.get(key)
        if known is None:
            known = self._dones[key] = read_done(done)
        if isinstance(known, list):
            for problem in known:
                report(*problem)
            return None
        return known

    def recorded_criteria(self, done: object) -> tuple[Criterion, ...]:
        """Read a filled `done:` list of an order in the books, which was checked when it was planned.

        Rules that a newer Mintage would refuse together are asked as they were agreed on.
        """
        key = canonical_json(done)
        known = self._recorded.get(key)
        if known is None:
            read = parse_done(done if isinstance(done, list) else [])
            assert isinstance(read, tuple), read  # noqa: S101  the order was planned with these very criteria
            known = self._recorded[key] = read
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
                known = tuple(Output.model_fields)
                hint = did_you_mean(str(detail["loc"][-1]), known)
                problems.append((path, f"an unknown field{hint}", f"only {', '.join(known)}"))
            elif not detail["loc"]:
                # Each field is right by itself and they are not together.
                problems.append((path, str(detail["ctx"]["error"]), "what can be made"))
            else:
                field_name = str(detail["loc"][0])
                wanted = Output.model_fields[field_name].description or detail["msg"]
                problems.append((path, show(data.get(field_name)), wanted))
        return problems


def read_done(done: object) -> tuple[Criterion, ...] | list[tuple[FieldPath, str, str]]:
    """Read a `done:` list that has no placeholders; give the criteria, or each problem with them."""
    if not isinstance(done, list):
        return [(("done",), show(done), "a list of criteria")]
    read = parse_done(done)
    if isinstance(read, tuple):
        missing: list[tuple[FieldPath, str, str]] = [
            (
                ("done", index, one.name),
                f"a criterion that needs {', '.join(one.missing())}, which is not installed",
                f'this first: pip install "mintage[{one.extra}]"',
            )
            for index, one in enumerate(read)
            if one.missing()
        ]
        return missing or _problems(contradictions(read)) or read
    return _problems(read)


def _problems(problems: list[Problem]) -> list[tuple[FieldPath, str, str]]:
    return [
        (("done", problem.index, *problem.path), problem.found, problem.wanted)
        for problem in problems
    ]


def what_is_missing(form: OrderForm) -> str | None:
    """Say in a sentence which libraries an order of the books needs and this machine lacks, if any."""
    for criterion in _asked_for(form):
        if criterion.missing():
            return (
                f"The rule {criterion.name} needs {', '.join(criterion.missing())}, which is not "
                f'installed here: pip install "mintage[{criterion.extra}]", then resume.'
            )
    return None


def needs_models(form: OrderForm) -> bool:
    """Whether any of an order's criteria needs an extra, and so loads models."""
    return any(criterion.extra is not None for criterion in _asked_for(form))


def _asked_for(form: OrderForm) -> list[type[Criterion]]:
    """The criteria that an order names, known ones only, in its order."""
    known = registered()
    return [known[name] for name in names_in_done(form) if name in known]


def names_in_done(form: OrderForm) -> list[str]:
    """Every criterion's name as the order writes it, whether anybody knows it or not."""
    return [item if isinstance(item, str) else next(iter(item), "") for item in form.done]
