"""What a rule fits, which rule decides, and which rules never can."""

from __future__ import annotations

from charge_lines import GL, NOVEMBER
from hypothesis import given
from hypothesis import strategies as st

from ledger.exports.gl_check import check_mapping
from ledger.exports.gl_mapping import (
    CODING_FIELDS,
    DIMENSIONS,
    Coding,
    GlMapping,
    Rule,
    Subject,
    dead_settings,
)
from ledger.reports.report import Provenance
from ledger.views import SummaryRow

SUBJECT = Subject("cc-4100", "summer-2026", "maker/painter", "replicate")


def a_mapping(*rules: Rule, default: Coding | None = None) -> GlMapping:
    return GlMapping(
        "gl.yaml", rules, default or Coding("6200"), GL.payables, GL.variance, GL.rounding
    )


def test_each_rule_that_fits_decides_what_rules_above_it_left_out() -> None:
    mapped = GL.mapped(SUBJECT)
    assert mapped.coding == Coding("6210", "Marketing", "Summer", "Berlin")
    assert (mapped.lines, mapped.by_default) == ((2, 4), False)


def test_the_first_rule_wins_over_the_next() -> None:
    mapping = a_mapping(
        Rule((("model", ("maker/painter",)),), Coding("1"), 1),
        Rule((("cost_center", ("cc-4100",)),), Coding("2", "Sales"), 2),
    )
    assert mapping.mapped(SUBJECT).coding == Coding("1", "Sales")


def test_the_default_decides_the_rest() -> None:
    mapped = GL.mapped(SUBJECT._replace(cost_center="cc-9"))
    assert (mapped.coding, mapped.by_default) == (Coding("6200", None, "Summer"), True)


def test_an_adjustment_of_no_job_is_variance() -> None:
    assert GL.mapped(Subject(None, None, None, "replicate")).coding == Coding("6290")


def test_every_dimension_of_a_rule_has_to_fit() -> None:
    rule = Rule((("model", ("maker/*",)), ("campaign", ("summer-2026", "winter-*"))), Coding("1"))
    assert rule.fits(SUBJECT)
    assert rule.fits(SUBJECT._replace(campaign="winter-2027"))
    assert not rule.fits(SUBJECT._replace(campaign="summer-2027"))
    assert not rule.fits(SUBJECT._replace(model="other/painter"))
    assert not rule.fits(SUBJECT._replace(model=None))


VALUES = st.lists(
    st.sampled_from(["a", "ab", "abc", "a*", "ab*", "b*", "*"]), min_size=1, max_size=3
)
RULES = st.builds(
    lambda when, then: Rule(tuple((name, tuple(values)) for name, values in when.items()), then),
    st.dictionaries(st.sampled_from(DIMENSIONS[:2]), VALUES, min_size=1),
    st.builds(Coding, st.sampled_from([None, "1", "2"]), st.sampled_from([None, "D", "E"])),
)
SUBJECTS = [Subject(one, two, "m", "p") for one in ("a", "ab", "abc", "b") for two in ("a", "bc")]


@given(st.lists(RULES, max_size=5))
def test_what_is_called_dead_never_decides_anything(rules: list[Rule]) -> None:
    whole = a_mapping(*rules)
    for position, name, _ in dead_settings(rules):
        kept = [getattr(rules[position].then, one) for one in CODING_FIELDS]
        kept[CODING_FIELDS.index(name)] = None
        without = list(rules)
        without[position] = Rule(rules[position].when, Coding(*kept))
        shorter = a_mapping(*without)
        for subject in SUBJECTS:
            assert whole.mapped(subject).coding == shorter.mapped(subject).coding


def test_a_rule_below_a_wider_one_that_sets_the_same_is_dead() -> None:
    wide = Rule((("cost_center", ("cc-*",)),), Coding("1"))
    narrow = Rule((("cost_center", ("cc-4100",)), ("model", ("m",))), Coding("2", "Sales"))
    assert list(dead_settings([wide, narrow])) == [(1, "account", 0)]
    assert list(dead_settings([narrow, wide])) == []


def row(*keys: str | None, charged_nano: int = 10**9) -> SummaryRow:
    return SummaryRow(keys, charged_nano, 0, 0, 0, 1, 0)


def test_a_check_says_what_a_journal_would_be_refused_for() -> None:
    mapping = a_mapping(*GL.rules, default=Coding())
    rows = [
        row("replicate", "cc-4100", "autumn", "m"),
        row("replicate", "cc-4100", "autumn", "n"),
        row("elsewhere", "cc-9", "autumn", "m"),
        row("replicate", None, None, None),
        row(None, "cc-4100", None, None, charged_nano=0),
    ]
    provenance = Provenance(3, "E1", "E9", None, sealed=False)
    found = check_mapping(mapping, rows, NOVEMBER, provenance)
    assert found.problems == (
        "No account for cost centre cc-9, campaign autumn, model m: add a rule, or a default.",
        "No account for what elsewhere is owed: add `elsewhere` under `payable`.",
    )
    assert found.remarks == ("The rule of line 2 fits nothing that is selected.",)
    assert [column.name for column in found.report.columns] == [
        *("account", "department", "location", "by_line", "combinations", "charged_usd"),
    ]
    assert found.report.rows == [
        (None, None, None, "no account", 1, 10**9),
        ("6210", "Marketing", "Berlin", "4", 2, 2 * 10**9),
        ("6290", None, None, "variance", 1, 10**9),
    ]
    assert found.report.totals == ("in all", None, None, None, 4, 4 * 10**9)
    every = check_mapping(mapping, rows, NOVEMBER, provenance, each=True).report
    assert every.rows[0] == ("cc-4100", "autumn", "m", "6210", "Marketing", "Berlin", "4", 1, 10**9)
    assert every.rows[3][:3] == ("of no job, replicate", None, None)
    assert every.totals == ("in all", *[None] * 6, 4, 4 * 10**9)
