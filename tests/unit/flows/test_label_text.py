"""What an order's files say of themselves: texts from columns, in languages, on one line, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.flows.order_parts import GONE, GOOD, only, order, plan, problems

from flows.briefs import JobBrief
from flows.job_labels import JobLabel
from flows.label_form import canonical_language
from flows.label_text import line_fault
from flows.running import recorded_form

ROWS = """product,surface,alt_text,keywords
mug,oak,"A mug on oak, from above",kitchen; oak
lamp,slate,,"light, , slate"
"""


def labels(folder: Path, **changes: Any) -> list[JobLabel]:  # noqa: ANN401  an order is data
    """Plan an order of two jobs from a CSV file and give their labels, as the books give them back."""
    (folder / "rows.csv").write_text(ROWS)
    made = plan(folder, order(**{"matrix": GONE, "items": "rows.csv", "variants": 1} | changes))
    found = [JobBrief.from_json(job.brief.to_json()) for job in made.jobs()]
    assert [job.brief for job in made.jobs()] == found
    return [brief.label for brief in found if brief.label is not None]


def test_an_order_without_a_label_has_its_title_and_who_made_it(tmp_path: Path) -> None:
    mug, lamp = labels(tmp_path)
    assert mug == JobLabel({"und": "Autumn mugs: mug/oak-1"}, "trainedAlgorithmicMedia")
    assert mug.embed
    assert lamp.title == {"und": "Autumn mugs: lamp/slate-1"}


def test_a_default_title_is_shortened_where_it_would_be_too_long(tmp_path: Path) -> None:
    mug, _ = labels(tmp_path, title="Mugs " * 40, label={"language": "en"})
    assert len(mug.title["en"]) <= 200
    assert mug.title["en"].startswith("Mugs Mugs")
    assert mug.title["en"].endswith("…: mug/oak-1")


def test_texts_come_from_columns_and_from_what_the_order_is_called(tmp_path: Path) -> None:
    mug, lamp = labels(
        tmp_path,
        label={
            "language": "en-us",
            "title": "{product} {{new}} ({variant:02})",
            "alt": "{alt_text}",
            "description": {"de": "Zu {order}", "EN-us": "Of {campaign}: {job}"},
            "credit": " Acme ",
            "rights": "© Acme",
            "tags": ["{keywords}", "{product:slug}", "oak", "{surface}"],
            "embed": False,
        },
    )
    assert mug == JobLabel(
        title={"en-US": "mug {new} (01)"},
        source_type="trainedAlgorithmicMedia",
        alt={"en-US": "A mug on oak, from above"},
        description={"en-US": "Of autumn-2026: mug/oak-1", "de": "Zu mugs"},
        rights={"en-US": "© Acme"},
        credit="Acme",
        tags=("kitchen", "oak", "mug"),
        embed=False,
    )
    assert list(mug.description) == ["en-US", "de"]
    assert lamp.alt == {}
    assert lamp.tags == ("light", "slate", "lamp", "oak")


def test_an_empty_title_in_a_row_is_the_default_one(tmp_path: Path) -> None:
    _, lamp = labels(tmp_path, label={"title": {"en": "{alt_text}", "de": "{alt_text}"}})
    assert lamp.title == {"und": "Autumn mugs: lamp/slate-1"}


def test_jobs_without_an_alt_text_are_counted_for_each_language(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    changes: dict[str, Any] = {"matrix": GONE, "items": "rows.csv"}
    assert plan(tmp_path, order(**changes)).notices == ()
    made = plan(tmp_path, order(**changes, label={"alt": {"en": "{alt_text}", "de": "Becher"}}))
    assert made.notices == ("2 of 4 jobs have no alt text in en, such as lamp/slate-1",)
    made = plan(tmp_path, order(**changes, label={"alt": "{alt_text}"}))
    assert made.notices == ("2 of 4 jobs have no alt text, such as lamp/slate-1",)


def test_a_column_of_an_orders_own_is_meant_before_the_label_s_words(tmp_path: Path) -> None:
    items = [{"product": "mug", "surface": "oak", "job": "J", "order": "O", "campaign": "C"}]
    made = plan(
        tmp_path,
        order(matrix=GONE, items=items, label={"title": "{job} {order} {campaign}"}, variants=1),
    )
    (job,) = made.jobs()
    assert job.brief.label is not None
    assert job.brief.label.title == {"und": "J O C"}


def test_a_list_in_a_row_is_several_tags(tmp_path: Path) -> None:
    items = [{"product": "mug", "surface": "oak", "tags": ["kitchen", 7]}]
    made = plan(tmp_path, order(matrix=GONE, items=items, label={"tags": ["{tags}"]}, variants=1))
    assert [job.brief.label.tags for job in made.jobs() if job.brief.label] == [("kitchen", "7")]


def test_the_labels_words_bind_nowhere_else(tmp_path: Path) -> None:
    assert only(tmp_path, order(brief__prompt="{job}"))[1] == "{job}, which nothing binds"


CASES: list[tuple[object, str, str, str]] = [
    ("Mugs", "label", "'Mugs'", "a mapping with any of title, alt"),
    ({"titel": "x"}, "label.titel", "did you mean title?", "only title, alt"),
    ({"title": 7}, "label.title", "the number 7", "up to 200 characters"),
    ({"title": " "}, "label.title", "' '", "one line of up to 200"),
    ({"title": {}}, "label.title", "an empty mapping", "one for each language"),
    ({"title": {"en": 7}}, "label.title.en", "the number 7", "up to 200 characters"),
    ({"title": {"en": " "}}, "label.title.en", "' '", "one line of up to 200"),
    ({"title": "x" * 201}, "label.title", "201 characters", "one line of up to 200"),
    ({"alt": "x" * 1001}, "label.alt", "1,001 characters", "one line of up to 1,000"),
    ({"description": "x" * 2001}, "label.description", "2,001 ch", "one line of up to 2,000"),
    ({"rights": "x" * 501}, "label.rights", "501 characters", "one line of up to 500"),
    ({"credit": "x" * 201}, "label.credit", "201 characters", "one line of up to 200"),
    ({"credit": "\n"}, "label.credit", "'\\n'", "one line of up to 200"),
    ({"credit": {"en": "x"}}, "label.credit", "a mapping", "up to 200"),
    ({"alt": "a\nb"}, "label.alt", "a line break or a control", "one line"),
    ({"alt": "a\u202eb"}, "label.alt", "a line break or a control", "one line"),
    ({"alt": "{x} {y}"}, "label.alt", "{x}, which nothing binds and {y}", "{job}, {order}"),
    ({"alt": {"en_GB": "x"}}, "label.alt.en_GB", "'en_GB'", "such as en, de-AT"),
    ({"alt": {"x-default": "x"}}, "label.alt.x-default", "'x-default'", "such as en, de-AT"),
    ({"alt": {"de-AT": "x", "de-at": "y"}}, "label.alt.de-at", "'de-at'", "de-AT is the same"),
    ({"language": "de_AT"}, "label.language", "'de_AT'", "such as en, de-AT"),
    ({"tags": "mug"}, "label.tags", "'mug'", "up to 30 tags"),
    ({"tags": ["x" * 61]}, "label.tags[0]", "xxx", "a tag of up to 60"),
    ({"tags": ["ok", "a;b"]}, "label.tags[1]", "'a;b'", "without , and ;"),
    ({"tags": ["ok", " "]}, "label.tags[1]", "' '", "a tag of up to 60"),
    ({"tags": [f"t{index}" for index in range(31)]}, "label.tags", "a list", "up to 30"),
    ({"tags": ["{many}"]}, "label.tags", "31 tags", "up to 30"),
    ({"embed": "no"}, "label.embed", "'no'", "true or false"),
]


@pytest.mark.parametrize(("label", "field", "found", "wanted"), CASES)
def test_what_is_wrong_with_a_label_is_said_with_its_place(
    tmp_path: Path, label: object, field: str, found: str, wanted: str
) -> None:
    matrix = {**GOOD["matrix"], "many": [",".join(map(str, range(31)))]}
    got_field, got_found, got_wanted = only(tmp_path, order(label=label, matrix=matrix))
    assert got_field == field
    assert found in got_found
    assert wanted in got_wanted


def test_all_that_is_wrong_with_a_label_is_listed_at_once_and_with_the_rest(tmp_path: Path) -> None:
    label = {
        "title": {"en": "{nothing}", "d": "x"},
        "alt": "a\tb",
        "language": 3,
        "tags": ["", "{also}"],
        "embed": 0,
    }
    found = problems(tmp_path, order(label=label, variants=0))
    assert [problem.field for problem in found] == [
        "variants",
        "label.title.en",
        "label.title.d",
        "label.alt",
        "label.language",
        "label.tags[0]",
        "label.embed",
    ]
    assert len({problem.line for problem in found}) == len(found)


@pytest.mark.parametrize(
    ("tag", "known"),
    [
        ("EN", "en"),
        ("de-at", "de-AT"),
        ("zh-hant-hk", "zh-Hant-HK"),
        ("es-419", "es-419"),
        ("sl-rozaj-1994", "sl-rozaj-1994"),
        ("en-a-bbb-x-own", "en-a-bbb-x-own"),
        ("und", "und"),
        ("english", "english"),
        ("e", None),
        ("en-", None),
        ("en_GB", None),
        ("x-own", None),
        ("en-\u0661\u0661\u0661", None),
        ("en\n", None),
        ("a" * 9, None),
    ],
)
def test_language_tags_are_known_by_their_shape(tag: str, known: str | None) -> None:
    assert canonical_language(tag) == known


@given(st.from_regex(r"[a-zA-Z]{2}(-[a-zA-Z]{4})?(-[a-zA-Z]{2})?", fullmatch=True))
def test_a_language_tag_in_its_usual_capitals_is_its_own(tag: str) -> None:
    known = canonical_language(tag)
    assert known is not None
    assert known.lower() == tag.lower()
    assert canonical_language(known) == known


@pytest.mark.parametrize(
    "text",
    ["\u2067\u05e9\u05dc\u2069", "\U0001f469\u200d\U0001f680", "\u0915\u200c", "\ufe0f", "\u00e9"],
)
def test_scripts_and_emoji_that_need_joiners_and_isolates_are_let_through(text: str) -> None:
    assert line_fault(text) is None


@pytest.mark.parametrize(
    "char",
    ["\x00", "\t", "\r", "\x7f", "\x85", "\u2028", "\u202e", "\ud800", "\uffff", "\U0001fffe"],
)
def test_what_no_file_takes_is_no_line(char: str) -> None:
    assert line_fault(f"a{char}b")


def test_a_labels_order_of_languages_is_part_of_the_edition(tmp_path: Path) -> None:
    first, second = (
        plan(tmp_path, order(label={"title": dict(pairs)}))
        for pairs in ([("en", "A"), ("de", "B")], [("de", "B"), ("en", "A")])
    )
    assert first.spec_sha256 != second.spec_sha256
    assert recorded_form(first.record()) == first.form


def test_labels_of_old_books_are_none_and_those_of_new_ones_come_back(tmp_path: Path) -> None:
    mug, _ = labels(tmp_path, label={"alt": {"fr": "Une tasse", "de": "Ein Becher"}})
    assert list(mug.alt) == ["fr", "de"]
    brief = next(plan(tmp_path, order()).jobs()).brief
    data = json.loads(brief.to_json())
    del data["label"]
    old = JobBrief.from_json(json.dumps(data))
    assert (old.label, old.renditions) == (None, ())
    assert "label" not in json.loads(old.to_json())
