"""How one value stands on a page: the hot path of every table, so written here and not in a template.

Every text is escaped where it enters; the functions with a `_` give strings that are safe already.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.templatetags.static import static
from markupsafe import Markup
from markupsafe import escape as _escape

from cashline.kernel.money import Money
from cashline.platform.pages import formats
from cashline.platform.pages.components import Cell, Column, MoneyCell, Pill, Progress, Row, Tone
from cashline.platform.pages.speaking import gettext as _

NO_BREAK = "\u00a0"
LABELLED = ("number", "money", "percent", "date", "month", "datetime", "ago", "progress")
"""Columns whose values need their name beside them on a phone."""


def draw(value: object) -> Markup:
    """A value as it stands in a fact, a figure or a summary."""
    return Markup(_value(value))  # noqa: S704 - escaped where it is made


def draw_in(column: Column, value: object, today: date | None = None) -> Markup:
    """A value as it stands in a column, by the column's kind."""
    return Markup(_in_column(column, value, today))  # noqa: S704 - escaped where it is made


def draw_cells(columns: Iterable[Column], row: Row, today: date | None = None) -> Markup:
    """The cells of a row; the first one carries the link that opens the row's document."""
    drawn: list[str] = []
    for place, column in enumerate(columns):
        value = row.cells.get(column.key)
        inside = _in_column(column, value, today)
        if place == 0 and row.url:
            inside = _opening(row.url, value, inside)
        look = ' class="right"' if column.right else ""
        label = f' data-label="{escape(column.label)}"' if column.kind in LABELLED else ""
        none = " data-none" if value is None or value == "" else ""
        drawn.append(f'<td role="cell"{look} data-place="{column.place}"{label}{none}>{inside}</td>')
    return Markup("".join(drawn))  # noqa: S704 - escaped where it is made


def icon(name: str, label: str = "") -> Markup:
    """An icon of the sprite; decorative unless it has a label."""
    return Markup(_icon(name, label))  # noqa: S704 - escaped where it is made


def draw_figure(value: object) -> Markup:
    """A value as the figure of an overview: money in whole units, the exact amount in its title."""
    cell = value if isinstance(value, MoneyCell) else MoneyCell(value) if isinstance(value, Money) else None
    if cell is None:
        return draw(value)
    exact, whole = escape(formats.format_money(cell.money)), escape(formats.format_whole(cell.money))
    if cell.explain:
        text = f'<a class="explain" href="{escape(cell.explain)}" data-drawer title="{exact}">{whole}</a>'
    else:
        text = f'<span class="money" title="{exact}">{whole}</span>'
    return Markup(text)  # noqa: S704 - escaped where it is made


def escape(value: object) -> str:
    """Text that is safe in HTML, also between quotes."""
    return str(_escape(value))


def _icon(name: str, label: str = "") -> str:
    heard = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    address = f"{static('vendor/icons.svg')}#{escape(name)}"
    return f'<svg class="icon" {heard} focusable="false"><use href="{address}"/></svg>'


def _opening(url: str, value: object, inside: str) -> str:
    if isinstance(value, MoneyCell):
        return inside
    if isinstance(value, Cell):
        sub = f'<span class="sub">{escape(value.sub)}</span>' if value.sub else ""
        return f'<a class="row-link" href="{escape(url)}">{_value(value.value)}</a>{sub}'
    return f'<a class="row-link" href="{escape(url)}">{inside}</a>'


def _in_column(column: Column, value: object, today: date | None) -> str:
    if column.kind == "code" and isinstance(value, str) and value:
        return f'<span class="ref">{escape(value)}</span>'
    if column.kind == "ago" and isinstance(value, date):
        exact = formats.format_instant(value) if isinstance(value, datetime) else formats.format_day(value)
        told = escape(formats.format_relative(value, today))
        return f'<time datetime="{value.isoformat()}" title="{escape(exact)}">{told}</time>'
    if column.kind == "date" and isinstance(value, datetime):
        day, exact = formats.day_of(value), escape(formats.format_instant(value))
        return f'<time datetime="{value.isoformat()}" title="{exact}">{escape(formats.format_day(day))}</time>'
    if column.kind == "month" and isinstance(value, date):
        return f'<time datetime="{value:%Y-%m}">{escape(formats.format_month(value))}</time>'
    if column.kind == "percent" and isinstance(value, Decimal | int):
        return f'<span class="num">{escape(formats.format_percent(value))}</span>'
    return _value(value)


def _value(value: object) -> str:
    if value is None or value == "":
        return f'<span class="faint" aria-label="{escape(_("none"))}" role="img">—</span>'
    for kind, drawing in _DRAWINGS:
        if isinstance(value, kind):
            return drawing(value)
    return escape(value)


def _text(text: str) -> str:
    """A text whose numbers stay on one line with their percent signs."""
    return escape(text).replace(" %", f"{NO_BREAK}%")


def _money(money: Money) -> str:
    look = "money" if money.amount else "money zero"
    return f'<span class="{look}">{escape(formats.format_money(money))}</span>'


def _money_cell(cell: MoneyCell) -> str:
    inside = _money(cell.money)
    if cell.explain:
        why = escape(_("Why is it this amount?"))
        inside = f'<a class="explain" href="{escape(cell.explain)}" data-drawer title="{why}">{inside}</a>'
    elif cell.url:
        inside = f'<a class="row-other" href="{escape(cell.url)}">{inside}</a>'
    elif cell.tone != Tone.NEUTRAL:
        inside = f'<span class="toned" data-tone="{cell.tone}">{inside}</span>'
    return inside + (f'<span class="sub">{escape(cell.sub)}</span>' if cell.sub else "")


def _pill(pill: Pill) -> str:
    return f'<span class="pill" data-tone="{pill.tone}">{escape(pill.label)}</span>'


def _pills(pills: tuple[Pill, ...]) -> str:
    return f'<span class="line-up wrap">{"".join(_pill(pill) for pill in pills)}</span>'


def _progress(progress: Progress) -> str:
    label = escape(progress.label or _("Progress"))
    words = f"{formats.format_number(progress.done)}/{formats.format_number(progress.total)}"
    bar = f'<progress class="bar" max="100" value="{progress.percent}" aria-label="{label}"></progress>'
    return f'<span class="inline-progress">{bar}<span class="small muted num">{escape(words)}</span></span>'


def _cell(cell: Cell) -> str:
    title = f' title="{escape(cell.title)}"' if cell.title else ""
    inside = _value(cell.value)
    if cell.url:
        inside = f'<a class="row-other link" href="{escape(cell.url)}"{title}>{inside}</a>'
    elif cell.tone != Tone.NEUTRAL:
        inside = f'<span class="toned" data-tone="{cell.tone}"{title}>{inside}</span>'
    elif title:
        inside = f"<span{title}>{inside}</span>"
    sign = f"{_icon(cell.icon)} " if cell.icon else ""
    return sign + inside + (f'<span class="sub">{escape(cell.sub)}</span>' if cell.sub else "")


def _yes(value: bool) -> str:
    return _icon("check", _("yes")) if value else escape(_("no"))


def _number(value: Decimal | int) -> str:
    return f'<span class="num">{escape(formats.format_number(value))}</span>'


def _instant(value: datetime) -> str:
    day, _comma, clock = formats.format_instant(value).rpartition(", ")
    told = f"{day.replace(' ', NO_BREAK)}, {clock}"
    return f'<time datetime="{value.isoformat()}">{escape(told)}</time>'


def _day(value: date) -> str:
    return f'<time datetime="{value.isoformat()}">{escape(formats.format_day(value))}</time>'


_DRAWINGS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (str, _text),
    (MoneyCell, _money_cell),
    (Money, _money),
    (Pill, _pill),
    (Cell, _cell),
    (bool, _yes),
    (Decimal | int, _number),
    (datetime, _instant),
    (date, _day),
    (Progress, _progress),
    (tuple, _pills),
)
