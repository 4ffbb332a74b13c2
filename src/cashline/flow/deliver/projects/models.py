"""The table of installations."""

from django.db import models

from cashline.flow.deliver.projects.rules import InstallationStatus
from cashline.platform.database.tables import Table, instant_column, link_to, status_column


class Installation(Table):
    """A service job for an order line; `accepted_evidence` is what shows the acceptance of somebody we do not know."""

    number = models.TextField(unique=True)
    order_line = models.OneToOneField("orders.OrderLine", on_delete=models.PROTECT, related_name="+")
    step = link_to("fulfilment.FulfilmentStep", db_index=False, null=True)
    customer_id = models.UUIDField(db_index=True)
    status = status_column(InstallationStatus, db_default=InstallationStatus.PLANNED)
    scheduled_on = models.DateField(null=True)
    technician = models.TextField(blank=True, db_default="")
    done_on = models.DateField(null=True)
    accepted_on = models.DateField(null=True)
    accepted_by = models.TextField(blank=True, db_default="")
    accepted_evidence = models.TextField(blank=True, db_default="")
    note = models.TextField(blank=True, db_default="")
    created_at = instant_column()

    class Meta:
        db_table = "installations"
        indexes = [
            models.Index(
                fields=["status", "id"],
                name="installations_open",
                condition=models.Q(status__in=["planned", "scheduled", "done"]),
            ),
        ]
