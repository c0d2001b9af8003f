"""The file in which finance says which accounts of its general ledger charges belong to.

`MINTAGE_GL_MAPPING` names it, or `--gl`; docs/gl-mapping.md explains it. What rules mean is in
`ledger.exports.gl_mapping`; here it is read, and refused with every problem and its line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from flows.errors import BadOrder
from flows.order_form import did_you_mean, show
from flows.order_text import NumberText, read_order_text
from flows.problems import FieldPath, Places, Problem
from ledger.exports.gl_mapping import (
    ANY_END,
    DIMENSIONS,
    Coding,
    GlMapping,
    JournalStyle,
    Payable,
    Rule,
    dead_settings,
)

_LENGTH_MAX: Final = 200
_NAMES: Final = {"class_name": "class"}
"""How the file calls what Python cannot."""


def _text(value: object) -> object:
    """Take an account such as 6210 for its text, as it is written."""
    if isinstance(value, NumberText):
        return value.text
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        if not value.strip() or len(value) > _LENGTH_MAX or "\n" in value or "\t" in value:
            raise ValueError("not one line of text")
        return value.strip()
    raise ValueError("not text")


def _values(value: object) -> object:
    """Take one value for a list of one, and insist that a star stands only at an end."""
    found = value if isinstance(value, list) else [value]
    texts = [_text(one) for one in found]
    if not texts or any(ANY_END in str(text)[:-1] for text in texts):
        raise ValueError("a star that is not at the end")
    return texts


Text = Annotated[str, BeforeValidator(_text)]
Values = Annotated[tuple[str, ...] | None, BeforeValidator(_values)]
_WANTED_VALUES = "a name, or a list of names; a name may end with * for all that begin like it"


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _account_alone(value: object) -> object:
    """Take `rounding: "6999"` for `rounding: {account: "6999"}`."""
    is_one = isinstance(value, (str, int, NumberText)) and not isinstance(value, bool)
    return {"account": value} if is_one else value


class CodingForm(_Form):
    """Where in the general ledger."""

    account: Text | None = Field(None, description='an account, such as "6210"')
    department: Text | None = Field(None, description="the name of a department")
    class_name: Text | None = Field(None, alias="class", description="the name of a class")
    location: Text | None = Field(None, description="the name of a location")

    def coding(self) -> Coding:
        """Give it as a value."""
        return Coding(self.account, self.department, self.class_name, self.location)


Default = Annotated[CodingForm, BeforeValidator(_account_alone)]


class AccountForm(CodingForm):
    """Where in the general ledger, with an account."""

    account: Text = Field(description='an account, such as "6210"')


class PayableForm(AccountForm):
    """Where what a provider is owed stands."""

    vendor: Text | None = Field(
        None, description="the provider's name as a vendor of the accounting system"
    )
    billing_account: Text | None = Field(
        None, description="the account number under which the provider bills"
    )


Account = Annotated[AccountForm, BeforeValidator(_account_alone)]
Owed = Annotated[PayableForm, BeforeValidator(_account_alone)]


class WhenForm(_Form):
    """Which charges a rule is about."""

    cost_center: Values = Field(None, description=_WANTED_VALUES)
    campaign: Values = Field(None, description=_WANTED_VALUES)
    model: Values = Field(None, description=_WANTED_VALUES)
    provider: Values = Field(None, description=_WANTED_VALUES)

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"one or more of {', '.join(DIMENSIONS)}")
        return self


class SetForm(CodingForm):
    """What a rule decides."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("one or more of account, department, class, location")
        return self


class RuleForm(_Form):
    """One rule."""

    when: WhenForm = Field(description=f"a mapping with one or more of {', '.join(DIMENSIONS)}")
    then: SetForm = Field(
        alias="set",
        description="a mapping with one or more of account, department, class, location",
    )


Dates = Literal["MM/DD/YYYY", "DD/MM/YYYY", "YYYY-MM-DD"]
_WANTED_DATES = "MM/DD/YYYY, DD/MM/YYYY or YYYY-MM-DD"


class NetSuiteForm(_Form):
    """How NetSuite wants its journals."""

    subsidiary: Text | None = Field(None, description="the name of a subsidiary")
    dates: Dates = Field("MM/DD/YYYY", description=_WANTED_DATES)


class QuickBooksForm(_Form):
    """How QuickBooks wants its journals."""

    dates: Dates = Field("MM/DD/YYYY", description=_WANTED_DATES)


_TRACKED: Final = {"department": "department", "class": "class_name", "location": "location"}
_TRACKING_MAX: Final = 2


class XeroForm(_Form):
    """How Xero wants its journals."""

    tax_rate: Text = Field("Tax Exempt", description="the name of a tax rate")
    tracking: dict[Literal["department", "class", "location"], Text] = Field(
        {"department": "Department", "class": "Class"},
        max_length=_TRACKING_MAX,
        description="at most two of department, class, location, each with the name of a tracking "
        "category",
    )


class GlForm(_Form):
    """The whole file."""

    rules: list[RuleForm] = Field([], description="a list of rules, each with `when` and `set`")
    default: Default = Field(
        CodingForm(),
        description='an account such as "6200", or a mapping with account, '
        "department, class, location",
    )
    payable: dict[str, Owed] = Field(
        description='providers, each with the account of what it is owed, such as "2010"'
    )
    variance: Account = Field(description='an account, such as "6290"')
    rounding: Account = Field(description='an account, such as "6999"')
    accrual: Account | None = Field(None, description='an account, such as "2150"')
    netsuite: NetSuiteForm = Field(NetSuiteForm(), description="a mapping")
    quickbooks: QuickBooksForm = Field(QuickBooksForm(), description="a mapping")
    xero: XeroForm = Field(XeroForm(), description="a mapping")


def read_gl_mapping(path: Path) -> GlMapping:
    """Read a mapping file.

    Raises:
        BadOrder: with every problem that was found, each with its line.
    """
    data, places = read_order_text(path, "a general ledger mapping: `rules:`, `payable:` and so on")
    try:
        form = GlForm.model_validate(data)
    except ValidationError as error:
        raise _refused([_problem(one, places) for one in error.errors()], places) from error
    rules = [
        Rule(
            when=tuple(
                (name, values)
                for name in DIMENSIONS
                if (values := getattr(rule.when, name)) is not None
            ),
            then=rule.then.coding(),
            line=places.line(("rules", position)),
        )
        for position, rule in enumerate(form.rules)
    ]
    problems = [
        places.problem(
            ("rules", position, "set", _NAMES.get(name, name)),
            f"what never applies: the rule of line {rules[above].line} fits all that this one fits, "
            "and has decided it",
            "the rule for fewer charges first: move it up, or leave this out",
        )
        for position, name, above in dead_settings(rules)
    ]
    if problems:
        raise _refused(problems, places)
    return _mapping(form, rules, str(path))


def _mapping(form: GlForm, rules: list[Rule], source: str) -> GlMapping:
    return GlMapping(
        source=source,
        rules=rules,
        default=form.default.coding(),
        payables={
            name: Payable(one.coding(), one.vendor, one.billing_account)
            for name, one in form.payable.items()
        },
        variance=form.variance.coding(),
        rounding=form.rounding.coding(),
        accrual=None if form.accrual is None else form.accrual.coding(),
        style=JournalStyle(
            netsuite_subsidiary=form.netsuite.subsidiary,
            netsuite_dates=form.netsuite.dates,
            quickbooks_dates=form.quickbooks.dates,
            xero_tax_rate=form.xero.tax_rate,
            xero_tracking=tuple(
                (_TRACKED[name], category) for name, category in form.xero.tracking.items()
            ),
        ),
    )


def _refused(problems: list[Problem], places: Places) -> BadOrder:
    problems.sort(key=lambda problem: problem.line or 0)
    return BadOrder(places.file, list(dict.fromkeys(problems)))


_FORMS: Final[dict[tuple[str, ...], type[_Form]]] = {
    (): GlForm,
    ("rules",): RuleForm,
    ("rules", "when"): WhenForm,
    ("rules", "set"): SetForm,
    ("default",): CodingForm,
    ("payable",): PayableForm,
    ("variance",): AccountForm,
    ("rounding",): AccountForm,
    ("accrual",): AccountForm,
    ("netsuite",): NetSuiteForm,
    ("quickbooks",): QuickBooksForm,
    ("xero",): XeroForm,
}
"""The form at each place; list positions and providers' names left out."""


def _problem(error: ErrorDetails, places: Places) -> Problem:
    # pydantic adds "[key]" to the path of a wrong key; only what is in the file may stay.
    path: FieldPath = tuple(
        _NAMES.get(str(part), part) if isinstance(part, str) else part
        for part in error["loc"]
        if part != "[key]"
    )
    own = error.get("ctx", {}).get("error")
    if error["type"] == "value_error" and path and path[-1] in {"when", "set"}:
        return places.problem(path, "nothing", str(own))
    last = str(path[-1]) if path else ""
    siblings = _fields(path)
    if error["type"] == "extra_forbidden":
        hint = did_you_mean(last, tuple(siblings))
        return places.problem(path, f"an unknown field{hint}", f"only {', '.join(siblings)}")
    wanted = siblings.get(last) or _described(path)
    if error["type"] == "missing":
        return places.problem(path, "nothing", wanted)
    found = show(error["input"])
    return places.problem(path, found, wanted)


def _fields(path: FieldPath) -> dict[str, str]:
    """Give the fields beside the last of a path, with what each may be."""
    form = _form(path[:-1])
    if form is None:
        return {}
    fields: dict[str, Any] = dict(form.model_fields)
    return {field.alias or name: str(field.description) for name, field in fields.items()}


def _form(path: FieldPath) -> type[_Form] | None:
    names = tuple(part for part in path if isinstance(part, str))
    if len(path) > 1 and names[:1] == ("payable",):
        return PayableForm if len(path) == 2 else None  # noqa: PLR2004  payable, provider
    if names in {("payable",), ("rules",)} and len(path) == 1:
        return None
    return _FORMS.get(names)


def _described(path: FieldPath) -> str:
    """Say what is wanted at a place that is no field: in a list, or under a provider's name."""
    for end in range(len(path) - 1, 0, -1):
        wanted = _fields(path[:end]).get(str(path[end - 1]))
        if wanted:
            return wanted
    return "something else"
