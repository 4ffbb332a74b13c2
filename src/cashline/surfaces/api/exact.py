"""JSON without floats, both ways: fractions are read as Decimal, and every Decimal is written as a string."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from django.http import HttpRequest
from ninja.renderers import BaseRenderer

from cashline.kernel.refusals import InvalidValue

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


class ExactRenderer(BaseRenderer):
    """Writes answers with msgspec: decimals and ids as strings, instants in ISO 8601."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """The body of an answer."""
        return msgspec.json.encode(data, enc_hook=str)
