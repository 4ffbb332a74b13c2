"""Rules of installations: planned, scheduled, done, accepted."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


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
