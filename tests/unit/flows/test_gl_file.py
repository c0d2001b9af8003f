"""A mapping file is read as it is written, and refused with every problem and its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows import BadOrder
from flows.gl_example import example_mapping
from flows.gl_file import read_gl_mapping
from ledger.exports.gl_mapping import Coding, JournalStyle, Payable, Rule, Subject

WHOLE = """\
rules:
  - when: {cost_center: cc-4100}
    set: {department: Marketing, class: "Brand"}
  - when: {model: ["maker/*", other/one], campaign: summer-2026}
    set: {account: 0012, location: Berlin}
default: {account: 6200.10}
payable:
  replicate: {account: 2010, vendor: "Replicate, Inc.", billing_account: 4711}
  studio: "2020"
variance: {account: "6290", department: Finance}
rounding: 6999
accrual: "2150"
netsuite: {subsidiary: Acme Inc., dates: DD/MM/YYYY}
quickbooks: {dates: YYYY-MM-DD}
xero: {tax_rate: No VAT, tracking: {location: Site}}
"""
LEAST = 'payable: {replicate: "2010"}\nvariance: "6290"\nrounding: "6999"\n'


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "gl.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadOrder) as refused:
        read_gl_mapping(path)
    return [one.sentence().replace(f"{path}:", "") for one in refused.value.problems]


def test_a_whole_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "gl.yaml"
    path.write_text(WHOLE, encoding="utf-8")
    mapping = read_gl_mapping(path)
    assert list(mapping.rules) == [
        Rule((("cost_center", ("cc-4100",)),), Coding(None, "Marketing", "Brand"), 2),
        Rule(
            (("campaign", ("summer-2026",)), ("model", ("maker/*", "other/one"))),
            Coding("0012", None, None, "Berlin"),
            4,
        ),
    ]
    assert mapping.default == Coding("6200.10")
    assert mapping.payables == {
        "replicate": Payable(Coding("2010"), "Replicate, Inc.", "4711"),
        "studio": Payable(Coding("2020")),
    }
    assert mapping.variance == Coding("6290", "Finance")
    assert (mapping.rounding, mapping.accrual) == (Coding("6999"), Coding("2150"))
    assert mapping.style == JournalStyle(
        "Acme Inc.", "DD/MM/YYYY", "YYYY-MM-DD", "No VAT", (("location", "Site"),)
    )


def test_little_has_to_be_said(tmp_path: Path) -> None:
    path = tmp_path / "gl.yaml"
    path.write_text(LEAST, encoding="utf-8")
    mapping = read_gl_mapping(path)
    assert (list(mapping.rules), mapping.default, mapping.accrual) == ([], Coding(), None)
    assert mapping.style == JournalStyle()


def test_every_problem_is_listed_with_its_line(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
rules:
  - when: {cost_centre: cc-4100}
    set: {acount: 6210}
  - when: {}
    set: {}
  - when: {campaign: "a*b", model: true}
    set: {class: [x], department: ""}
  - 5
payable:
  studio: {vendor: X}
variance: {account: "6290", foo: 1}
xero: {tracking: {department: A, class: B, location: C}}
netsuite: {dates: D.M.Y}
""",
    )
    names = "a name, or a list of names; a name may end with * for all that begin like it"
    codes = "account, department, class, location"
    assert found == [
        '1: rounding: found nothing; wanted an account, such as "6999"',
        (
            "2: rules[0].when.cost_centre: found an unknown field (did you mean cost_center?); wanted "
            "only cost_center, campaign, model, provider"
        ),
        (
            "3: rules[0].set.acount: found an unknown field (did you mean account?); wanted only "
            f"{codes}"
        ),
        (
            "4: rules[1].when: found nothing; wanted one or more of cost_center, campaign, model, "
            "provider"
        ),
        f"5: rules[1].set: found nothing; wanted one or more of {codes}",
        f"6: rules[2].when.campaign: found 'a*b'; wanted {names}",
        f"6: rules[2].when.model: found true; wanted {names}",
        "7: rules[2].set.department: found ''; wanted the name of a department",
        "7: rules[2].set.class: found a list; wanted the name of a class",
        "8: rules[3]: found the number 5; wanted a list of rules, each with `when` and `set`",
        '10: payable.studio.account: found nothing; wanted an account, such as "6210"',
        f"11: variance.foo: found an unknown field; wanted only {codes}",
        (
            "12: xero.tracking: found a mapping; wanted at most two of department, class, location, each "
            "with the name of a tracking category"
        ),
        "13: netsuite.dates: found 'D.M.Y'; wanted MM/DD/YYYY, DD/MM/YYYY or YYYY-MM-DD",
    ]


def test_what_can_never_apply_is_refused_with_the_rule_that_hides_it(tmp_path: Path) -> None:
    (sentence,) = problems(
        tmp_path,
        f"""\
rules:
  - when: {{cost_center: "cc-*"}}
    set: {{account: 6200}}
  - when: {{cost_center: cc-4100, model: m}}
    set: {{account: 6210, class: Brand}}
{LEAST}""",
    )
    assert sentence == (
        "5: rules[1].set.account: found what never applies: the rule of line 2 fits all that this "
        "one fits, and has decided it; wanted the rule for fewer charges first: move it up, or leave "
        "this out"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found no fields"),
        ("- 1\n", "found no fields"),
        ("rules: [}\n", "wanted YAML"),
        ("rules: []\nrules: []\n", "'rules' again"),
    ],
)
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in sentence for sentence in problems(tmp_path, text))


def test_a_pipe_or_a_missing_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "missing", tmp_path):
        with pytest.raises(BadOrder) as refused:
            read_gl_mapping(path)
        assert "cannot be read" in refused.value.problems[0].sentence()


def test_the_file_to_begin_with_is_one_that_can_be_read(tmp_path: Path) -> None:
    odd = 'Ünïcode "q": # [x] {y}'
    path = tmp_path / "gl.yaml"
    path.write_text(
        example_mapping(["cc-4100", odd], ["0012"], ["maker/*"], ["studio"]), encoding="utf-8"
    )
    mapping = read_gl_mapping(path)
    subject = Subject(odd, "0012", "maker/x", "studio")
    assert mapping.mapped(subject).coding == Coding("6210", odd, "0012")
    assert mapping.vendor("studio") == "Studio"
    path.write_text(example_mapping([], [], [], []), encoding="utf-8")
    assert read_gl_mapping(path).payables.keys() == {"replicate"}
