"""Rules of customers: their statuses, addresses and tax identity."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


class CustomerStatus(StrEnum):
    """Whether business is done with a customer."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    CLOSED = "closed"


CUSTOMER = Lifecycle(
    "customer",
    ("block", [CustomerStatus.ACTIVE], CustomerStatus.BLOCKED),
    ("unblock", [CustomerStatus.BLOCKED], CustomerStatus.ACTIVE),
    ("close", [CustomerStatus.ACTIVE, CustomerStatus.BLOCKED], CustomerStatus.CLOSED),
)


class AddressRole(StrEnum):
    """What an address is for."""

    BILL_TO = "bill_to"
    SHIP_TO = "ship_to"
