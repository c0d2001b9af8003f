"""The inspectors' commands: judge files on disk, and list every rule that there is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import App, Parameter

from console.arguments import Json, a_path, open_house
from console.failures import FAILED, sentence

if TYPE_CHECKING:
    from console.inspect_drawings import Drawing
    from flows import Inspected
    from validators import Criterion, CriterionForm, Verdict

NOT_PASSED = 3
"""Every file was judged, and not all of them pass."""


def register(app: App) -> None:
    """Add the commands."""
    app.command(inspect)
    app.command(criteria)


def inspect(
    *files: Annotated[Path, a_path("Picture files.")],
    order: Annotated[Path | None, a_path("Judge by this work order's `done`.", "--order")] = None,
    done: Annotated[
        Path | None, a_path("Judge by this file of rules: `done:` and a list.", "--done")
    ] = None,
    job: Annotated[
        str | None, Parameter(help="Whose rules, where an order's differ from job to job.")
    ] = None,
    annotate: Annotated[
        Path | None,
        a_path(
            "Write copies with what was found drawn on them here; no file that is there is replaced.",
            "--annotate",
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Judge picture files by rules, with no run of an order; exit 3 when one of them fails.

    One that cannot be read is told of, the others are judged all the same, and the exit code is 1.
    """
    from console.inspect_drawings import Drawings
    from flows import BadSettings, inspect_files, read_settings

    if not files:
        raise BadSettings("Name at least one file: mintage inspect a.webp --order my-order.yaml")
    rules = _rules(order, done, job)
    found: list[dict[str, object]] = []
    outcome = _Outcome()
    with ExitStack() as stack:
        # Before any file is read: a name that is taken is known by now.
        drawings = annotate and stack.enter_context(Drawings(annotate, files))
        inspected = inspect_files(files, rules, read_settings().inspectors)
        for number, one in enumerate(inspected, 1):
            drawn = drawings.draw(number, one) if drawings else None
            outcome.count(one, drawn)
            found.append(_row(one, drawn))
            if not json:
                _print(one, drawn)
    if json:
        from console.output import print_json

        print_json({"passed": outcome.all_passed, "files": found})
    return outcome.code()


@dataclass(slots=True)
class _Outcome:
    """What became of all files together; what went wrong is told on standard error as it does."""

    all_passed: bool = True
    failed: bool = False

    def count(self, one: Inspected, drawn: Drawing | None) -> None:
        from console.output import say

        self.all_passed &= one.passed
        if one.unread is not None:
            self.failed = True
            say(f"mintage: {one.path} was not judged: {sentence(one.unread)}")
        if drawn is not None and drawn.fault is not None:
            self.failed |= drawn.unwritten
            say(f"mintage: Nothing was drawn on a copy of {one.path}: {sentence(drawn.fault)}")

    def code(self) -> int:
        if self.failed:
            return FAILED
        return 0 if self.all_passed else NOT_PASSED


def _rules(order: Path | None, done: Path | None, job: str | None) -> tuple[Criterion, ...]:
    from flows import BadSettings, rules_of_file, rules_of_order

    if order is not None and done is None:
        house = open_house()
        signed = house.settings.signing_certificate is not None
        return rules_of_order(house.plan(order), job, signed=signed)
    if done is not None and order is None:
        return rules_of_file(done)
    raise BadSettings("Say by which rules: either --order ORDER or --done RULES.yaml.")


def _row(one: Inspected, drawn: Drawing | None) -> dict[str, object]:
    where = None if drawn is None else drawn.where
    return {
        "file": str(one.path),
        "passed": one.passed,
        "error": one.unread,
        "annotated": None if where is None else str(where),
        "verdicts": list(one.verdicts),
    }


def _print(one: Inspected, drawn: Drawing | None) -> None:
    from console.output import indented, screen

    out = screen()
    broken = sum(verdict.blocks for verdict in one.verdicts)
    count = f"{broken} rule{'s' if broken != 1 else ''} broken" if broken else "passes"
    if one.unread is not None:
        count = f"not judged ({one.unread})"
    out.print(f"{one.path}: {count}", style="bold", soft_wrap=True)
    for verdict in one.verdicts:
        out.print(indented(_line(verdict), 2))
    if drawn is not None and drawn.where is not None:
        out.print(f"  drawn on {drawn.where}", soft_wrap=True)


def _line(verdict: Verdict) -> str:
    measured = ", ".join(
        f"{name} {value}" for name, value in verdict.measured.items() if name != "sha256"
    )
    if verdict.passed:
        return f"ok      {verdict.criterion}: {measured}"
    word = {"block": "FAILED", "review": "REVIEW", "warn": "WARNING"}[verdict.severity]
    return f"{word:<7} {verdict.criterion}: {verdict.reason} ({measured})"


def criteria(
    name: Annotated[str | None, Parameter(help="One criterion, in full; all without it.")] = None,
    *,
    json: Json = False,
    markdown: Annotated[
        bool, Parameter(name="--markdown", negative="", help="Print the page docs/criteria.md.")
    ] = False,
) -> int:
    """List every rule that an order's `done` may hold: parameters, units, cost, an example."""
    from console.output import print_json
    from validators import criteria_forms

    forms = [form for form in criteria_forms() if name in {None, form.name}]
    if not forms:
        from flows import BadSettings

        known = ", ".join(form.name for form in criteria_forms())
        raise BadSettings(f"There is no criterion {name!r}; there are {known}.")
    if json:
        print_json({"criteria": forms})
    elif markdown:
        from console.streams import write_out

        write_out(criteria_page(forms))
    else:
        _print_forms(forms, in_full=name is not None)
    return 0


def _print_forms(forms: Iterable[CriterionForm], *, in_full: bool) -> None:
    from console.output import indented, screen

    out = screen()
    for form in forms:
        needs = f", needs mintage[{form.extra}]" if form.extra else ""
        out.print(f"{form.name}  v{form.version}, {_cost(form)}{needs}", style="bold")
        told = form.description.splitlines() if in_full else [form.summary]
        for line in told:
            out.print(indented(line, 2) if line else "")
        for parameter in _parameters(form):
            out.print(indented(parameter, 4))
        out.print(indented(f"- {_example(form)}", 4), style="dim")


def _cost(form: CriterionForm) -> str:
    return "under 0.1 ms" if form.cost_ms < 0.1 else f"about {form.cost_ms:g} ms"  # noqa: PLR2004  below it nobody notices


def _example(form: CriterionForm) -> str:
    shown = {
        # What an order writes as a path is kept as the picture itself.
        name: "logo.png" if str(value).startswith("data:") else value
        for name, value in form.example.items()
    }
    return f"{form.name}: {_as_in_an_order(shown)}"


def _as_in_an_order(value: object) -> str:
    import yaml

    text = yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=math.inf, allow_unicode=True
    )
    return text.removesuffix("...\n").strip()


def _parameters(form: CriterionForm) -> list[str]:
    properties = cast("dict[str, dict[str, Any]]", form.schema.get("properties", {}))
    told = []
    for name, parameter in properties.items():
        if name == "severity":
            continue
        # A parameter that may be left out is one of several forms in its schema.
        every = (parameter, *parameter.get("anyOf", ()))
        unit = next((f" ({one['unit']})" for one in every if "unit" in one), "")
        default = parameter.get("default")
        without = "" if default is None else f"; {_as_in_an_order(default)} without it"
        told.append(f"{name}{unit}: {parameter.get('description', '')}{without}")
    return told


def criteria_page(forms: Iterable[CriterionForm]) -> str:
    """Write the page of all criteria; a test keeps docs/criteria.md the same."""
    lines = [
        "# Criteria",
        "",
        "Made by `mintage criteria --markdown`. What it costs is for a picture of 1024 by 1024 pixels on",
        "one core, decoded already. Each takes `severity: block | review | warn` (block without it).",
        "",
    ]
    for form in forms:
        needs = f" Needs `mintage[{form.extra}]`." if form.extra else ""
        lines += [
            f"## {form.name}",
            "",
            form.description,
            "",
            f"Version {form.version}, {_cost(form)}.{needs}",
            "",
        ]
        lines += [f"- {parameter}" for parameter in _parameters(form)]
        lines += ["", "```yaml", f"- {_example(form)}", "```", ""]
    return "\n".join(lines)
