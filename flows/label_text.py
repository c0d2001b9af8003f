"""Fills an order's label in for one job, or says what is wrong with it.

Beside the columns and `variant`, a label's placeholders are {job}, {order} and {campaign}; a column
of the same name is meant before them, so that no order's own words change their meaning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from flows.job_labels import JobLabel
from flows.label_form import (
    ALT_CHARS_MAX,
    CREDIT_CHARS_MAX,
    DESCRIPTION_CHARS_MAX,
    LANGUAGE_WANTED,
    LANGUAGES_MAX,
    NO_LANGUAGE,
    RIGHTS_CHARS_MAX,
    TAG_CHARS_MAX,
    TAGS_MAX,
    TITLE_CHARS_MAX,
    LabelForm,
    Template,
    canonical_language,
)
from flows.order_form import OrderForm, show
from flows.placeholders import Unbound, Variables, fill_text, fill_words
from flows.problems import FieldPath
from generators import NoProvider, source_type

Report = Callable[[FieldPath, str, str], None]

BOUND_WANTED: Final = (
    "a placeholder that the matrix, the items or `variant` bind, or {job}, {order} or {campaign}"
)
_TEXTS: Final = {
    "title": TITLE_CHARS_MAX,
    "alt": ALT_CHARS_MAX,
    "description": DESCRIPTION_CHARS_MAX,
    "rights": RIGHTS_CHARS_MAX,
}
_TAG_WANTED: Final = f"a tag of up to {TAG_CHARS_MAX} characters on one line, without , and ;"
_ALONE: Final = re.compile(r"\{[^{}]+\}")
_SEPARATORS: Final = str.maketrans(";", ",")

_NOT_A_LINE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff"
    + "".join(chr(plane * 0x10000 + last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
"""Controls, ends of lines and paragraphs, the overrides that make a text look like another one (the
isolates that came after them are let through), halves of characters, and the last two places of every
plane, which are no characters: XML, in which labels are written, takes no text with most of these."""


def line_fault(text: str) -> str | None:
    """Say what keeps a text from being one line that every file and every screen takes, or None."""
    return "a line break or a control character" if _NOT_A_LINE.search(text) else None


def label_variables(form: OrderForm, name: str, row: Variables) -> Variables:
    """Give what placeholders of labels and of renditions' names stand for."""
    return {"order": form.order, "campaign": form.campaign, "job": name, **row}


class LabelMaker:
    """Makes the labels of one order's jobs."""

    def __init__(self, form: OrderForm) -> None:
        self._order = form
        self._form = form.label or LabelForm()
        self._language = canonical_language(self._form.language or NO_LANGUAGE) or NO_LANGUAGE
        self._languages = {
            name: self._read_languages(name, getattr(self._form, name)) for name in _TEXTS
        }

    def problems(self) -> Iterator[tuple[FieldPath, str, str]]:
        """List what is wrong with the label itself, whatever its placeholders stand for."""
        form = self._form
        if form.language is not None and canonical_language(form.language) is None:
            yield ("label", "language"), show(form.language), LANGUAGE_WANTED
        for name in _TEXTS:
            texts = getattr(form, name)
            if isinstance(texts, str) and not texts.strip():
                yield ("label", name), show(texts), _wanted(name)
            if isinstance(texts, Mapping):
                yield from _language_problems(name, texts)
        if form.credit is not None and not form.credit.strip():
            yield ("label", "credit"), show(form.credit), _wanted("credit")
        for index, tag in enumerate(form.tags):
            if not tag.strip():
                yield ("label", "tags", index), show(tag), _TAG_WANTED

    def make(
        self, name: str, row: Variables, params: Mapping[str, object], report: Report
    ) -> JobLabel:
        """Fill the label in for a job with a name and params; what is wrong is reported and left out."""
        variables = label_variables(self._order, name, row)
        texts = {field: self._texts(field, variables, report) for field in _TEXTS}
        form = self._form
        credit = ""
        if form.credit is not None:
            path = ("label", "credit")
            credit = self._line(path, form.credit, variables, report, "credit", CREDIT_CHARS_MAX)
        return JobLabel(
            title=texts["title"] or {self._language: self._default_title(name)},
            source_type=self._source_type(params),
            alt=texts["alt"],
            description=texts["description"],
            rights=texts["rights"],
            credit=credit,
            tags=self._tags(variables, report),
            embed=form.embed,
        )

    def without_alt(self, label: JobLabel) -> Iterator[str]:
        """Name the languages in which the order has an alt text and this job has none."""
        return (
            language for _, language in self._languages["alt"].values() if language not in label.alt
        )

    def _source_type(self, params: Mapping[str, object]) -> str:
        try:
            return source_type(self._order.generator.provider, params)
        except NoProvider:
            # Such an order is refused for that; its label is only judged along with the rest.
            return ""

    def _read_languages(
        self, name: str, texts: Template | None
    ) -> dict[FieldPath, tuple[str, str]]:
        """Lead from each template's place to it and its language, the main one first."""
        if texts is None:
            return {}
        if isinstance(texts, str):
            return {("label", name): (texts, self._language)}
        read: dict[FieldPath, tuple[str, str]] = {
            ("label", name, tag): (text, canonical_language(tag) or NO_LANGUAGE)
            for tag, text in texts.items()
        }
        return dict(sorted(read.items(), key=lambda one: one[1][1] != self._language))

    def _texts(self, field: str, variables: Variables, report: Report) -> dict[str, str]:
        made = {
            language: self._line(path, template, variables, report, field, _TEXTS[field])
            for path, (template, language) in self._languages[field].items()
        }
        return {language: text for language, text in made.items() if text}

    def _line(
        self,
        path: FieldPath,
        template: str,
        variables: Variables,
        report: Report,
        field: str,
        chars_max: int,
    ) -> str:
        """Fill one text; empty after a problem with it."""
        try:
            text = unicodedata.normalize("NFC", fill_words(template, variables)).strip()
        except Unbound as unbound:
            for _, found in unbound.faults:
                report(path, found, BOUND_WANTED)
            return ""
        fault = line_fault(text)
        if fault is None and len(text) > chars_max:
            fault = f"{len(text):,} characters"
        if fault is None:
            return text
        report(path, f"{show(text)}, {fault}", _wanted(field))
        return ""

    def _tags(self, variables: Variables, report: Report) -> tuple[str, ...]:
        made: dict[str, None] = {}
        for index, template in enumerate(self._form.tags):
            path: FieldPath = ("label", "tags", index)
            try:
                words = _words_of(template, variables)
            except Unbound as unbound:
                for _, found in unbound.faults:
                    report(path, found, BOUND_WANTED)
                continue
            for word in words:
                tag = unicodedata.normalize("NFC", word).strip()
                if line_fault(tag) or len(tag) > TAG_CHARS_MAX or set(",;") & set(tag):
                    report(path, show(tag), _TAG_WANTED)
                elif tag:
                    made[tag] = None
        if len(made) > TAGS_MAX:
            report(("label", "tags"), f"{len(made)} tags", f"up to {TAGS_MAX}")
        return tuple(made)

    def _default_title(self, name: str) -> str:
        title = unicodedata.normalize("NFC", self._order.title).strip()
        room = TITLE_CHARS_MAX - len(name) - len(": ")
        if len(title) > room:
            title = f"{title[: max(0, room - 1)].rstrip()}…"
        return f"{title}: {name}"[:TITLE_CHARS_MAX]


def _words_of(template: str, variables: Variables) -> list[str]:
    """Fill one entry of `tags`: a placeholder alone may stand for several, as a column often does."""
    if not _ALONE.fullmatch(template.strip()):
        return [fill_words(template, variables)]
    value = fill_text(template.strip(), variables)
    if isinstance(value, list):
        return [fill_words("{word}", {"word": word}) for word in value]
    return fill_words(template, variables).translate(_SEPARATORS).split(",")


def _language_problems(name: str, texts: Mapping[str, str]) -> Iterator[tuple[FieldPath, str, str]]:
    seen: dict[str, str] = {}
    if len(texts) > LANGUAGES_MAX:
        yield ("label", name), f"{len(texts)} languages", f"up to {LANGUAGES_MAX}"
    for tag, text in texts.items():
        language = canonical_language(tag)
        if language is None:
            yield ("label", name, tag), show(tag), LANGUAGE_WANTED
        elif language in seen:
            wanted = f"each language once ({seen[language]} is the same)"
            yield ("label", name, tag), show(tag), wanted
        seen.setdefault(language or tag, tag)
        if not text.strip():
            yield ("label", name, tag), show(text), _wanted(name)


def _wanted(field: str) -> str:
    """Say what a text of the label may be."""
    chars_max = CREDIT_CHARS_MAX if field == "credit" else _TEXTS[field]
    return f"one line of up to {chars_max:,} characters without control characters"
