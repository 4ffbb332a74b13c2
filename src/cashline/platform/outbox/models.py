"""Tables of the outbox: messages, what came of each attempt, and the endpoints that subscribe to events."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cashline.platform.database.tables import Table, instant_column


class Message(Table):
    """One effect to be had outside: unique by `key`, claimed by a worker, retried with growing pauses.

    `claimed_at` is the machine's own time: what was claimed long ago by a process that died is found by it.
    """

    kind = models.TextField()
    key = models.TextField(unique=True)
    payload = models.JSONField()
    status = models.TextField(db_default="pending")
    attempts = models.IntegerField(db_default=0)
    next_attempt_at = instant_column()
    created_at = instant_column()
    claimed_at = instant_column(null=True)
    sent_at = instant_column(null=True)

    class Meta:
        db_table = "outbox"
        indexes = [
            models.Index(fields=["id"], name="outbox_stuck", condition=models.Q(status__in=["dead", "unknown"])),
            models.Index(fields=["next_attempt_at", "id"], name="outbox_due", condition=models.Q(status="pending")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "sending", "sent", "overtaken", "dead", "unknown"]),
                name="outbox_status_known",
            )
        ]


class Attempt(Table):
    """What an attempt to send a message came to."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    at = instant_column()
    outcome = models.TextField()
    status_code = models.IntegerField(null=True)
    detail = models.TextField(blank=True, db_default="")
    milliseconds = models.IntegerField(db_default=0)

    class Meta:
        db_table = "outbox_attempts"


class WebhookEndpoint(Table):
    """An address that wants events: signed by Standard Webhooks, resumable from the feed number delivered last."""

    url = models.TextField()
    secret = models.TextField()
    previous_secret = models.TextField(blank=True, db_default="")
    event_types = ArrayField(models.TextField(), default=list)
    active = models.BooleanField(db_default=True)
    enqueued_through = models.BigIntegerField(db_default=0)
    created_at = instant_column()

    class Meta:
        db_table = "webhook_endpoints"
