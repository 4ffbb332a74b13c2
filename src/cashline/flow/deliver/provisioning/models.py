"""Tables of provisioning: where services are switched, and each request to do so."""

from django.db import models

from cashline.flow.deliver.provisioning.rules import ProvisioningStatus
from cashline.platform.database.tables import Table, instant_column, link_to, quantity_column, status_column


class ProvisioningEndpoint(Table):
    """The address that switches the services of a provisioning key, and the secret that signs calls and call-backs."""

    key = models.TextField(unique=True)
    url = models.TextField()
    secret = models.TextField()
    active = models.BooleanField(db_default=True)

    class Meta:
        db_table = "provisioning_endpoints"


class ProvisioningRequest(Table):
    """A request to activate or deactivate a service for an order line; sent through the outbox, answered by call-back.

    `attempts` counts how often it was asked anew after a refusal, beside the retries of one sending by the outbox.
    """

    order_line = link_to("orders.OrderLine")
    step = link_to("fulfilment.FulfilmentStep", db_index=False, null=True)
    endpoint = link_to("provisioning.ProvisioningEndpoint", db_index=False)
    operation = models.TextField()
    quantity = quantity_column()
    status = status_column(ProvisioningStatus, db_default=ProvisioningStatus.REQUESTED)
    attempts = models.IntegerField(db_default=1)
    external_reference = models.TextField(blank=True, db_default="")
    requested_at = instant_column()
    answered_at = instant_column(null=True)
    error = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "provisioning_requests"
        constraints = [
            models.UniqueConstraint(fields=["order_line", "operation"], name="provisioning_request_once"),
            models.CheckConstraint(
                condition=models.Q(operation__in=["activate", "deactivate"]), name="provisioning_operation_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "id"],
                name="provisioning_unanswered",
                condition=models.Q(status__in=["requested", "failed"]),
            ),
            models.Index(fields=["external_reference"], opclasses=["text_pattern_ops"], name="provisioning_reference"),
        ]
