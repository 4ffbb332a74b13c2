"""The table of approvals."""

import uuid

from django.db import models

from cashline.platform.approvals.rules import ApprovalStatus
from cashline.platform.database.tables import Table, instant_column, status_column


class Approval(Table):
    """A request to approve a step on a document, and the decision."""

    subject_type = models.TextField()
    subject_id: "models.UUIDField[uuid.UUID, uuid.UUID]" = models.UUIDField()
    rule = models.TextField()
    question = models.TextField()
    permission = models.TextField()
    entity = models.ForeignKey("company.LegalEntity", null=True, on_delete=models.PROTECT, related_name="+")
    status = status_column(ApprovalStatus)
    requested_by = models.TextField()
    requested_at = instant_column()
    decided_by = models.TextField(blank=True, db_default="")
    decided_at = instant_column(null=True)
    comment = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "approvals"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_type", "subject_id", "rule"],
                name="approval_pending_once",
                condition=models.Q(status="pending"),
            ),
            models.CheckConstraint(
                condition=~models.Q(requested_by=models.F("decided_by")), name="approval_by_second_person"
            ),
        ]
