"""The form of a work order: every field, what it may hold, and how to say what is wanted.

The description of a field is the `wanted` part of the sentence that refuses a wrong value.
What a role has to judge for itself (criteria, output, model parameters) stays raw here and is
handed to that role's own form when the order is planned, job by job, with placeholders filled in.
"""

from __future__ import annotations

import difflib
import re
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from flows.label_form import LabelForm
from flows.order_text import NumberText

_MONEY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def _money(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise ValueError("money is written as a quoted decimal string")  # noqa: TRY004  pydantic turns ValueError into a problem
    if not is_money(value):
        raise ValueError("not an amount above zero")
    return Decimal(value)


def is_money(text: str) -> bool:
    """Whether a text is an exact amount above zero."""
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
    output: dict[str, object] | Annotated[list[dict[str, object]], Field(min_length=1)] = Field(
        description="a mapping with width, height, format, quality and name, or a list of them: "
        "the master first, then its renditions"
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
    label: LabelForm | None = Field(
        None,
        exclude_if=lambda value: value is None,
        description=f"a mapping with any of {', '.join(LabelForm.model_fields)}",
    )
    concurrency: int = Field(16, ge=1, le=1_000, description="a whole number from 1 to 1,000")

    items_sha256: str | None = Field(None, exclude_if=lambda value: value is None, repr=False)
    """Set by planning, never by people: the digest of all rows, which the books keep in their place."""
    brand_sha256: str | None = Field(None, exclude_if=lambda value: value is None, repr=False)
    """Set by planning, never by people: the digest of all that the brand kit said."""


OWN_FIELDS = ("items_sha256", "brand_sha256")


def top_fields() -> tuple[str, ...]:
    """Name the fields that people write."""
    return tuple(name for name in OrderForm.model_fields if name not in OWN_FIELDS)


def described(path: tuple[int | str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """Give the `wanted` text of the field at a path, and the field names known beside it."""
    form: type[BaseModel] | None = OrderForm
    wanted: str | None = None
    siblings: tuple[str, ...] = ()
    for part in path:
        if form is None or not isinstance(part, str):
            break
        siblings = top_fields() if form is OrderForm else tuple(form.model_fields)
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
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return f"the number {_short(str(value))}"
    if isinstance(value, str):
        return repr(_short(value))
    if not isinstance(value, (list, dict)):
        return repr(value)
    kind = "list" if isinstance(value, list) else "mapping"
    return f"a {kind}" if value else f"an empty {kind}"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"


def did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """Suggest the nearest known word, with a leading space, or nothing."""
    near = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""
