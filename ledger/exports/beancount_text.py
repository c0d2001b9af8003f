"""Charges as a text ledger for Beancount 3 and Fava: beancount.github.io, "Language Syntax".

One transaction for each day and order, of amounts exact to the nano-dollar, so that a million
charges are a file that a person can open. Every account ends with its month, and is opened on the
first day of that month: so the files of several months can be included in one ledger, where no
account is opened twice, and each of them is a ledger of its own. At a month's end the balance of
each of its cost accounts is asserted, without any tolerance. What is owed is not asserted: whoever
includes the file will book payments against it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from typing import IO, Final

from ledger.exports.charge_line import CURRENCY, ChargeLine
from ledger.exports.companions import MonthCap
from ledger.exports.gl_mapping import CODING_FIELDS, GlMapping, Subject
from ledger.exports.journal import digest
from ledger.exports.registry import ExportContext, Written
from ledger.instants import DAY_US, from_us
from ledger.money import usd
from ledger.selection import Selection, days_of_period

COSTS: Final = "Expenses:Mintage"
OWED: Final = "Liabilities:Mintage"
VARIANCE: Final = "Variance"
"""Where adjustments go that belong to no job, by provider."""

_META: Final = dict(
    zip(CODING_FIELDS, ("gl-account", "gl-department", "gl-class", "gl-location"), strict=True)
)


@dataclass(frozen=True, slots=True)
class _Key:
    """What one transaction is about."""

    day: int
    provider: str
    order_id: str
    cost_center: str | None
    campaign: str
    model: str
    owner: str
    is_adjustment: bool


@dataclass(slots=True)
class _Sum:
    amount_nano: int = 0
    count: int = 0
    first_id: int = 0
    last_id: int = 0

    def add(self, line: ChargeLine) -> None:
        self.amount_nano += line.amount_nano
        self.count += 1
        self.first_id = self.first_id or line.entry_id
        self.last_id = line.entry_id


class AccountNames:
    """Makes names into parts of an account, two names never into the same part.

    A part begins with a capital letter or a digit and has letters, digits and dashes; what a name
    has besides becomes a dash. A name that would come to the part of another gets a digest after it.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._parts: set[str] = set()

    def reserve(self, part: str) -> None:
        """Keep a part from being given to any name."""
        self._parts.add(part)

    def part(self, name: str) -> str:
        """Give the part for a name, the same each time."""
        found = self._names.get(name)
        if found is None:
            found = _part(name)
            if found in self._parts:
                found += f"-{sha256(name.encode()).hexdigest()[:8]}"
            self._names[name] = found
            self._parts.add(found)
        return found


def _part(name: str) -> str:
    """Write a name as a part of an account, as the grammar of Beancount's lexer has it."""
    kept = "".join(one if one.isalpha() or one.isdecimal() else " " for one in name)
    part = "-".join(kept.split())
    part = part[:1].upper() + part[1:]
    # Scripts without capitals have no letter that may come first.
    return part if part[:1].isupper() or part[:1].isdecimal() else f"X{part}"


@dataclass(slots=True)
class _Accounts:
    """The accounts of one file, each of one month."""

    selection: Selection
    costs: AccountNames = field(default_factory=AccountNames)
    campaigns: AccountNames = field(default_factory=AccountNames)
    providers: AccountNames = field(default_factory=AccountNames)
    opened: dict[str, date] = field(default_factory=dict)
    _months: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.costs.reserve(VARIANCE)

    def cost(self, key: _Key) -> str:
        if key.cost_center is None:
            account = f"{COSTS}:{VARIANCE}:{self.providers.part(key.provider)}"
        else:
            account = f"{self.budget(key.cost_center)}:{self.campaigns.part(key.campaign)}"
        return self._open(account, _day(key.day))

    def owed(self, key: _Key) -> str:
        return self._open(f"{OWED}:{self.providers.part(key.provider)}", _day(key.day))

    def budget(self, cost_center: str) -> str:
        """Give what the accounts of a cost centre are under, which no file opens."""
        return f"{COSTS}:{self.costs.part(cost_center)}"

    def _open(self, account: str, day: date) -> str:
        period = day.strftime("%Y-%m")
        month = self._months.get(period)
        if month is None:
            month = self._months[period] = month_part(period, self.selection)
        account = f"{account}:{month}"
        self.opened[account] = day.replace(day=1)
        return account


def month_part(period: str, selection: Selection) -> str:
    """Name a month's accounts, the same each time that the same is exported.

    A whole month has one name, however it was selected, so that no ledger can have it twice; a part
    of it has another, so that parts can stand beside each other.
    """
    first, last = days_of_period(period)
    since = max(first, selection.first_day or first)
    until = min(last, selection.last_day or last)
    filters = sorted((name, sorted(values)) for name, values in selection.where)
    if not filters and (since, until) == (first, last):
        return period
    return f"{period}-{digest(repr((since.isoformat(), until.isoformat(), filters)))}"


def write(rows: Iterator[ChargeLine], out: IO[str], context: ExportContext) -> Written:
    """Write the ledger of a selection: one transaction for each day and order."""
    sums: dict[_Key, _Sum] = {}
    for line in rows:
        sums.setdefault(_key(line), _Sum()).add(line)
    ordered = sorted(sums.items(), key=lambda item: _sortable(item[0]))
    accounts = _Accounts(context.selection)
    postings = [(key, one, accounts.cost(key), accounts.owed(key)) for key, one in ordered]
    budgets = list(_budgets(context.companions.month_caps, context.selection, accounts))
    _write_head(out, context)
    out.writelines(
        f"{opened} open {account} {CURRENCY}\n"
        for account, opened in sorted(accounts.opened.items(), key=lambda item: item[::-1])
    )
    out.write("\n" if accounts.opened else "")
    out.writelines(f"{text}\n" for text in budgets)
    out.write("\n" if budgets else "")
    sum_nano = 0
    balances = _Balances()
    for key, one, cost, owed in postings:
        day = _day(key.day)
        out.writelines(balances.until(day))
        _write_transaction(out, key, one, (cost, owed), context.gl_mapping)
        balances.add(day, cost, one.amount_nano)
        sum_nano += one.amount_nano
    out.writelines(balances.until(None))
    return Written(len(postings), sum_nano)


def _key(line: ChargeLine) -> _Key:
    return _Key(
        line.at_us // DAY_US,
        line.provider,
        line.order_id or "",
        line.cost_center,
        line.campaign or "",
        line.model or "",
        line.owner or "",
        line.kind.startswith("adjust"),
    )


def _sortable(key: _Key) -> tuple[object, ...]:
    return (
        key.day,
        key.provider,
        key.order_id,
        key.cost_center or "",
        key.campaign,
        key.model,
        key.owner,
        key.is_adjustment,
    )


def _day(number: int) -> date:
    return from_us(number * DAY_US).date()


def _write_head(out: IO[str], context: ExportContext) -> None:
    title = f"Mintage, {context.selection.in_words}"
    out.write(f"; {_one_line(title)}. {context.provenance.in_words}\n")
    out.write(f'option "title" {_quoted(title)}\n')
    # Beancount 3.2 breaks down over a file that is included and has the option display_precision.
    out.write(f'option "operating_currency" "{CURRENCY}"\n\n')


def _write_transaction(
    out: IO[str], key: _Key, one: _Sum, accounts: tuple[str, str], mapping: GlMapping | None
) -> None:
    noun = "adjustment" if key.is_adjustment else "charge"
    count = f"{one.count:,} {noun}{'' if one.count == 1 else 's'}"
    narration = f"{key.order_id}: {count}" if key.order_id else f"Of no job: {count}"
    out.write(f"{_day(key.day)} * {_quoted(key.provider)} {_quoted(narration)}\n")
    entries = f"E{one.first_id}"
    if one.last_id != one.first_id:
        entries += f" to E{one.last_id}"
    named = {
        "order": key.order_id,
        "cost-center": key.cost_center or "",
        "campaign": key.campaign,
        "model": key.model,
        "owner": key.owner,
        "entries": entries,
    }
    if mapping is not None:
        subject = Subject(key.cost_center, key.campaign, key.model, key.provider)
        coding = mapping.mapped(subject).coding
        named |= {meta: getattr(coding, name) or "" for name, meta in _META.items()}
    out.writelines(f"  {name}: {_quoted(value)}\n" for name, value in named.items() if value)
    cost, owed = accounts
    out.write(f"  {cost}  {_amount(one.amount_nano)}\n  {owed}  {_amount(-one.amount_nano)}\n\n")


def _budgets(caps: Iterable[MonthCap], selection: Selection, accounts: _Accounts) -> Iterator[str]:
    """Fava's budgets: what each cost centre may spend in a month, from the month that it was set in.

    Of what was set before the selection only the last counts; within a month the last one does.
    """
    wanted = dict(selection.where).get("cost_center")
    since: date | None = selection.first_day and selection.first_day.replace(day=1)
    found: dict[tuple[date, str], int] = {}
    for cap in caps:
        month = _day(cap.since_us // DAY_US).replace(day=1)
        if wanted is not None and cap.cost_center not in wanted:
            continue
        if selection.last_day is not None and month > selection.last_day:
            continue
        found[max(month, since or month), cap.cost_center] = cap.cap_nano or 0
    for (month, cost_center), cap_nano in sorted(found.items()):
        account = accounts.budget(cost_center)
        yield f'{month} custom "budget" {account} "monthly" {_amount(cap_nano)}'


@dataclass(slots=True)
class _Balances:
    """What the cost accounts of a month have come to, told at its end."""

    sums: dict[str, int] = field(default_factory=dict)
    period_end: date | None = None

    def add(self, day: date, account: str, amount_nano: int) -> None:
        self.sums[account] = self.sums.get(account, 0) + amount_nano
        self.period_end = days_of_period(day.strftime("%Y-%m"))[1]

    def until(self, day: date | None) -> Iterator[str]:
        """Assert the balances if a period has ended before this day; at the end without one."""
        if self.period_end is None or (day is not None and day <= self.period_end):
            return
        # A balance is of the moment at which its day begins.
        after = self.period_end + timedelta(days=1)
        for account, amount_nano in sorted(self.sums.items()):
            # A tolerance of zero: without it, the last digit could be wrong by one.
            yield f"{after} balance {account}  {_number(amount_nano)} ~ 0 {CURRENCY}\n"
        yield "\n"
        self.sums.clear()
        self.period_end = None


def _amount(nano: int) -> str:
    return f"{_number(nano)} {CURRENCY}"


def _number(nano: int) -> str:
    return format(usd(nano), ".9f")


def _quoted(text: str) -> str:
    escaped = _one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _one_line(text: str) -> str:
    return " ".join(text.split())
