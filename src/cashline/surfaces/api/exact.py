"""JSON without floats, both ways: fractions are read as Decimal, and every Decimal is written as a string."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from django.http import HttpRequest
from ninja.renderers import BaseRenderer

from cashline.kernel.money import minor_units
from cashline.kernel.refusals import InvalidValue
from cashline.kernel.rounding import round_to

MAX_DEPTH = 32


def _decimal(text: str) -> Decimal:
    return Decimal(text)


def _constant(text: str) -> None:
    raise InvalidValue(f"{text} is not JSON.", field="body")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidValue("A key stands twice in one object.", field="body")
    return found


def parse_exact(body: bytes) -> Any:
    """Read JSON; raises InvalidValue for anything else, and for what is nested deeper than 32 levels."""
    try:
        value = json.loads(
            body.decode("utf-8"), parse_float=_decimal, parse_constant=_constant, object_pairs_hook=_object
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise InvalidValue(f"The body is not valid JSON: {str(error)[:200]}", field="body") from None
    _bounded(value, 0)
    return value


def _bounded(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidValue(f"The body is nested deeper than {MAX_DEPTH} levels.", field="body")
    if isinstance(value, str) and "\x00" in value:
        raise InvalidValue("A text holds a NUL character.", field="body")
    if isinstance(value, dict):
        for key, item in value.items():
            _bounded(key, depth + 1)
            _bounded(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _bounded(item, depth + 1)


def tidy(value: Any, currency: str = "") -> Any:
    """Numbers as people write them: amounts with the digits of the currency beside them, others without idle zeros.

    An amount is known by the four decimals of its column; a digit that counts is never dropped.
    """
    if isinstance(value, dict):
        own = value.get("currency")
        inner = own if isinstance(own, str) and own else currency
        return {key: tidy(item, inner) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [tidy(item, currency) for item in value]
    if not isinstance(value, Decimal) or not value.is_finite():
        return value
    exponent = int(value.as_tuple().exponent)
    if exponent == -4 and currency:
        short = round_to(value, minor_units(currency))
        return short if short == value else value
    return Decimal(f"{value:f}".rstrip("0").rstrip(".")) if exponent <= -6 else value


class ExactRenderer(BaseRenderer):
    """Writes answers with msgspec: decimals and ids as strings, instants in ISO 8601."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """The body of an answer."""
        return msgspec.json.encode(tidy(data), enc_hook=str)
