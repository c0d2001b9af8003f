"""Which assets are meant: a campaign, an order, days, tags, and conditions on a manifest's columns."""

from __future__ import annotations

import difflib
import operator
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation, Overflow
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from assets.errors import BadFilter, BadKey
from assets.layout import RELEASED
from assets.store import check_key
from assets.wildcards import wildcard

if TYPE_CHECKING:
    from assets.manifest import ManifestRow

Test: TypeAlias = "Callable[[ManifestRow], bool]"

_FORM: Final = re.compile(r"([A-Za-z_\s-]+)(>=|<=|!=|=|>|<)(.*)", re.DOTALL)
_EXAMPLE: Final = "write it in quotes, as 'format=webp', 'width>=1024' or 'name=mug/*'"
_ONE_NAME: Final = "write one name without a slash, as `mintage assets list --json` tells it"
_SPACED: Final = str.maketrans(" -", "__")
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_NUMBERS: Final = {
    "bytes": "bytes",
    "cost": "cost_usd",
    "cost_usd": "cost_usd",
    "height": "height",
    "seed": "seed",
    "width": "width",
}
_TEXTS: Final = (
    "name", "key", "sha256", "media_type", "campaign", "order_id", "job_id", "prompt", "provider",
    "model", "receipt", "format", "title", "alt", "credit", "rights", "source_type", "approved_by",
)  # fmt: skip
_LISTS: Final = {"tag": "tags", "tags": "tags", "verdict": "verdicts", "verdicts": "verdicts"}
_BYTES_IN: Final = {"": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "kib": 1 << 10, "mib": 1 << 20}
_NUMBER_MAX: Final = Decimal(10**40)
"""More than any column holds; an exponent of a million would become as many digits."""
_FORMATS: Final = {"jpg": "jpeg"}
_YES_NO: Final = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on a column, as a person writes it: `width>=1024`, `name=mug/*`."""

    column: str
    operator: str
    wanted: str
    test: Test = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """Which assets are meant; what is None or empty narrows nothing.

    Conditions `=` on one column are alternatives; all others must hold, as all tags must be there.
    """

    campaign: str | None = None
    order: str | None = None
    """A slug (every edition) or an order id (`slug@edition`)."""
    since: datetime | None = None
    """Only what was released then or later; aware."""
    until: datetime | None = None
    """Only what was released before; aware."""
    where: tuple[Condition, ...] = ()
    tags: tuple[str, ...] = ()
    latest: bool = False
    """Only the newest release of each name of a campaign, as the store's `latest/` has it."""

    @property
    def narrows(self) -> bool:
        """Say whether anything that is released may be left out."""
        return self != AssetFilter()

    def chosen(self, rows: Iterable[ManifestRow]) -> list[ManifestRow]:
        """Give the assets that are meant, in their order."""
        tests = self._tests()
        return [row for row in rows if all(test(row) for test in tests)]

    def _tests(self) -> list[Test]:
        tests: list[Test] = []
        if (campaign := self.campaign) is not None:
            tests.append(lambda row: row.campaign == campaign)
        if self.order is not None:
            tests.append(_of_order(self.order))
        if (since := self.since) is not None:
            tests.append(lambda row: row.released_at >= since)
        if (until := self.until) is not None:
            tests.append(lambda row: row.released_at < until)
        tests.extend(_has_tag(tag) for tag in self.tags)
        equal: dict[str, list[Test]] = {}
        for one in self.where:
            if one.operator == "=":
                equal.setdefault(one.column, []).append(one.test)
            else:
                tests.append(one.test)
        tests.extend(_any_of(alternatives) for alternatives in equal.values())
        return tests


def read_condition(text: str) -> Condition:
    """Read one condition: a column, one of `= != >= <= > <`, and a value.

    Columns are those of the manifest, and `size` (1024x1024), `cost`, `order` and `tag`. Texts are
    compared whatever their capitals; in them `*` stands for anything and `?` for one character.
    Numbers and the day of `released_at` (UTC) can be compared by size; `bytes` takes kB and MB.
    `language=de` takes de-AT too. `master=yes` is what was built itself, `master=no` its
    renditions.

    Raises:
        BadFilter: it has another form, names no column, or its value does not fit the column.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise BadFilter(f"{text!r} is no condition; {_EXAMPLE}.")
    column, sign, wanted = found[1].strip().lower(), found[2], found[3].strip()
    column = column.translate(_SPACED)
    make = _MAKERS.get(column)
    if make is None:
        close = difflib.get_close_matches(column, _MAKERS, n=1)
        hint = (
            f"did you mean {close[0]!r}?" if close else f"there are {', '.join(CONDITION_NAMES)}."
        )
        raise BadFilter(f"Assets have no {column!r}; {hint}")
    return Condition(column, sign, wanted, make(column, sign, wanted))


def check_named(campaign: str | None, order: str | None) -> None:
    """Look at the names that a person gave, before folders of the store are told from them.

    Raises:
        BadFilter: no campaign, or no order, can be called that.
    """
    if campaign is not None and not _is_folder(campaign):
        raise BadFilter(f"{campaign!r} can be no campaign; {_ONE_NAME}.")
    if order is None:
        return
    slug, at, edition = order.partition("@")
    if not _is_folder(slug) or (at and not _is_folder(edition)):
        raise BadFilter(
            f"{order!r} can be no order; write its slug, as product-photos, or its whole id, as "
            "product-photos@0123abcdef."
        )


def folded(text: str) -> str:
    """Give the form in which texts are compared: composed, without the difference of capitals."""
    return composed(text).casefold()


def composed(text: str) -> str:
    """Give the form in which an accent and its letter are one character: NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _is_folder(name: str) -> bool:
    try:
        check_key(f"{RELEASED}{name}")
    except BadKey:
        return False
    return "/" not in name


def _any_of(tests: list[Test]) -> Test:
    return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)


def _of_order(order: str) -> Test:
    if "@" in order:
        return lambda row: row.order_id == order
    return lambda row: row.order_id.rpartition("@")[0] == order


def _has_tag(tag: str) -> Test:
    wanted = folded(tag)
    return lambda row: any(folded(one) == wanted for one in row.tags)


def _number(column: str, sign: str, wanted: str) -> Test:
    name, compare = _NUMBERS[column], _COMPARE[sign]
    digits, factor = wanted, 1
    if column == "bytes":
        found = re.fullmatch(r"([\d.,]*\d)\s*([A-Za-z]*)", wanted)
        if found and (known := _BYTES_IN.get(found[2].lower())):
            digits, factor = found[1], known
    try:
        number = Decimal(digits.removeprefix("$").replace(",", "").replace("_", "")) * factor
    except (InvalidOperation, Overflow):
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) > _NUMBER_MAX:
        raise BadFilter(f"{wanted!r} is no number to compare {column} with; {_EXAMPLE}.")
    limit = int(number) if number == number.to_integral_value() else number
    return lambda row: compare(getattr(row, name), limit)


def _day(column: str, sign: str, wanted: str) -> Test:
    compare = _COMPARE[sign]
    try:
        day = date.fromisoformat(wanted)
    except ValueError:
        raise BadFilter(f"{wanted!r} is no day; write it as {column}>=2026-11-22.") from None
    return lambda row: compare(row.released_at.astimezone(UTC).date(), day)


def _size(column: str, sign: str, wanted: str) -> Test:
    found = re.fullmatch(r"(\d{1,9})\s*[xX×]\s*(\d{1,9})", wanted)  # noqa: RUF001  as people write it
    if found is None:
        raise BadFilter(f"{wanted!r} is no size; write it as {column}=1024x1024.")
    size = int(found[1]), int(found[2])
    return _signed(column, sign, lambda row: (row.width, row.height) == size)


def _text(column: str, sign: str, wanted: str) -> Test:
    fits = _pattern(wanted)
    return _signed(column, sign, lambda row: fits(getattr(row, column)))


def _format(column: str, sign: str, wanted: str) -> Test:
    # People take it for the end of the file's name, and of these a JPEG has the other one.
    name = wanted.lower().removeprefix(".")
    return _text(column, sign, _FORMATS.get(name, name))


def _list(column: str, sign: str, wanted: str) -> Test:
    name, fits = _LISTS[column], _pattern(wanted)
    if not wanted:
        return _signed(column, sign, lambda row: not getattr(row, name))
    return _signed(column, sign, lambda row: any(map(fits, getattr(row, name))))


def _in_any_language(column: str, sign: str, wanted: str) -> Test:
    fits = _pattern(wanted)
    return _signed(
        column,
        sign,
        lambda row: any(fits(one) for texts in row.texts.values() for one in texts.values()),
    )


def _language(column: str, sign: str, wanted: str) -> Test:
    fits, region = _pattern(wanted), _pattern(f"{wanted}-*")
    return _signed(
        column, sign, lambda row: fits(row.language) or bool(wanted and region(row.language))
    )


def _order(column: str, sign: str, wanted: str) -> Test:
    return _signed(column, sign, _of_order(wanted))


def _master(column: str, sign: str, wanted: str) -> Test:
    is_master = _YES_NO.get(wanted.lower())
    if is_master is None:
        fits = _pattern(wanted)
        return _signed(column, sign, lambda row: bool(row.master) and fits(row.master))
    return _signed(column, sign, lambda row: (not row.master) == is_master)


def _signed(column: str, sign: str, test: Test) -> Test:
    """Turn a test into its opposite for `!=`; what has no order cannot be compared by size."""
    if sign == "=":
        return test
    if sign == "!=":
        return lambda row: not test(row)
    raise BadFilter(f"{column} has no order to compare by {sign}; use {column}= or {column}!=.")


def _pattern(wanted: str) -> Callable[[str], bool]:
    plain = folded(wanted)
    if not {"*", "?"} & set(plain):
        return lambda text: folded(text) == plain
    fits = wildcard(plain)
    return lambda text: fits(folded(text))


_MAKERS: Final[dict[str, Callable[[str, str, str], Test]]] = {
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_LISTS, _list),
    "format": _format,
    "language": _language,
    "master": _master,
    "order": _order,
    "released_at": _day,
    "size": _size,
    "texts": _in_any_language,
}

CONDITION_NAMES: Final = tuple(sorted(_MAKERS))
"""What a condition can be on."""
