"""Rules of provisioning: the life of a call to a provisioning endpoint."""

from enum import StrEnum

from cashline.kernel.lifecycle import Lifecycle


class ProvisioningStatus(StrEnum):
    """Where a request to switch a service stands."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    COMPENSATED = "compensated"


PROVISIONING = Lifecycle(
    "provisioning request",
    ("confirm", [ProvisioningStatus.REQUESTED], ProvisioningStatus.CONFIRMED),
    ("fail", [ProvisioningStatus.REQUESTED], ProvisioningStatus.FAILED),
    ("retry", [ProvisioningStatus.FAILED], ProvisioningStatus.REQUESTED),
    (
        "compensate",
        [ProvisioningStatus.REQUESTED, ProvisioningStatus.CONFIRMED, ProvisioningStatus.FAILED],
        ProvisioningStatus.COMPENSATED,
    ),
)
