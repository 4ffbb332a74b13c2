"""Dead letters: events that could not be recorded, with the reason; replayed once the cause is mended."""

from enum import StrEnum

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
