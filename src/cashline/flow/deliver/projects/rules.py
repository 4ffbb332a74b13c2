"""Rules of installations: planned, scheduled, done, accepted."""

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum

from cashline.flow.agree.contracts.rules.signing import is_name_of
from cashline.kernel.lifecycle import Lifecycle
from cashline.kernel.refusals import InvalidValue, Refusal

MAX_TEXT = 200
MAX_NOTE = 4000


class InstallationStatus(StrEnum):
    """Where an installation stands. Only acceptance by the customer makes it billable."""

    PLANNED = "planned"
    SCHEDULED = "scheduled"
    DONE = "done"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"


_I = InstallationStatus
INSTALLATION = Lifecycle(
    "installation",
    ("schedule", [_I.PLANNED, _I.SCHEDULED], _I.SCHEDULED),
    ("finish", [_I.PLANNED, _I.SCHEDULED], _I.DONE),
    ("accept", [_I.DONE], _I.ACCEPTED),
    ("reject", [_I.DONE], _I.SCHEDULED),
    ("cancel", [_I.PLANNED, _I.SCHEDULED, _I.DONE], _I.CANCELLED),
)


class InvalidInstallationDate(Refusal):
    """A day that cannot be: done in the future, or accepted before it was done."""

    code = "invalid_installation_date"


def happened_errors(day: date, today: date, not_before: date | None, field: str) -> list[Refusal]:
    """Why something cannot have happened that day; `today` is in UTC, where the work is it may be a day later."""
    if day > today + timedelta(days=1) or day.year < 1990:
        return [InvalidInstallationDate("The day lies in the future.", field=field, fix="Give the day it happened.")]
    if not_before is not None and day < not_before:
        return [InvalidInstallationDate(f"The work was done on {not_before}, and not accepted before.", field=field)]
    return []


def acceptance_errors(accepted_by: str, evidence: str, contacts: Sequence[str]) -> list[Refusal]:
    """Why an acceptance cannot be held against the customer: by nobody known there, and with nothing to show for it."""
    if evidence.strip() or not accepted_by.strip() or any(is_name_of(accepted_by, one) for one in contacts):
        return []
    known = f" Known there: {', '.join(contacts[:5])}." if contacts else ""
    return [
        InvalidValue(
            f"{accepted_by} is not known as a contact of the customer: say what shows the acceptance.{known}",
            field="evidence",
            fix="Give the signed sheet, the mail or what else shows it, or name a contact of the customer.",
        )
    ]


def text_errors(text: str, field: str, *, most: int = MAX_TEXT, required: bool = False) -> list[Refusal]:
    """What is wrong with a text."""
    if required and not text.strip():
        return [InvalidValue("This must be given.", field=field)]
    return [InvalidValue(f"This has {most} characters at most.", field=field)] if len(text) > most else []
