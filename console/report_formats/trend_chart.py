"""The trend as a chart: bars by day or month, and how they add up, or stacked by what they are of.

One SVG file that needs nothing from elsewhere: it names no font that must be there, loads nothing,
says in words what it shows, and uses colours that people tell apart who see few (those of Okabe and
Ito, Color Universal Design, 2008).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from console.report_formats import svg_parts as svg
from console.report_formats.people_cells import headline
from ledger import format_usd
from ledger.money import NANO
from ledger.reports.report import Report

_WIDTH: Final = 960
_LEFT: Final = 104.0
_RIGHT: Final = 936.0
_COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7")
_OTHERS: Final = "#6e6e6e"
_LINE: Final = "#D55E00"
_NAME_MAX: Final = 34
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
)  # fmt: skip
_LABELS_MAX: Final = 12
_THIN: Final = 4.0


@dataclass(slots=True)
class _Series:
    """What was charged at each time, of one value."""

    name: str
    colour: str
    charged: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True, slots=True)
class _Axis:
    """The times along the bottom."""

    times: Sequence[str]

    @property
    def slot(self) -> float:
        return (_RIGHT - _LEFT) / max(1, len(self.times))

    def x(self, number: int) -> float:
        """Where a time begins."""
        return _LEFT + number * self.slot

    def labels(self, y: float) -> Iterator[str]:
        """Name some of the times, as many as can be read."""
        for number, label in _labelled(self.times):
            x = self.x(number) + self.slot / 2
            yield svg.line((x, y), (x, y + 5), svg.FAINT)
            yield svg.text((x, y + 20), label, anchor="middle")


def trend_svg(report: Report) -> str:
    """Draw a report of `ledger.reports.trend`."""
    names = [column.name for column in report.columns]
    width = names.index("released")
    axis = _Axis(_times(report))
    series = _series(report, width, names.index("charged_usd"))
    stacked = width > 1
    top = 96.0 if stacked else 84.0
    legend, top = _legend(series, top) if stacked else ([], top)
    bars = 330.0 if stacked else 250.0
    body = [*legend, *_bars(axis, series, top, bars)]
    bottom = top + bars
    if not stacked:
        bottom += 46
        body += _running(axis, series, bottom, 110.0)
        bottom += 110
    body += axis.labels(bottom)
    height = round(bottom + 68)
    foot = report.provenance.in_words.partition(", sealed")[0].partition(", not sealed")[0]
    title, told = headline(report), _in_words(report, axis, series)
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
                'role="img" aria-labelledby="title desc" lang="en" '
                "font-family=\"system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif\">"
            ),
            f'<title id="title">{svg.words_of(title)}</title>',
            f'<desc id="desc">{svg.words_of(told)}</desc>',
            f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
            svg.text((24, 34), report.title, size=20, fill=svg.INK),
            svg.text((24, 58), f"{report.selection.in_words}, USD", size=13),
            *body,
            svg.text((24, height - 16), f"{foot.rstrip('.')}."),
            "</svg>",
            "",
        ]
    )


def _times(report: Report) -> list[str]:
    """Every time from the first to the last, those without a row too."""
    found = sorted({str(row[0]) for row in report.rows})
    if not found:
        return []
    first, last = found[0], found[-1]
    if len(first) == len("2026-11-01"):
        begin = date.fromisoformat(first)
        days = (date.fromisoformat(last) - begin).days
        return [(begin + timedelta(days=number)).isoformat() for number in range(days + 1)]
    year, month = map(int, first.split("-"))
    made = []
    while (time := f"{year:04}-{month:02}") <= last:
        made.append(time)
        year, month = (year + 1, 1) if month == len(_MONTHS) else (year, month + 1)
    return made


def _series(report: Report, width: int, charged_at: int) -> list[_Series]:
    """One series for each value, those that cost most first, and one of the rest."""
    charged: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in report.rows:
        name = ", ".join("not attributed" if cell is None else str(cell) for cell in row[1:width])
        amount = row[charged_at]
        charged[name][str(row[0])] += amount if isinstance(amount, int) else 0
    sums = {name: sum(of_name.values()) for name, of_name in charged.items()}
    ranked = sorted(charged, key=lambda name: (-abs(sums[name]), name))
    named = ranked if len(ranked) <= len(_COLOURS) else ranked[: len(_COLOURS) - 1]
    made = [
        _Series(name, colour, charged[name]) for name, colour in zip(named, _COLOURS, strict=False)
    ]
    rest = [name for name in ranked if name not in set(named)]
    if rest:
        others = _Series(f"{len(rest)} others", _OTHERS)
        for name in rest:
            for time, amount in charged[name].items():
                others.charged[time] += amount
        made.append(others)
    return made


def _bars(axis: _Axis, series: Sequence[_Series], top: float, height: float) -> list[str]:
    """Stack what is above nought upwards and what is below downwards."""
    sums = [
        sum(amount for one in series if (amount := one.charged.get(time, 0)) * sign > 0)
        for time in axis.times
        for sign in (1, -1)
    ]
    scale = svg.scale(sums, top, height)
    made = scale.grid(_LEFT, _RIGHT)
    # Gaps between bars that are hardly wider than a pixel would flicker.
    gap = min(axis.slot * 0.2, 6.0) if axis.slot > _THIN else 0.0
    for number, time in enumerate(axis.times):
        ends = {1: 0, -1: 0}
        for one in series:
            amount = one.charged.get(time, 0)
            if not amount:
                continue
            sign = 1 if amount > 0 else -1
            start, ends[sign] = ends[sign], ends[sign] + amount
            above, below = max(start, ends[sign]), min(start, ends[sign])
            named = f"{time}: {one.name}, " if one.name else f"{time}: "
            made.append(
                svg.bar(
                    (axis.x(number) + gap / 2, scale.y(above)),
                    axis.slot - gap,
                    scale.y(below) - scale.y(above),
                    fill=one.colour,
                    says=f"{named}{format_usd(amount)}",
                )
            )
    return made


def _running(axis: _Axis, series: Sequence[_Series], top: float, height: float) -> list[str]:
    """Draw what was charged so far as a line that has a panel and a scale of its own."""
    so_far: list[int] = []
    for time in axis.times:
        amount = sum(one.charged.get(time, 0) for one in series)
        so_far.append((so_far[-1] if so_far else 0) + amount)
    scale = svg.scale(so_far, top, height, marks=3)
    points = " ".join(
        f"{svg.number(axis.x(number) + axis.slot / 2)},{svg.number(scale.y(amount))}"
        for number, amount in enumerate(so_far)
    )
    last = format_usd(so_far[-1]) if so_far else format_usd(0)
    return [
        *scale.grid(_LEFT, _RIGHT),
        svg.text((_LEFT, top - 14), f"Charged so far: {last}", fill=svg.INK),
        (
            f'<polyline points="{points}" fill="none" stroke="{_LINE}" stroke-width="2.5" '
            'stroke-linejoin="round" stroke-linecap="round"/>'
        ),
    ]


def _legend(series: Sequence[_Series], top: float) -> tuple[list[str], float]:
    """Name the colours in lines; gives them, and where the chart can begin below."""
    made: list[str] = []
    x, y = _LEFT, top - 8
    for one in series:
        name = one.name if len(one.name) <= _NAME_MAX else f"{one.name[: _NAME_MAX - 1]}…"
        label = f"{name} {_short_usd(sum(one.charged.values()))}"
        width = 20 + svg.text_width(label) + 22
        if x > _LEFT and x + width > _RIGHT:
            x, y = _LEFT, y + 20
        made.append(svg.bar((x, y - 11), 13, 13, fill=one.colour, says=one.name))
        made.append(svg.text((x + 20, y), label, fill=svg.INK))
        x += width
    return made, y + 22


def _short_usd(amount_nano: int) -> str:
    """Round to cents what is a dollar or more; of less every decimal counts."""
    return format_usd(amount_nano, 2 if abs(amount_nano) >= NANO else None)


def _labelled(times: Sequence[str]) -> Iterator[tuple[int, str]]:
    if not times:
        return
    if len(times[0]) == len("2026-11") or len(times) <= _LABELS_MAX:
        step = -(-len(times) // _LABELS_MAX)
        chosen = [number for number in range(len(times)) if number % step == 0]
    elif len(times) <= 6 * _LABELS_MAX:
        chosen = list(range(0, len(times), 7))
    else:
        firsts = [number for number, time in enumerate(times) if time.endswith("-01")]
        chosen = firsts[:: -(-len(firsts) // _LABELS_MAX)]
    for number in chosen:
        yield number, _short(times[number], with_year=number == chosen[0])


def _short(time: str, *, with_year: bool) -> str:
    """Write a day as `3 Nov` and a month as `Nov`, the first and each January with the year."""
    year, month, *day = time.split("-")
    name = _MONTHS[int(month) - 1]
    if day:
        name = f"{int(day[0])} {name}"
    is_new_year = month == "01" and (not day or day == ["01"])
    return f"{name} {year}" if with_year or is_new_year else name


def _in_words(report: Report, axis: _Axis, series: Sequence[_Series]) -> str:
    """Say what the chart shows to whoever does not see it."""
    if not axis.times:
        return "Nothing was charged."
    total = sum(sum(one.charged.values()) for one in series)
    by_time = {time: sum(one.charged.get(time, 0) for one in series) for time in axis.times}
    most = max(by_time, key=lambda time: by_time[time])
    told = [
        (
            f"Bars from {axis.times[0]} to {axis.times[-1]}: {format_usd(total)} in all, most in "
            f"{most} with {format_usd(by_time[most])}."
        )
    ]
    if len(report.columns) > 4:  # noqa: PLR2004  time, released, charged, so far; then it is stacked
        each = (f"{one.name} {format_usd(sum(one.charged.values()))}" for one in series)
        told.append(f"Stacked: {'; '.join(each)}.")
    else:
        told.append("A line below shows what they add up to.")
    return " ".join(told)
