"""Dead letters: events that could not be recorded, with the reason; replayed once the cause is mended."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cashline.kernel.lifecycle import Lifecycle


class DeadLetterStatus(StrEnum):
    """Where a dead letter stands."""

    WAITING = "waiting"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


_S = DeadLetterStatus
DEAD_LETTER = Lifecycle(
    "usage_dead_letter",
    ("replay", [_S.WAITING], _S.REPLAYED),
    ("discard", [_S.WAITING], _S.DISCARDED),
)


MAX_NAME, MAX_TEXT = 300, 2_000
"""How much of a source or an id, and of other texts, is kept of what could not be read."""
LARGEST = 2**53


def kept_text(text: str, most: int = MAX_NAME) -> str:
    """As much of a text as a database can hold: no NUL, no half of a character, no more than so many characters."""
    return text[:most].encode("utf-8", "replace").decode().replace("\x00", "")


def kept_payload(value: Any) -> Any:
    """What was sent, as JSON that a database can hold; a number too large for one is kept as its digits."""
    if isinstance(value, str):
        return kept_text(value, MAX_TEXT)
    if isinstance(value, Mapping):
        return {kept_text(str(name)): kept_payload(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [kept_payload(item) for item in value]
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < LARGEST):
        return value
    return kept_text(str(value), MAX_TEXT)
