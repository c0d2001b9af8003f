"""A mapping file to begin with: what the books have, with accounts to be filled in."""

from __future__ import annotations

import json
from collections.abc import Iterable

_HEAD = """\
# Which accounts of the general ledger charges belong to. The numbers are examples: put in yours.
# Check it with `mintage ledger gl check`; use it with --gl, or set MINTAGE_GL_MAPPING to it.

# Rules are tried from the top. A rule that fits decides what it sets; what it leaves out is decided
# by the rules below it and by the default. A name may end with *, and may be a list of names.
rules:
"""
_DEFAULT = """
# For what no rule decides. Without it, a journal is refused until there is a rule for everything.
default: {account: "6200"}

# Where what each provider is owed stands, and what it is called as a vendor.
payable:
"""
_REST = """
variance: "6290" # adjustments to an invoice that belong to no job
rounding: "6999" # what rounding each line to cents adds or takes away
accrual: "2150" # what is held at a period's end and not billed yet

netsuite: {dates: MM/DD/YYYY} # or DD/MM/YYYY, YYYY-MM-DD; subsidiary: "Acme Inc."
quickbooks: {dates: MM/DD/YYYY}
xero: {tax_rate: "Tax Exempt", tracking: {department: Department, class: Class}}
"""


def example_mapping(
    cost_centers: Iterable[str],
    campaigns: Iterable[str],
    models: Iterable[str],
    providers: Iterable[str],
) -> str:
    """Write a file with a rule for each cost centre, campaign and model, as YAML."""
    rules = [
        f"  - when: {{cost_center: {_quoted(name)}}}\n    set: {{department: {_quoted(name)}}}\n"
        for name in cost_centers
    ]
    rules += [
        f"  - when: {{campaign: {_quoted(name)}}}\n    set: {{class: {_quoted(name)}}}\n"
        for name in campaigns
    ]
    rules += [
        f'  - when: {{model: {_quoted(name)}}}\n    set: {{account: "6210"}}\n' for name in models
    ]
    owed = [
        f'  {_quoted(name)}: {{account: "2010", vendor: {_quoted(name[:1].upper() + name[1:])}}}\n'
        for name in providers
    ]
    none = "  []\n"
    return (
        _HEAD
        + ("".join(rules) or none)
        + _DEFAULT
        + ("".join(owed) or '  replicate: "2010"\n')
        + _REST
    )


def _quoted(text: str) -> str:
    # JSON's strings are YAML's.
    return json.dumps(text, ensure_ascii=False)
