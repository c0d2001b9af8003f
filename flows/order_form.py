"""The form of a work order: every field, what it may hold, and how to say what is wanted.

The description of a field is the `wanted` part of the sentence that refuses a wrong value.
What a role has to judge for itself (criteria, output, model parameters) stays raw here and is
handed to that role's own form when the order is planned, job by job, with placeholders filled in.
"""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)
from pydantic_core import ErrorDetails

from flows.order_text import NumberText
from flows.problems import FieldPath, Places, Problem, dotted, within

_MONEY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def _money(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise ValueError("money is written as a quoted decimal string")  # noqa: TRY004  pydantic turns ValueError into a problem
    if not _is_money(value):
        raise ValueError("not an amount above zero")
    return Decimal(value)


def _is_money(text: str) -> bool:
    return _MONEY.fullmatch(text) is not None and Decimal(text) > 0


def _plain_decimal(value: Decimal) -> str:
    return f"{value.normalize():f}"


Money = Annotated[
    Decimal,
    BeforeValidator(_money),
    PlainSerializer(_plain_decimal, return_type=str),
]

SLUG = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
LABEL = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"

SLUG_WANTED = "1 to 63 lower-case letters, digits and dashes"
LABEL_WANTED = "1 to 63 letters, digits, dots, dashes and underscores"

PROMPT_CHARS_MAX = 10_000
PROMPT_WANTED = "a text of 1 to 10,000 characters that says what to make"

_ONE_LINE = r"^[^\r\n\t]*[^\s][^\r\n\t]*$"


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BudgetForm(_Form):
    """What the order may cost, in USD."""

    cap: Money = Field(description='a quoted amount in USD, such as "5.00"')
    per_job: Money = Field(description='a quoted amount in USD, such as "0.20"')
    attempts: int = Field(3, ge=1, le=100, description="a whole number from 1 to 100")


class GeneratorForm(_Form):
    """Who builds. `params` are checked against the model card."""

    provider: str = Field(min_length=1, description="a provider, such as studio or replicate")
    model: str = Field(min_length=1, description="a model; `mintage models` lists them")
    params: dict[str, object] = Field(
        default_factory=dict, description="a mapping of model inputs; `mintage models` lists them"
    )


class BriefForm(_Form):
    """What the generator is told."""

    prompt: str = Field(min_length=1, max_length=PROMPT_CHARS_MAX, description=PROMPT_WANTED)


def _sample(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (NumberText, int, str)):
        return value
    try:
        share = Decimal(value.text if isinstance(value, NumberText) else value)
    except InvalidOperation as error:
        raise ValueError("not a number") from error
    if not share.is_finite():
        raise ValueError("not a share")
    return share


class SampleForm(_Form):
    """A share of the jobs that a person looks at."""

    sample: Annotated[
        Decimal, BeforeValidator(_sample), PlainSerializer(_plain_decimal, return_type=str)
    ] = Field(gt=0, le=1, description="a share above 0 and up to 1, such as 0.1")


class OrderForm(_Form):
    """A whole work order, as the README shows one."""

    order: str = Field(pattern=SLUG, description=f"a slug: {SLUG_WANTED}")
    title: str = Field(
        pattern=_ONE_LINE, max_length=200, description="a title of 1 to 200 characters on one line"
    )
    owner: str = Field(
        pattern=_ONE_LINE,
        max_length=200,
        description="who answers for it, such as brand-team@acme.example",
    )
    cost_center: str = Field(pattern=LABEL, description=f"a cost centre: {LABEL_WANTED}")
    campaign: str = Field(pattern=LABEL, description=f"a campaign: {LABEL_WANTED}")
    budget: BudgetForm = Field(description="a mapping with cap, per_job and attempts")
    generator: GeneratorForm = Field(description="a mapping with provider, model and params")
    brief: BriefForm = Field(description="a mapping with prompt")
    matrix: dict[str, Annotated[list[object], Field(min_length=1)]] | None = Field(
        None, description="a mapping of lists; every combination is one job"
    )
    items: list[dict[str, object]] | str | None = Field(
        None, description="a list of mappings, or the name of a CSV file; every row is one job"
    )
    variants: int = Field(1, ge=1, le=10_000, description="a whole number from 1 to 10,000")
    brand: str | None = Field(
        None,
        pattern=SLUG,
        exclude_if=lambda value: value is None,
        description="a brand kit by its file's name in brands/, such as acme for brands/acme.yaml",
    )
    output: dict[str, object] = Field(
        description="a mapping with width, height, format, quality and name"
    )
    done: list[dict[str, object] | str] = Field(
        min_length=1, description="a list of criteria, such as `- format: {is: webp}`"
    )
    review: Literal["none", "all"] | SampleForm = Field(
        "none", description="none, all, or {sample: 0.1}"
    )
    report: Literal["first", "all"] = Field(
        "first",
        exclude_if=lambda value: value == "first",
        description="first (stop judging a file at the first rule that blocks it) or all",
    )
    concurrency: int = Field(16, ge=1, le=1_000, description="a whole number from 1 to 1,000")

    items_sha256: str | None = Field(None, exclude_if=lambda value: value is None, repr=False)
    """Set by planning, never by people: the digest of all rows, which the books keep in their place."""
    brand_sha256: str | None = Field(None, exclude_if=lambda value: value is None, repr=False)
    """Set by planning, never by people: the digest of all that the brand kit said."""


_OWN = ("items_sha256", "brand_sha256")


def _top_fields() -> tuple[str, ...]:
    return tuple(name for name in OrderForm.model_fields if name not in _OWN)


def _described(path: tuple[int | str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """Give the `wanted` text of the field at a path, and the field names known beside it."""
    form: type[BaseModel] | None = OrderForm
    wanted: str | None = None
    siblings: tuple[str, ...] = ()
    for part in path:
        if form is None or not isinstance(part, str):
            break
        siblings = _top_fields() if form is OrderForm else tuple(form.model_fields)
        known = form.model_fields.get(part)
        if known is None:
            return None, siblings
        wanted = known.description
        form = next(
            (
                one
                for one in (known.annotation, *get_args(known.annotation))
                if isinstance(one, type) and issubclass(one, BaseModel)
            ),
            None,
        )
    return wanted, siblings


SHOWN_MAX = 60
"""Characters of a value that a sentence shows."""


def show(value: object) -> str:
    """Write a value the way it stood in the file, shortened for a sentence."""
    if isinstance(value, NumberText):
        return f"the number {_short(value.text)}"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"the number {_short(str(value))}"
    if isinstance(value, str):
        return repr(_short(value))
    return (
        "a list"
        if isinstance(value, list)
        else "a mapping"
        if isinstance(value, dict)
        else repr(value)
    )


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"


def did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """Suggest the nearest known word, with a leading space, or nothing."""
    near = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _problem(
    error: ErrorDetails, data: Mapping[str, object], places: Places
) -> tuple[FieldPath, Problem]:
    # pydantic adds the names of union members to a path; only what is in the file may stay.
    path: tuple[int | str, ...] = ()
    here: object = data
    for part in error["loc"]:
        missing = error["type"] == "missing" and part == error["loc"][-1]
        if isinstance(here, dict) and (part in here or missing):
            path = (*path, part)
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int):
            path = (*path, part)
            here = here[part] if part < len(here) else None
    wanted, siblings = _described(path)
    if error["type"] == "extra_forbidden":
        name = str(path[-1])
        return path, places.problem(
            path,
            f"an unknown field{did_you_mean(name, siblings)}",
            f"only {', '.join(siblings)}" if siblings else "only fields that the form has",
        )
    if error["type"] == "missing":
        return path, places.problem(path, "nothing", wanted or "this field")
    found = show(here)
    if isinstance(here, (NumberText, int)) and path in {("budget", "cap"), ("budget", "per_job")}:
        quoted = _quoted(here.text if isinstance(here, NumberText) else str(here))
        return path, places.problem(
            path,
            f"{found}, which is no exact amount",
            f"it quoted: {quoted}" if quoted else str(wanted),
        )
    return path, places.problem(path, found, wanted or error["msg"])


def _quoted(text: str) -> str | None:
    """Write an amount as it is wanted, with the same value; None where it cannot be one."""
    try:
        plain = f"{Decimal(text):f}"
    except InvalidOperation:
        return None
    whole, _, cents = plain.partition(".")
    amount = f"{whole}.{cents:0<2}"
    return f'"{amount}"' if _is_money(amount) else None


_MENDED: dict[tuple[str, ...], object] = {
    ("order",): "mended",
    ("title",): "mended",
    ("owner",): "mended",
    ("cost_center",): "mended",
    ("campaign",): "mended",
    ("budget",): {"cap": "1", "per_job": "999999999"},
    ("budget", "cap"): "1",
    ("budget", "per_job"): "999999999",
    ("budget", "attempts"): 1,
    ("brief",): {"prompt": "mended"},
    ("brief", "prompt"): "mended",
    ("generator",): {"provider": "mended", "model": "mended"},
    ("generator", "provider"): "mended",
    ("generator", "model"): "mended",
    ("generator", "params"): {},
    ("output",): {},
    ("done",): ["not_blank"],
    ("variants",): 1,
    ("review",): "none",
    ("concurrency",): 1,
}
"""What stands in for a wrong field while the rest of an order is judged."""


_DEPENDING: dict[str, tuple[str, ...]] = {
    "generator": ("output.upscale_max",),
    "generator.provider": ("generator",),
    "generator.model": ("generator.params", "output.upscale_max"),
}
"""What cannot be judged either where a field is wrong."""


def _depending(path: str) -> tuple[str, ...]:
    if within(path, "matrix") or within(path, "items"):
        # Without them nothing binds the placeholders, and jobs seem to have one name.
        return ("brief", "generator.params", "output", "done")
    return _DEPENDING.get(path, ())


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An order whose form is wrong: its problems, and the same order with the wrong fields mended.

    `mended` is None where a field is wrong that nothing can stand in for.
    """

    problems: tuple[Problem, ...]
    paths: tuple[str, ...]
    mended: OrderForm | None

    def covers(self, field: str) -> bool:
        """Whether a later problem is, or may be, only about something that was mended."""
        return any(
            within(field, path) or any(within(field, other) for other in _depending(path))
            for path in self.paths
        )


def parse_order(data: dict[str, object], places: Places) -> OrderForm | Unreadable:
    """Read the form, or list every problem with its line."""
    found: dict[FieldPath, Problem] = {}
    details: list[ErrorDetails] = []
    for own in _OWN:
        if own in data:
            wanted = f"only {', '.join(_top_fields())}"
            found[own,] = places.problem((own,), "an unknown field", wanted)
    try:
        form = OrderForm.model_validate({key: data[key] for key in data if key not in _OWN})
        if not found:
            return form
    except ValidationError as error:
        details = error.errors(include_url=False)
    for detail in details:
        path, problem = _problem(detail, data, places)
        found.setdefault(path, problem)
    # Below a problem only the deepest says what to do: a list under `review:` is one fault, not two.
    deepest = {
        path: problem
        for path, problem in found.items()
        if not any(other != path and other[: len(path)] == path for other in found)
    }
    return Unreadable(
        tuple(deepest.values()), tuple(dotted(path) for path in deepest), _mend(data, deepest)
    )


def _mend(data: dict[str, object], paths: Iterable[FieldPath]) -> OrderForm | None:
    mended = copy.deepcopy(data)
    for path in paths:
        holder: object = mended
        for part in path[:-1]:
            holder = holder.get(part) if isinstance(holder, dict) else None
        names = tuple(str(part) for part in path)
        if not isinstance(holder, dict):
            return None
        top = _MENDED.get(names)
        if top is None:
            top = _MENDED.get(names[:1]) if names[:1] == ("review",) else None
            names = names[:1] if top is not None else names
            holder = mended if top is not None else holder
        if top is None:
            holder.pop(names[-1], None)
        else:
            holder[names[-1]] = copy.deepcopy(top)
    try:
        return OrderForm.model_validate(mended)
    except ValidationError:
        return None
