"""Pages of lists by cursor: stable under inserts, and no deeper page costs more than the first."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from cashline.kernel.refusals import InvalidValue

MAX_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Page[T]:
    """Items of a list, and the cursor of the page after them ("" on the last)."""

    items: list[T]
    next_cursor: str


def encode_cursor(key: UUID) -> str:
    """The cursor behind a row."""
    return base64.urlsafe_b64encode(key.bytes).decode().rstrip("=")


def decode_cursor(cursor: str) -> UUID | None:
    """The row that a cursor points behind; None for the first page; raises InvalidValue."""
    if not cursor:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (ValueError, TypeError):
        raise InvalidValue("This cursor is not one of ours.", field="cursor") from None


def page_of[T](rows: Sequence[T], limit: int, key: Callable[[T], UUID]) -> Page[T]:
    """Make a page of up to `limit` rows out of a query for `limit` + 1."""
    items = list(rows[:limit])
    return Page(items, encode_cursor(key(items[-1])) if len(rows) > limit else "")
