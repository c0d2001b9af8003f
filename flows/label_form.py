"""The form of an order's `label:` mapping: what its files say of themselves.

Texts are templates; what they come to is judged job by job, in `flows.label_text`.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

TITLE_CHARS_MAX: Final = 200
ALT_CHARS_MAX: Final = 1_000
DESCRIPTION_CHARS_MAX: Final = 2_000
RIGHTS_CHARS_MAX: Final = 500
CREDIT_CHARS_MAX: Final = 200
TAGS_MAX: Final = 30
TAG_CHARS_MAX: Final = 60
LANGUAGES_MAX: Final = 50
TEMPLATE_CHARS_MAX: Final = 10_000
"""A template may be longer than what it comes to, but not without end."""

NO_LANGUAGE: Final = "und"
"""BCP 47's tag for a text whose language nobody said."""

LANGUAGE_WANTED: Final = "a language tag such as en, de-AT or zh-Hant"

_LANGUAGE: Final = re.compile(
    r"(?P<language>[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})"
    r"(?P<script>-[a-z]{4})?"
    r"(?P<region>-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?P<rest>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
    r"(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?)"
)
LANGUAGE_CHARS_MAX: Final = 35
"""What RFC 5646, section 4.4.1, recommends to make room for."""

_Template = Annotated[str, Field(min_length=1, max_length=TEMPLATE_CHARS_MAX)]
Template: TypeAlias = _Template | Annotated[dict[str, _Template], Field(min_length=1)]
"""One text, or one for each language."""


def canonical_language(tag: str) -> str | None:
    """Give a language tag in its usual capitals (RFC 5646, section 2.1.1); None where it is none.

    Its shape is checked, not whether anybody speaks it.
    """
    found = _LANGUAGE.fullmatch(tag.lower()) if len(tag) <= LANGUAGE_CHARS_MAX else None
    if found is None:
        return None
    script, region = (found[name] or "" for name in ("script", "region"))
    script = script[:1] + script[1:].title()
    return f"{found['language']}{script}{region.upper()}{found['rest']}"


class LabelForm(BaseModel):
    """What the files of an order say of themselves: texts with placeholders, in any languages.

    `language` is that of the texts that are given without one. `embed` says whether the label is
    written into the files; manifest and receipt have it anyway.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    title: Template | None = Field(
        None,
        description=f"a text of up to {TITLE_CHARS_MAX} characters, or one for each language",
    )
    alt: Template | None = Field(
        None,
        description=f"a text of up to {ALT_CHARS_MAX:,} characters, or one for each language",
    )
    description: Template | None = Field(
        None,
        description=f"a text of up to {DESCRIPTION_CHARS_MAX:,} characters, or one for each "
        "language",
    )
    rights: Template | None = Field(
        None,
        description=f"a text of up to {RIGHTS_CHARS_MAX} characters, or one for each language",
    )
    language: str | None = Field(None, min_length=1, description=LANGUAGE_WANTED)
    credit: str | None = Field(
        None,
        min_length=1,
        max_length=TEMPLATE_CHARS_MAX,
        description=f"a text of up to {CREDIT_CHARS_MAX} characters",
    )
    tags: Annotated[list[_Template], Field(max_length=TAGS_MAX)] = Field(
        default_factory=list,
        description=f"a list of up to {TAGS_MAX} tags of up to {TAG_CHARS_MAX} characters each",
    )
    embed: bool = Field(default=True, description="true or false")


def in_order(form: LabelForm) -> dict[str, object]:
    """Give a label for a digest: which language comes first is part of what it says."""
    return {
        name: list(value.items()) if isinstance(value, dict) else value
        for name, value in form.model_dump(mode="json").items()
    }
