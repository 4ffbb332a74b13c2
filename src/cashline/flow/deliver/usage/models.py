"""Tables of usage. Events are facts, parted by the month of their time; a receipt makes each count once, for ever."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cashline.flow.deliver.usage.rules.alerts import AlertPeriod
from cashline.flow.deliver.usage.rules.dead_letters import DeadLetterStatus
from cashline.flow.deliver.usage.rules.meters import Aggregation
from cashline.platform.database.tables import Table, instant_column, link_to, status_column


def usage_column(**options: Any) -> "models.DecimalField[Any, Any]":
    """A metered quantity, up to 12 decimals: tokens and seconds are small, and many."""
    return models.DecimalField(max_digits=38, decimal_places=12, **options)


class UsageMeter(Table):
    """A code under which usage comes in; what it means stands in its versions."""

    code = models.TextField(unique=True)
    created_at = instant_column()

    class Meta:
        db_table = "usage_meters"


class UsageMeterVersion(Table):
    """What a meter means from a version on; the newest reads the events that come in."""

    meter = link_to("usage.UsageMeter", db_index=False)
    version = models.IntegerField()
    name = models.TextField(blank=True, db_default="")
    unit = models.TextField(blank=True, db_default="")
    aggregation = status_column(Aggregation)
    value_property = models.TextField(blank=True, db_default="")
    item_property = models.TextField(blank=True, db_default="")
    dimensions = ArrayField(models.TextField())
    percentile = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    created_at = instant_column()
    actor = models.TextField()

    class Meta:
        db_table = "usage_meter_versions"
        constraints = [
            models.UniqueConstraint(fields=["meter", "version"], name="usage_meter_version_once"),
            models.CheckConstraint(
                condition=models.Q(percentile__isnull=True) | models.Q(percentile__gt=0, percentile__lte=100),
                name="usage_percentile_in_range",
            ),
        ]


class UsageBatch(Table):
    """What one delivery of events came to."""

    received_at = instant_column()
    actor = models.TextField()
    door = models.TextField()
    accepted = models.IntegerField()
    duplicates = models.IntegerField()
    refused = models.IntegerField()
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "usage_batches"


class UsageReceipt(models.Model):
    """That an event was taken in: one row a (source, id), whatever its time, for ever."""

    pk = models.CompositePrimaryKey("source", "event_id")
    source = models.TextField()
    event_id = models.TextField()
    id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        db_table = "usage_receipts"


class UsageEvent(models.Model):
    """Usage of a subscription at an instant. The table is partitioned by the month of `at` (UTC)."""

    pk = models.CompositePrimaryKey("id", "at")
    id = models.UUIDField()
    at = models.DateTimeField()
    source = models.TextField()
    event_id = models.TextField()
    line_id = models.UUIDField()
    customer = link_to("customers.Customer", db_index=False, db_constraint=False)
    meter = link_to("usage.UsageMeter", db_index=False, db_constraint=False)
    quantity = usage_column()
    item = models.TextField()
    properties = models.JSONField()
    known_at = models.DateTimeField()

    class Meta:
        db_table = "usage_events"
        indexes = [models.Index(fields=["line_id", "meter", "at"], name="usage_events_of_line")]


class UsageCorrection(models.Model):
    """That the event of that id counts no more, why, and which event stands in its place (null: none)."""

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    line_id = models.UUIDField()
    source = models.TextField()
    event_id = models.TextField()
    replacement = models.UUIDField(null=True, unique=True)
    reason = models.TextField()
    known_at = models.DateTimeField()
    actor = models.TextField()

    class Meta:
        db_table = "usage_corrections"
        indexes = [models.Index(fields=["known_at"], name="usage_corrections_known")]


class UsageDeadLetter(Table):
    """An event that could not be recorded: what was sent, and why not."""

    source = models.TextField()
    event_id = models.TextField()
    payload = models.JSONField()
    code = models.TextField()
    field = models.TextField()
    message = models.TextField()
    batch = link_to("usage.UsageBatch")
    status = status_column(DeadLetterStatus, db_default=DeadLetterStatus.WAITING)
    received_at = instant_column()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.TextField(blank=True, db_default="")
    reason = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "usage_dead_letters"
        indexes = [models.Index(fields=["id"], name="usage_dead_letters_waiting", condition=models.Q(status="waiting"))]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "event_id"],
                name="usage_dead_letter_once",
                condition=models.Q(status="waiting") & ~models.Q(event_id=""),
            )
        ]


class UsageAlert(Table):
    """That somebody is to be told when a subscription's usage reaches a value; ended ones tell no more."""

    line_id = models.UUIDField()
    meter = link_to("usage.UsageMeter", db_index=False)
    threshold = usage_column()
    period = status_column(AlertPeriod)
    created_at = instant_column()
    actor = models.TextField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "usage_alerts"
        indexes = [
            models.Index(
                fields=["line_id", "meter"], name="usage_alerts_active", condition=models.Q(ended_at__isnull=True)
            )
        ]
        constraints = [models.CheckConstraint(condition=models.Q(threshold__gt=0), name="usage_threshold_above_zero")]


class UsageAlertReached(models.Model):
    """That an alert told, once a period."""

    pk = models.CompositePrimaryKey("alert_id", "period_start")
    alert = link_to("usage.UsageAlert", db_index=False)
    period_start = models.DateField()
    quantity = usage_column()
    reached_at = models.DateTimeField()

    class Meta:
        db_table = "usage_alerts_reached"
