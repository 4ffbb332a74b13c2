"""What the commands of every domain share: who acts, what time it is, and how answers are written.

With `--json` an answer is one JSON value: decimals and ids as strings, as the API writes them. Commands import their
domain inside, so that starting the program costs nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import click

from cashline.kernel.periods import FIRST_DAY, LAST_DAY
from cashline.platform.permissions.rules import Authority, Grant

TERMINAL = Authority("system:cli", "Terminal", (Grant("owner"),))
"""Whoever can run commands holds the database already; `--as` makes it act as a user, with that user's authority."""

json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
limit_option = click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500))
as_option = click.option("--as", "email", default="", help="The e-mail of the user to act as.")
reason_option = click.option("--reason", required=True, help="Why.")


class AnyDecimal(click.ParamType[Decimal]):
    """An exact number; no float is ever made of it."""

    name = "number"

    def convert(self, value: Any, param: Any, ctx: Any) -> Decimal:
        """Read it, or say what is wrong."""
        from cashline.kernel.money import to_decimal
        from cashline.kernel.refusals import InvalidValue

        try:
            return to_decimal(value)
        except InvalidValue as refusal:
            self.fail(refusal.message, param, ctx)


class Day(click.ParamType[date]):
    """A date such as 2026-03-31."""

    name = "day"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        """Read it, or say what is wrong."""
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date such as 2026-03-31.", param, ctx)
        if not FIRST_DAY <= day <= LAST_DAY:
            self.fail(f"{value} is no day of business: give one from {FIRST_DAY} to {LAST_DAY}.", param, ctx)
        return day


NUMBER, DAY = AnyDecimal(), Day()


def authority_for(email: str) -> Authority:
    """The terminal's own authority, or that of the user named by `--as`; raises NotFound."""
    if not email:
        return TERMINAL
    from cashline.kernel.refusals import NotFound
    from cashline.platform.people.queries import user_authority, user_by_email

    key = user_by_email(email)
    if key is None:
        raise NotFound(f"There is no user {email!r}.", field="as")
    return user_authority(key)


def now() -> datetime:
    """The instant of this database's clock."""
    from cashline.platform.clock.queries import read_clock

    return read_clock().now


def today(timezone: str = "UTC") -> date:
    """The business day there by this database's clock."""
    from cashline.platform.clock.queries import read_clock

    return read_clock().today(timezone)


def resolve(kind: str, text: str, by_number: Callable[[str], UUID | None]) -> UUID:
    """The key of a document named by its public id or its number; raises NotFound."""
    from cashline.kernel.identifiers import PREFIXES, key_of
    from cashline.kernel.refusals import NotFound

    if text.startswith(f"{PREFIXES[kind]}_"):
        return key_of(kind, text)
    found = by_number(text)
    if found is None:
        raise NotFound(f"There is no {kind.replace('_', ' ')} {text!r}.", field="id")
    return found


def say(shape: Any, sentence: str, *, as_json: bool) -> None:
    """One answer: the shape in JSON, or a sentence for a person."""
    click.echo(_json(shape) if as_json else sentence)


def table(items: Sequence[Mapping[str, Any]], columns: Iterable[str], *, as_json: bool, next_cursor: str = "") -> None:
    """A list: `{"items": […], "next_cursor": ""}` in JSON, or columns of text."""
    if as_json:
        click.echo(_json({"items": items, "next_cursor": next_cursor}))
        return
    names = list(columns)
    rows = [[_text(item.get(name)) for name in names] for item in items]
    widths = [max(len(name), *(len(row[place]) for row in rows), 0) for place, name in enumerate(names)]
    for row in [[name.replace("_", " ") for name in names], *rows]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _json(shape: Any) -> str:
    import msgspec

    return msgspec.json.encode(shape, enc_hook=str).decode()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value == value.to_integral() else f"{value:f}".rstrip("0")
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)
