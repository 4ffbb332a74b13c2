"""The moods of states, and which of the field's usual words has which."""

from collections.abc import Mapping
from enum import StrEnum


class Tone(StrEnum):
    """The mood of a pill, a notice or a timeline entry; never the only sign of a state, which is always written out."""

    NEUTRAL = "neutral"
    INFO = "info"
    ACCENT = "accent"
    SUCCESS = "success"
    WARNING = "warning"
    DANGER = "danger"


_TONES: Mapping[Tone, str] = {
    Tone.NEUTRAL: "draft new planned unposted expired archived inactive closed superseded scheduled withdrawn "
    "ended stopped consumed explained not_a_receipt",
    Tone.INFO: "sent submitted pending in_approval received validated booked open issued requested running processing "
    "matched queued ready issued out_for_signature released",
    Tone.ACCENT: "in_progress picking picked packed shipped activating allocated partially_shipped partially_paid "
    "started reserved",
    Tone.SUCCESS: "approved accepted signed active fulfilled delivered completed complete done paid settled posted "
    "recognised provisioned reconciled resolved succeeded won applied sealed activated confirmed",
    Tone.WARNING: "on_hold held waiting paused past_due overdue due_soon disputed backordered suspended unapplied "
    "unmatched retrying awaiting_stock short over compensated returned",
    Tone.DANGER: "rejected declined failed cancelled canceled voided void written_off terminated lost blocked bounced "
    "reversed error charged_back fallout",
}
_TONE_OF = {word: tone for tone, words in _TONES.items() for word in words.split()}


def tone_of(status: str) -> Tone:
    """The tone of a status by the field's usual words; neutral for a word that is not among them."""
    return _TONE_OF.get(str(status), Tone.NEUTRAL)
