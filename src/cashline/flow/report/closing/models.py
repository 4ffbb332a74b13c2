"""Tables of the close: who owns a task, and who signed it with what was found."""

from django.db import models

from cashline.flow.report.closing.rules import Outcome
from cashline.platform.database.tables import Table, instant_column, link_to, status_column


class CloseTaskOwner(Table):
    """Who sees to a task in every close of an entity."""

    entity = link_to("company.LegalEntity", db_index=False)
    task = models.TextField()
    owner = models.TextField()

    class Meta:
        db_table = "close_task_owners"
        constraints = [models.UniqueConstraint(fields=["entity", "task"], name="close_task_has_one_owner")]


class CloseSignature(Table):
    """A task signed for a period, with its evidence: what was found, the figures, and the list that showed it.

    Append-only; the latest of a task counts.
    """

    entity = link_to("company.LegalEntity", db_index=False)
    starts_on = models.DateField()
    ends_on = models.DateField()
    task = models.TextField()
    outcome = status_column(Outcome)
    note = models.TextField(blank=True, db_default="")
    found = models.TextField(blank=True, db_default="")
    address = models.TextField(blank=True, db_default="")
    figures = models.JSONField(default=dict)
    signed_at = instant_column()
    signed_by = models.TextField()

    class Meta:
        db_table = "close_signatures"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gt=models.F("starts_on")), name="close_signature_is_of_a_period"
            ),
            models.CheckConstraint(
                condition=~models.Q(outcome=Outcome.ACCEPTED.value) | ~models.Q(note=""),
                name="close_acceptance_has_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["entity", "starts_on", "id"], name="close_signatures_period")]
