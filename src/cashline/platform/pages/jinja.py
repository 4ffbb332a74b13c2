"""The environment of the page templates: Jinja2 with autoescape, translations, filters that write values for people."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, QueryDict
from django.middleware.csp import get_nonce
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, pgettext
from jinja2 import Environment, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from cashline.kernel.identifiers import new_id
from cashline.kernel.telling import tell
from cashline.platform.pages import cells, formats
from cashline.platform.pages import components as parts
from cashline.platform.pages.anatomies import FormPage
from cashline.platform.pages.chart_data import chart_json, chart_table, spark_points
from cashline.platform.pages.fields import Field
from cashline.platform.pages.speaking import gettext, ngettext


def environment(**options: Any) -> Environment:
    """The environment that Django's Jinja2 backend asks for (`OPTIONS["environment"]`)."""
    options |= {"autoescape": True, "trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined}
    env = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], **options)  # noqa: S701 - autoescape stands in options
    env.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext)  # type: ignore[attr-defined]
    env.globals |= {
        "static": static,
        "url": url,
        "csp_nonce": csp_nonce,
        "with_query": with_query,
        "without": without,
        "language": lambda: get_language() or "en",
        "icon": cells.icon,
        "tell": lambda made, currency: tell(made, currency, get_language() or "en"),
        "idempotency_key": lambda: str(new_id()),
        "Tone": parts.Tone,
    }
    env.filters |= {
        "money": formats.format_money,
        "money_short": formats.format_short,
        "money_whole": formats.format_whole,
        "number": formats.format_number,
        "percent": formats.format_percent,
        "trimmed": formats.trim_number,
        "date": formats.format_day,
        "month": formats.format_month,
        "datetime": formats.format_instant,
        "clock_time": formats.format_clock_time,
        "relative": relative,
        "tone": parts.tone_of,
        "pill": parts.pill,
        "short_id": formats.format_id,
        "draw": cells.draw,
        "figure": cells.draw_figure,
        "cells_of": cells_of,
        "in_column": in_column,
        "field_value": field_value,
        "has_file": has_file,
        "chart_json": chart_json,
        "chart_table": chart_table,
        "spark": spark_points,
    }
    return env


def url(name: str, *args: object, **kwargs: object) -> str:
    """The address of a named page."""
    return reverse(name, args=args or None, kwargs=kwargs or None)


@pass_context
def csp_nonce(context: Context) -> str:
    """The nonce of this answer's content security policy."""
    request: HttpRequest = context["request"]
    return str(get_nonce(request) or "")


@pass_context
def with_query(context: Context, /, **changes: object) -> str:
    """This page's address with some query-string keys changed (None or empty removes one) and all others kept.

    A changed filter or sort starts at the first page again: `after` and the trail that led there are dropped unless
    `after` is among the changes.
    """
    request: HttpRequest = context["request"]
    return query_address(request.path, request.GET, changes)


@pass_context
def without(context: Context, keys: Iterable[str]) -> str:
    """This page's address without some query-string keys, from the first page."""
    request: HttpRequest = context["request"]
    return query_address(request.path, request.GET, dict.fromkeys(keys))


def query_address(path: str, query: QueryDict, changes: Mapping[str, object]) -> str:
    """See `with_query`."""
    changed = query.copy()
    if "after" not in changes:
        changed.pop("after", None)
        changed.pop("trail", None)
    for key, value in changes.items():
        if value in (None, "", (), []):
            changed.pop(key, None)
        elif isinstance(value, list | tuple):
            changed.setlist(key, [str(item) for item in value])
        else:
            changed[key] = str(value)
    encoded = changed.urlencode()
    return f"{path}?{encoded}" if encoded else path


@pass_context
def relative(context: Context, value: date | datetime | None) -> str:
    """How far a day is from the day of the page."""
    return formats.format_relative(value, context["shell"].today)


@pass_context
def cells_of(context: Context, row: parts.Row, columns: tuple[parts.Column, ...]) -> Markup:
    """The cells of a row; days are told from the day of the page."""
    return cells.draw_cells(columns, row, context["shell"].today)


@pass_context
def in_column(context: Context, value: object, column: parts.Column) -> Markup:
    """A value as it stands in a column."""
    return cells.draw_in(column, value, context["shell"].today)


def field_value(one: Field) -> str | tuple[str, ...]:
    """A field's first value as its control shows it."""
    value = one.value
    if value is None or value is False:
        return ""
    if isinstance(value, tuple):
        return value
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return formats.format_input(value)
    if isinstance(value, date):
        return value.isoformat()[:7] if one.kind == "month" else value.isoformat()
    return str(value)


def has_file(page: FormPage) -> bool:
    """Must the form be sent as multipart?"""
    return any(one.kind == "file" for fieldset in page.fieldsets for one in fieldset.fields)
