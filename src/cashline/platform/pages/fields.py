"""Form fields as values, and the reading of a submitted form: every error of every field at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from babel.numbers import NumberFormatError, parse_decimal
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import QueryDict

from cashline.kernel.money import MAX_AMOUNT
from cashline.kernel.periods import FIRST_DAY, LAST_DAY
from cashline.kernel.refusals import Refusal, Refusals
from cashline.platform.pages.components import Label, Option
from cashline.platform.pages.formats import current_locale, format_number
from cashline.platform.pages.speaking import gettext as _
from cashline.platform.pages.speaking import sentence

type FieldKind = Literal[
    "text",
    "email",
    "textarea",
    "decimal",
    "integer",
    "date",
    "month",
    "choice",
    "radio",
    "many",
    "yes",
    "file",
    "lookup",
    "password",
]
type FieldValue = str | Decimal | int | date | bool | tuple[str, ...] | None

MAX_LINES = 1000


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a form asks. `lookup` is the address that answers `?q=` with options (see `render_options`).

    A month is asked as its first day. `prefix` and `suffix` stand inside the field, such as a currency.
    """

    name: str
    label: Label
    kind: FieldKind = "text"
    required: bool = True
    value: "FieldValue | Label" = None
    hint: Label = ""
    options: tuple[Option, ...] = ()
    lookup: str = ""
    lookup_label: str = ""
    placeholder: Label = ""
    prefix: str = ""
    suffix: str = ""
    least: Decimal | int | None = None
    most: Decimal | int | None = None
    max_length: int = 200
    accept: str = ""
    autocomplete: str = "off"
    width: Literal["full", "half", "third", "quarter"] = "full"
    readonly: bool = False
    free: bool = False
    """Of a lookup: what was typed stands for itself where nothing was chosen, for a rule to judge."""


@dataclass(frozen=True, slots=True)
class FieldSet:
    """Fields that belong together, under a legend."""

    legend: Label
    fields: tuple[Field, ...]
    note: Label = ""


@dataclass(frozen=True, slots=True)
class LineFields:
    """Lines of a document as a form: each line has these fields, named `name-0-field`, `name-1-field`, …

    A row gives the text of a lookup field `sku` as `sku_label`.
    """

    name: str
    legend: Label
    fields: tuple[Field, ...]
    add_label: Label
    rows: tuple[Mapping[str, str], ...] = ()
    least: int = 1
    note: Label = ""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with a field, in words for a person, with the refusal's code and its fix where it has one."""

    field: str
    message: str
    code: str = "invalid_value"
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A form as read: typed values by field name, its lines, and all errors. `raw` is what was typed, to show again."""

    values: Mapping[str, FieldValue] = field(default_factory=dict)
    lines: "tuple[Reading, ...]" = ()
    errors: tuple[FieldError, ...] = ()
    raw: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    raw_lines: tuple[Mapping[str, str], ...] = ()

    def text(self, name: str) -> str:
        """Text, a choice, a looked-up id or an e-mail address; empty where none was given."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def decimal(self, name: str) -> Decimal | None:
        """An exact number."""
        value = self.values.get(name)
        return value if isinstance(value, Decimal) else None

    def integer(self, name: str) -> int | None:
        """A whole number."""
        value = self.values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def day(self, name: str) -> date | None:
        """A date; the first day for a month."""
        value = self.values.get(name)
        return value if isinstance(value, date) else None

    def yes(self, name: str) -> bool:
        """A ticked box."""
        return self.values.get(name) is True

    def many(self, name: str) -> tuple[str, ...]:
        """The chosen options."""
        value = self.values.get(name)
        return value if isinstance(value, tuple) else ()


class _Wrong(Exception):
    """What is wrong with one typed value, in words."""


def read_form(data: QueryDict, fieldsets: tuple[FieldSet, ...], lines: LineFields | None = None) -> Reading:
    """Read a submitted form; every error comes at once. Files are read by the door itself from `request.FILES`."""
    fields = tuple(one for fieldset in fieldsets for one in fieldset.fields if one.kind != "file")
    values, errors, raw = _read(data, fields, "")
    read_lines: list[Reading] = []
    raw_lines: list[Mapping[str, str]] = []
    for number in _line_numbers(data, lines) if lines else ():
        assert lines is not None  # noqa: S101 - for the type checker
        prefix = f"{lines.name}-{number}-"
        line_values, line_errors, line_raw = _read(data, lines.fields, prefix)
        typed = {name.removeprefix(prefix): text for name, text in line_raw.items() if isinstance(text, str)}
        if not any(typed.values()):
            continue
        place = f"{lines.name}-{len(read_lines)}-"
        moved = tuple(FieldError(place + e.field.removeprefix(prefix), e.message, e.code, e.fix) for e in line_errors)
        read_lines.append(Reading(line_values, errors=moved))
        raw_lines.append(typed)
        errors += list(moved)
    if lines and len(read_lines) < lines.least:
        errors.append(FieldError(lines.name, _("Give at least %(count)s line.") % {"count": lines.least}, "missing"))
    return Reading(values, tuple(read_lines), tuple(errors), raw, tuple(raw_lines))


def said(data: QueryDict, name: str, most: int | None = 1000) -> str:
    """What a person typed, at most so many characters: without outer spaces, and without NUL, which no text holds."""
    return data.get(name, "").replace("\x00", "").strip()[:most]


def errors_of(refusal: Refusal) -> tuple[FieldError, ...]:
    """The refusals of an action as a page tells them; for its form, `lines.0.sku` is the field `lines-0-sku`."""
    found = tuple(refusal) if isinstance(refusal, Refusals) else (refusal,)
    return tuple(
        FieldError(one.field.replace(".", "-"), sentence(one.message), one.code, sentence(one.fix)) for one in found
    )


def _line_numbers(data: QueryDict, lines: LineFields) -> list[int]:
    found: set[int] = set()
    for key in data:
        parts = key.split("-", 2)
        if len(parts) == 3 and parts[0] == lines.name and parts[1].isdecimal() and len(parts[1]) < 6:
            found.add(int(parts[1]))
    return sorted(found)[:MAX_LINES]


def _read(
    data: QueryDict, fields: tuple[Field, ...], prefix: str
) -> tuple[dict[str, FieldValue], list[FieldError], dict[str, str | tuple[str, ...]]]:
    values: dict[str, FieldValue] = {}
    errors: list[FieldError] = []
    raw: dict[str, str | tuple[str, ...]] = {}
    for one in fields:
        name = prefix + one.name
        if one.kind == "many":
            raw[name] = tuple(data.getlist(name))
            known = {option.value for option in one.options}
            values[one.name] = tuple(text for text in data.getlist(name) if text in known)
            continue
        text = said(data, name, None)
        if one.kind == "lookup" and (typed := said(data, f"{name}-typed", one.max_length)):
            raw[f"{name}_label"] = typed
            if not text and not one.free:
                raw[name] = ""
                errors.append(FieldError(name, _not_found(one, typed)))
                continue
            text = text or typed
        raw[name] = text
        try:
            values[one.name] = _value(one, text)
        except _Wrong as wrong:
            errors.append(FieldError(name, str(wrong), "invalid_value" if text else "missing"))
    return values, errors, raw


def _not_found(one: Field, typed: str) -> str:
    message = _("%(label)s: nothing is known by “%(typed)s”. Choose one of the list that opens as you type.")
    return message % {"label": one.label, "typed": typed[:80]}


def _value(one: Field, text: str) -> FieldValue:
    if one.kind == "yes":
        if one.required and not text:
            raise _Wrong(_("Tick %(label)s to go on.") % {"label": one.label})
        return bool(text)
    if not text:
        if one.required:
            raise _Wrong(_("%(label)s is needed.") % {"label": one.label})
        return None
    return _READERS.get(one.kind, _text)(one, text)


def _text(one: Field, text: str) -> str:
    if len(text) > one.max_length:
        raise _Wrong(
            _("%(label)s may have %(most)s characters at most.") % {"label": one.label, "most": one.max_length}
        )
    return text


def _email(one: Field, text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise _Wrong(_("%(text)s is not an e-mail address.") % {"text": text[:80]}) from None
    return _text(one, text)


def _decimal(one: Field, text: str) -> Decimal:
    try:
        number = Decimal(parse_decimal(text, locale=current_locale(), strict=True))
    except (NumberFormatError, ArithmeticError):
        raise _Wrong(_("%(label)s: %(text)s is not a number.") % {"label": one.label, "text": text[:40]}) from None
    if not number.is_finite() or abs(number) >= MAX_AMOUNT:
        raise _Wrong(_("%(label)s is out of range.") % {"label": one.label})
    return _in_range(one, number)


def _integer(one: Field, text: str) -> int:
    number = _decimal(one, text)
    if number != number.to_integral_value():
        raise _Wrong(_("%(label)s must be a whole number.") % {"label": one.label})
    return int(number)


def _in_range(one: Field, number: Decimal) -> Decimal:
    if one.least is not None and number < one.least:
        raise _Wrong(
            _("%(label)s must be at least %(least)s.") % {"label": one.label, "least": format_number(one.least)}
        )
    if one.most is not None and number > one.most:
        raise _Wrong(_("%(label)s must be at most %(most)s.") % {"label": one.label, "most": format_number(one.most)})
    return number


def _day(one: Field, text: str) -> date:
    try:
        day = date.fromisoformat(f"{text}-01" if one.kind == "month" else text)
    except ValueError:
        example = "2026-03" if one.kind == "month" else "2026-03-31"
        message = _("%(label)s: %(text)s is not a date such as %(example)s.")
        raise _Wrong(message % {"label": one.label, "text": text[:40], "example": example}) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        message = _("%(label)s: give a day from %(first)s to %(last)s.")
        raise _Wrong(message % {"label": one.label, "first": FIRST_DAY, "last": LAST_DAY})
    return day


def _choice(one: Field, text: str) -> str:
    if text not in {option.value for option in one.options}:
        raise _Wrong(_("%(label)s: choose one of the options.") % {"label": one.label})
    return text


_READERS: Mapping[str, Callable[[Field, str], FieldValue]] = {
    "email": _email,
    "decimal": _decimal,
    "integer": _integer,
    "date": _day,
    "month": _day,
    "choice": _choice,
    "radio": _choice,
}
