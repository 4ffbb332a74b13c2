"""Tables of the event log. All three are append-only, by grant and by trigger."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from cashline.platform.database.tables import Table, instant_column


class Event(Table):
    """What happened, when, by whom, why, and to which objects in which roles.

    `time` is when it took place (the business clock), `recorded_at` the machine's own time. `transaction` is the
    writing transaction: the sealing job takes events whose transaction can no longer gain company.
    """

    type = models.TextField()
    time = instant_column()
    recorded_at = models.DateTimeField(db_default=Now())
    actor = models.TextField()
    reason = models.TextField(blank=True, db_default="")
    object_types = ArrayField(models.TextField())
    object_ids = ArrayField(models.UUIDField())
    object_roles = ArrayField(models.TextField())
    data = models.JSONField()
    transaction = models.BigIntegerField()

    class Meta:
        db_table = "events"
        indexes = [
            GinIndex(fields=["object_ids"], name="events_objects"),
            models.Index(fields=["transaction", "id"], name="events_transaction"),
            models.Index(fields=["type", "time"], name="events_type_time"),
        ]


class EventBlock(models.Model):
    """A sealed run of events: numbers `first` to `last` of the feed, its hash chained to the block before."""

    number = models.BigIntegerField(primary_key=True)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    up_to_transaction = models.BigIntegerField()
    previous_hash = models.TextField()
    hash = models.TextField()
    sealed_at = instant_column()

    class Meta:
        db_table = "event_blocks"


class FeedEntry(models.Model):
    """The place of an event in the feed that outsiders resume from."""

    number = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "event_feed"
